"""The match audit: every line of its definition, and counts that add up in random worlds."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import settings as options
from worlds import play, settings

from zppo.types import Candidate, Group, Kind, Prompt, Question, Rollout
from zppo.zone.audit import COUNTS, audit_counts, audit_metrics

QUESTION = Question("q", "q?", "9")
PAIR = (("9", True), ("7", False))
LISTED = (("7", False), (r"\text{Great  Tit}", False), (None, False), ("", False))


def aided(
    kind: Kind, candidates: Sequence[tuple[str | None, bool]], *rollouts: tuple[str | None, float | None]
) -> Group:
    """A group behind candidates of (answer, is right), with rollouts of (answer, reward)."""
    shown = tuple(Candidate("text", answer, is_right) for answer, is_right in candidates)
    said = [Rollout([1], "", reward=reward, answer=answer) for answer, reward in rollouts]
    return Group(Prompt(kind, QUESTION, "", candidates=shown), said)


def only(group: Group, *teacher: str) -> list[str]:
    counts = audit_counts([group], {"q": teacher})
    assert sum(counts.values()) <= 1
    return [name for name, count in counts.items() if count]


@pytest.mark.parametrize(
    ("answer", "reward", "count"),
    [
        ("9", 1.0, "bcq_right_matches_correct"),
        ("7", 1.0, "bcq_right_matches_wrong"),
        ("18/2", 1.0, "bcq_right_matches_neither"),
        ("9", 0.0, "bcq_wrong_matches_correct"),
        ("7", 0.0, "bcq_wrong_matches_wrong"),
        ("6", 0.0, "bcq_wrong_matches_neither"),
        (None, 0.0, "bcq_wrong_matches_neither"),
        (r" \mathrm{ 9 } ", 1.0, "bcq_right_matches_correct"),
    ],
)
def test_a_bcq_rollout_is_counted_by_verdict_and_by_the_candidate_it_repeats(
    answer: str | None, reward: float, count: str
) -> None:
    assert only(aided("bcq", PAIR, (answer, reward))) == [count]


@pytest.mark.parametrize(
    ("answer", "reward", "count"),
    [
        ("7", 0.0, "ncq_wrong_matches_listed"),
        ("great TIT.", 0.0, "ncq_wrong_matches_listed"),
        ("9", 1.0, "ncq_right_matches_teacher"),
        (r"\text{nine}", 1.0, "ncq_right_matches_teacher"),
        ("9.0", 1.0, "ncq_right_matches_neither"),
        ("6", 0.0, "ncq_wrong_matches_neither"),
        (None, 0.0, "ncq_wrong_matches_neither"),
        ("", 0.0, "ncq_wrong_matches_neither"),
        (r"\text{}", 0.0, "ncq_wrong_matches_neither"),
    ],
)
def test_an_ncq_rollout_is_counted_by_verdict_and_by_the_answer_it_repeats(
    answer: str | None, reward: float, count: str
) -> None:
    assert only(aided("ncq", LISTED, (answer, reward)), "9", "Nine") == [count]


def test_without_a_right_teacher_response_a_right_ncq_rollout_matches_neither() -> None:
    assert only(aided("ncq", LISTED, ("9", 1.0))) == ["ncq_right_matches_neither"]


def test_the_teachers_answer_to_another_question_is_none_to_this_one() -> None:
    counts = audit_counts([aided("ncq", LISTED, ("9", 1.0))], {"other": ["9"]})
    assert counts["ncq_right_matches_neither"] == 1


@pytest.mark.parametrize(("kind", "count"), [("bcq", "bcq_right_matches_correct"), ("ncq", "ncq_right_matches_listed")])
def test_an_answer_that_stands_in_both_texts_counts_for_the_first(kind: Kind, count: str) -> None:
    """Of a BCQ that is the correct candidate, of an NCQ the list, which is what the student was shown."""
    both = (("a", True), ("A", False)) if kind == "bcq" else (("A", False),)
    assert only(aided(kind, both, ("a", 1.0)), "a") == [count]


def test_a_candidate_without_an_answer_matches_no_rollout() -> None:
    group = aided("bcq", (("9", True), (None, False)), (None, 0.0), ("", 0.0))
    assert audit_counts([group], {}) == dict.fromkeys(_of_kind("bcq"), 0) | {"bcq_wrong_matches_neither": 2}


def test_unscored_rollouts_and_other_kinds_of_groups_are_left_out() -> None:
    unscored = aided("bcq", PAIR, ("9", None))
    others = [aided(kind, (), ("9", 1.0)) for kind in ("plain", "replayed", "hint", "prefix")]  # type: ignore[arg-type]
    assert audit_counts([unscored, *others], {"q": ["9"]}) == {}
    assert audit_metrics({}) == {}


def test_a_kind_with_rollouts_has_all_of_its_counts_and_the_other_none() -> None:
    counts = audit_counts([aided("bcq", PAIR, ("9", 1.0))], {})
    assert dict(counts) == dict.fromkeys(_of_kind("bcq"), 0) | {"bcq_right_matches_correct": 1}


def test_shares_of_a_step_are_over_both_verdicts() -> None:
    bcq = aided("bcq", PAIR, ("9", 1.0), ("9", 0.0), ("7", 0.0), ("6", 0.0))
    ncq = aided("ncq", LISTED, ("7", 0.0), ("7", 1.0), ("7", 0.0), ("9", 1.0))
    metrics = audit_metrics(audit_counts([bcq, ncq], {}))
    shares = {name: metrics[f"audit/{name}"] for name in ("follows_correct", "follows_wrong", "parroting")}
    assert shares == {"follows_correct": 0.5, "follows_wrong": 0.25, "parroting": 0.75}
    assert metrics["audit/ncq_wrong_matches_listed"] == 2


def test_counts_do_not_depend_on_the_order_of_groups_and_candidates() -> None:
    groups = [aided("ncq", LISTED, ("7", 0.0), ("9", 1.0)), aided("bcq", PAIR, ("7", 0.0)), aided("bcq", PAIR[::-1])]
    shuffled = random.Random(1).sample(groups, len(groups))
    assert audit_counts(groups, {"q": ["9"]}) == audit_counts(shuffled, {"q": ["9"]})


@given(settings)
@options(max_examples=40, deadline=None)
def test_the_counts_of_a_step_add_up_to_its_scored_rollouts(setting: object) -> None:
    """Every scored rollout behind a BCQ or an NCQ once, right ones among the right ones."""
    for batch in play(setting).batches:  # type: ignore[arg-type]
        for kind in ("bcq", "ncq"):
            rollouts = [r for g in batch.of_kind(kind) for r in g.rollouts if r.reward is not None]
            counted = {name: batch.metrics.get(f"audit/{name}", 0) for name in _of_kind(kind)}
            assert sum(counted.values()) == len(rollouts)
            assert sum(n for name, n in counted.items() if "_right_" in name) == sum(r.is_right for r in rollouts)
            assert any(f"audit/{name}" in batch.metrics for name in counted) == bool(rollouts)


def _of_kind(kind: str) -> list[str]:
    return [name for name in COUNTS if name.startswith(kind)]
