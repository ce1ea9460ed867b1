"""The audit of a run: read from its dumps, and as the paper's two tables."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import Setting, play

from zppo.config import ZoneConfig
from zppo.methods import parse_method
from zppo.reports.audit import audit_of, audit_tables
from zppo.reports.rundir import RunDirectory
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
