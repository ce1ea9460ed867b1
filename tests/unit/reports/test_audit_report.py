"""The audit of a run: read from its dumps, and as the paper's two tables."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import make_run
from worlds import Setting, play

from zppo.config import ZoneConfig
from zppo.errors import CheckpointError
from zppo.methods import parse_method
from zppo.reports.audit import audit_of, audit_tables
from zppo.run.directory import RunDirectory
from zppo.zone.audit import COUNTS

PAPER_08B = {"bcq_right_matches_correct": 408, "bcq_right_matches_wrong": 15, "bcq_right_matches_neither": 27}
PAPER_08B |= {"bcq_wrong_matches_wrong": 186, "bcq_wrong_matches_neither": 20}
PAPER_08B |= {"ncq_wrong_matches_listed": 1369, "ncq_right_matches_teacher": 7, "ncq_right_matches_neither": 13}
PAPER_08B |= {"ncq_wrong_matches_neither": 267}


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 999), method=st.sampled_from(["zppo", "grpo+bcq", "grpo+replay+ncq", "hint"]))
def test_the_audit_of_the_dumps_is_that_of_the_metrics(tmp_path_factory: object, seed: int, method: str) -> None:
    zone = ZoneConfig(new_questions=6, group_size=4, teacher_samples=2, updates=1, augment_fraction=1.0)
    batches = play(Setting(parse_method(method), zone, 3, seed, False)).batches
    run = RunDirectory(tmp_path_factory.mktemp("run"))  # type: ignore[attr-defined]
    run.start({})
    for step, batch in enumerate(batches, start=1):
        run.log_rollouts(step, batch)
    logged = {name: sum(int(b.metrics.get(f"audit/{name}", 0)) for b in batches) for name in COUNTS}
    assert +audit_of(run) == {name: count for name, count in logged.items() if count}


def test_a_run_like_the_papers_smallest_gets_the_papers_rows() -> None:
    for table in audit_tables({"mine": PAPER_08B}):
        mine, paper, *others = table.rows
        assert mine[0] == "mine" and mine[1:] == paper[1:]
        assert [row[0] for row in (paper, *others)] == [f"paper, {size}B" for size in ("0.8", "2", "4", "9")]
        assert {len(row) for row in table.rows} == {len(table.header)}


def test_a_verdict_without_rollouts_has_no_shares() -> None:
    (table,) = audit_tables({"all right": {"bcq_right_matches_correct": 4}})
    assert table.rows[0] == ("all right", "4 / 0", "100.0, 0.0, 0.0", "–", "100.0")


def test_only_labels_with_rollouts_of_a_kind_have_a_row() -> None:
    runs = {"grpo": {}, "ncq only": {"ncq_wrong_matches_listed": 3, "ncq_right_matches_neither": 1}}
    (table,) = audit_tables(runs)
    assert table.title == "NCQ audit"
    assert table.rows[0] == ("ncq only", "4", "75.0", "0.0", "25.0", "25.0")
    assert table.rows[1][0] == "paper, 0.8B"


def test_a_run_without_aided_groups_has_no_tables(tmp_path: Path) -> None:
    assert audit_tables({"grpo": {}}) == []


def test_a_folder_without_dumps_and_a_dump_without_candidates_are_errors(tmp_path: Path) -> None:
    """Counting them would call every rollout one that matches neither."""
    with pytest.raises(CheckpointError, match="has no folder rollouts/ to audit"):
        audit_of(RunDirectory(tmp_path / "nothing"))
    run = make_run(tmp_path / "run", steps=1)
    file = run.rollouts / "step-000001.jsonl"
    rows = [{k: v for k, v in row.items() if k != "candidates"} for _, row in run.groups()]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    with pytest.raises(CheckpointError, match="step 1 was dumped without the candidates of its BCQ groups"):
        audit_of(run)


def test_the_script_prints_both_tables_with_a_row_per_run(tmp_path: Path) -> None:
    """Of 4 BCQ rollouts a step 2 are right, of 4 NCQ rollouts 1; every wrong one repeats what its prompt shows."""
    runs = [str(make_run(tmp_path / name, steps=steps).path) for name, steps in (("a", 2), ("b", 1))]
    script = Path(__file__).parents[3] / "benchmarks" / "audit.py"
    printed = subprocess.run([sys.executable, script, *runs], capture_output=True, text=True, check=True).stdout
    assert f"| {runs[0]} | 4 / 4 | 100.0, 0.0, 0.0 | 0.0, 100.0, 0.0 | 50.0 |" in printed
    assert f"| {runs[1]} | 4 | 75.0 | 0.0 | 25.0 | 25.0 |" in printed
    assert printed.count("| paper, 2B |") == 2
