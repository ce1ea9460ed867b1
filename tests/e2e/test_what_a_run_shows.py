"""What is measured for the reader of a run alone: it is there, it adds up, and the training is the same without it."""

from pathlib import Path
from typing import Any

import pytest
from tinyrun import differences, result, trainer, write_recipe

from zppo.reports.audit import audit_of
from zppo.run.directory import RunDirectory

pytestmark = pytest.mark.slow


def without_reliance(found: dict[str, Any]) -> dict[str, Any]:
    rows = [{k: v for k, v in row.items() if not k.startswith("reliance/")} for row in found["metrics"]]
    return found | {"metrics": rows}


def test_training_is_the_same_in_every_bit_with_and_without_help_reliance(
    student_folder: Path, straight: dict[str, Any], tmp_path: Path
) -> None:
    recipe = write_recipe(tmp_path, student_folder, reports={"reliance": 0})
    trainer(recipe, tmp_path / "run").train()
    off = result(tmp_path / "run")
    measured = [row for row in straight["metrics"] if "reliance/bcq" in row or "reliance/ncq" in row]
    assert measured and not [key for row in off["metrics"] for key in row if "reliance" in key]
    assert differences(without_reliance(straight), off) == []


def test_the_seconds_of_help_reliance_are_logged_where_something_was_measured(straight_run: Path) -> None:
    for row in RunDirectory(straight_run).metrics():
        assert ("time/reliance" in row) == any(f"reliance/{kind}_tokens" in row for kind in ("bcq", "ncq"))


def test_metrics_summary_and_dumps_agree_on_the_audit(straight_run: Path) -> None:
    run = RunDirectory(straight_run)
    counts = run.summary()["audit"]
    assert {name for name in counts if name.startswith("bcq")} and {name for name in counts if name.startswith("ncq")}
    assert counts == audit_of(run) == run.summary()["evaluations"][-1]["audit"]
    assert counts == {name: sum(row.get(f"audit/{name}", 0) for row in run.metrics()) for name in counts}
