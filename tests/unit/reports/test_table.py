"""The before/after table of the terminal."""

from zppo.reports.table import before_after_table

BEFORE = {"overall": 0.5, "easy": 1.0, "hard": 0.0, "clusters": {"undo": {"easy": 1.0, "hard": 0.0}}}
AFTER = {"overall": 0.75, "easy": 0.904, "hard": 0.6, "clusters": {"undo": {"easy": 0.9, "hard": 0.6}}}


def test_rows_are_overall_easy_hard_and_the_hard_clusters() -> None:
    assert before_after_table({"accuracy_before": BEFORE, "accuracy_after": AFTER}).splitlines() == [
        "held-out accuracy   before    after   change",
        "overall              50.0%    75.0%    +25.0",
        "easy                100.0%    90.4%     −9.6",
        "hard                  0.0%    60.0%    +60.0",
        "hard · undo           0.0%    60.0%    +60.0",
    ]


def test_columns_stay_aligned_under_long_names() -> None:
    clusters = {"a cluster with a rather long name": {"easy": None, "hard": 0.5}, "b": {"easy": 0.5, "hard": None}}
    summary = {"accuracy_before": BEFORE | {"clusters": clusters}, "accuracy_after": AFTER | {"clusters": clusters}}
    lines = before_after_table(summary).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[-1] == "hard · a cluster with a rather long name    50.0%    50.0%      0.0"


def test_what_was_not_measured_is_a_dash() -> None:
    table = before_after_table({"accuracy_before": BEFORE | {"easy": None}, "accuracy_after": AFTER})
    assert table.splitlines()[2].split() == ["easy", "–", "90.4%", "–"]


def test_without_held_out_questions_there_is_a_sentence() -> None:
    assert before_after_table({"accuracy_before": None, "accuracy_after": None}).startswith("no held-out questions")
