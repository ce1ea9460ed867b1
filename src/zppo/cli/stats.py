"""`zppo stats RESULTS.csv`: comparison of two methods over benchmarks, with intervals."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from zppo.evals.paper import PAPER
from zppo.evals.results import read_results
from zppo.evals.statistics import Comparison, compare
from zppo.evals.table import aligned

DESCRIPTION = (
    "Reads CSV files with the columns student, method, family, benchmark and score (0..100), such as the results.csv "
    "of zppo eval, and compares two methods per family: difference of the macro averages, its 95 % interval by "
    "resampling benchmarks, and how many benchmarks are won. The name `paper` stands for the paper's own scores."
)


def add_stats(commands: Any) -> None:
    stats = commands.add_parser("stats", help="compare two methods over benchmarks", description=DESCRIPTION)
    stats.add_argument("files", nargs="+", metavar="RESULTS.csv")
    stats.add_argument("--method", required=True, metavar="A", help="such as zppo")
    stats.add_argument("--baseline", required=True, metavar="B", help="such as grpo+replay")
    stats.add_argument("--student", metavar="S", help="only this one (default: all that have both methods)")
    stats.add_argument("--json", action="store_true", help="a JSON list instead of a table")
    stats.set_defaults(run=_stats)


def _stats(options: argparse.Namespace, rest: Sequence[str]) -> int:
    results = read_results([PAPER if name == "paper" else name for name in options.files])
    found = compare(results, options.method, options.baseline, options.student)
    if options.json:
        print(json.dumps([asdict(comparison) for comparison in found.families], indent=1))
    else:
        print(as_table(found.families, options.method, options.baseline))
    for (student, method), benchmarks in found.unpaired.items():
        print(f"zppo: left out: only {method} has, of {student}, {', '.join(benchmarks)}", file=sys.stderr)
    return 0


def as_table(comparisons: Sequence[Comparison], method: str, baseline: str) -> str:
    rows = [["student", "family", method, baseline, "difference", "95 % interval", "wins"]]
    for c in comparisons:
        interval = "–" if c.low is None or c.high is None else f"[{c.low:+.2f}, {c.high:+.2f}]"
        averages = [f"{c.method_average:.1f}", f"{c.baseline_average:.1f}"]
        wins = f"{c.wins}/{c.n}" if c.n else "averages only"
        rows.append([c.student, c.family, *averages, f"{c.delta:+.2f}", interval, wins])
    return aligned(rows, left=2)
