"""The files that a comparison leaves."""

import json
from pathlib import Path
from typing import Any

import pytest
from cells import comparison, grid, summary

from zppo.compare.grid import Grid
from zppo.compare.report import write_comparison

PNG = b"\x89PNG\r\n"


def written(tmp_path: Path, *arguments: Any, **options: Any) -> dict[str, Any]:
    write_comparison(comparison(*arguments, **options), tmp_path)
    return json.loads((tmp_path / "comparison.json").read_text("utf-8"))


def test_the_json_holds_the_whole_comparison(tmp_path: Path) -> None:
    found = written(tmp_path, Grid("my.yaml", ["zppo"], [4], {"zone.tau": ["0.4"]}, {}), ("steps", "tokens"))
    cells, summaries = found.pop("cells"), found.pop("summary")
    assert found == {
        "recipe": "my.yaml",
        "methods": ["zppo"],
        "seeds": [4],
        "baseline": "zppo zone.tau=0.4",
        "matching": ["steps", "tokens"],
        "budget_student_tokens": 2000,
    }
    assert [(c["label"], c["options"], c["matching"]) for c in cells] == [
        ("zppo zone.tau=0.4", {"zone.tau": "0.4"}, "steps"),
        ("zppo zone.tau=0.4", {"zone.tau": "0.4"}, "tokens"),
    ]
    fields = (
        "label method seed options matching rollout_steps student_tokens teacher_tokens gradient_tokens seconds flops "
    )
    fields += "accuracy average graduated admitted replayed left_by_visits audit clusters clusters_before curve"
    assert list(cells[0]) == fields.split()
    assert [set(cells[0][name]) for name in ("accuracy", "average")] == [{"overall", "easy", "hard"}] * 2
    assert list(cells[0]["curve"][0]) == ["step", "student_tokens", "overall", "easy", "hard"]
    assert summaries[0]["average"]["hard"] == {"mean": pytest.approx(0.68), "sd": None}
    assert summaries[0]["difference"] == {"mean": 0.0, "low": None, "high": None, "wins": 0}


def test_without_a_budget_there_is_none_in_the_json(tmp_path: Path) -> None:
    assert written(tmp_path, grid())["budget_student_tokens"] is None


def test_the_matching_changes_what_is_read_and_nothing_else(tmp_path: Path) -> None:
    steps, tokens, both = (written(tmp_path, grid(), m) for m in (("steps",), ("tokens",), ("steps", "tokens")))
    assert both["cells"] == steps["cells"] + tokens["cells"]
    assert both["summary"] == steps["summary"] + tokens["summary"]


def test_the_markdown_is_written_and_returned(tmp_path: Path) -> None:
    text = write_comparison(comparison(grid()), tmp_path / "new")
    assert (tmp_path / "new" / "comparison.md").read_text("utf-8") == text
    assert sorted(file.name for file in (tmp_path / "new").iterdir()) == [
        "comparison.json",
        "comparison.md",
        "curves.png",
    ]


@pytest.mark.parametrize("labels", [1, 16])
def test_curves_are_drawn_for_one_label_and_for_many(labels: int, tmp_path: Path) -> None:
    written(tmp_path, grid(("grpo",), **{"zone.tau": [f"0.{i + 1}" for i in range(labels)]}), ("steps", "tokens"))
    assert (tmp_path / "curves.png").read_bytes().startswith(PNG)


def test_without_hard_questions_there_is_a_figure_all_the_same(tmp_path: Path) -> None:
    written(tmp_path, grid(), make=lambda *_: summary((0, 0, None), (10, 100, None)))
    assert (tmp_path / "curves.png").read_bytes().startswith(PNG)
