"""The files of a comparison: comparison.json, comparison.md, curves.png."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from zppo.compare.comparison import Comparison
from zppo.compare.figure import draw_curves
from zppo.compare.tables import markdown
from zppo.reports.files import write_atomically


def write_comparison(comparison: Comparison, out: Path) -> str:
    """Write the three files into `out`, each whole or not at all, and return the Markdown."""
    out.mkdir(parents=True, exist_ok=True)
    text = markdown(comparison)
    write_atomically(out / "comparison.json", json.dumps(as_json(comparison), indent=2) + "\n")
    write_atomically(out / "comparison.md", text)
    partial = out / ".curves.partial.png"
    draw_curves(comparison, partial)
    os.replace(partial, out / "curves.png")
    return text


def as_json(comparison: Comparison) -> dict[str, Any]:
    """The whole comparison as JSON values."""
    return {
        "recipe": comparison.grid.recipe,
        "methods": list(comparison.grid.methods),
        "seeds": list(comparison.grid.seeds),
        "baseline": comparison.baseline,
        "matching": list(comparison.matchings),
        "budget_student_tokens": comparison.budget,
        "cells": [asdict(reading) for reading in comparison.readings],
        "summary": [asdict(summary) for summary in comparison.summaries],
    }
