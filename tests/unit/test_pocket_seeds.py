"""The numbers in docs/results.md come from this script."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).parents[2] / "benchmarks/pocket_seeds.py"
spec = importlib.util.spec_from_file_location("pocket_seeds", FILE)
assert spec and spec.loader
seeds = importlib.util.module_from_spec(spec)
spec.loader.exec_module(seeds)


def summary(*points: tuple[int, int, float]) -> dict[str, Any]:
    return {"evaluations": [{"step": s, "student_tokens": t, "hard": h} for s, t, h in points]}


def test_a_paired_interval_is_students_t() -> None:
    assert seeds.paired([0.1, 0.2, 0.3]) == "+0.200 [-0.048, +0.448]"  # 0.2 -+ 4.303 * 0.1 / sqrt(3)
    assert seeds.paired([0.1]) == "+0.100"


def test_the_primary_measure_is_the_mean_over_its_five_steps() -> None:
    run = summary((0, 0, 0.9), (10, 1, 0.9), *((s, s, s / 100) for s in (20, 40, 60, 80, 100)))
    assert seeds.primary(run) == pytest.approx(0.6)


def test_accuracy_at_equal_tokens_is_read_between_evaluations() -> None:
    run = summary((0, 0, 0.0), (20, 100, 0.4), (40, 300, 0.8))
    assert seeds.hard_at_tokens(run, 50) == pytest.approx(0.2)
    assert seeds.hard_at_tokens(run, 200) == pytest.approx(0.6)
    with pytest.raises(ValueError, match="301"):
        seeds.hard_at_tokens(run, 301)


def test_tables_are_written_between_the_markers_and_again(tmp_path: Path) -> None:
    document = tmp_path / "results.md"
    document.write_text(f"before\n{seeds.MARKER}\n{seeds.MARKER}\nafter\n")
    for text in ("first", "second"):
        seeds.write_between_markers(document, text)
    assert document.read_text() == f"before\n{seeds.MARKER}\n\nsecond\n\n{seeds.MARKER}\nafter\n"
