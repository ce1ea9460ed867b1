import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

import zppo.types
from zppo.types import Group, Prompt, Question, Rollout, StepBatch

QUESTION = Question("q", "?", "1")


def group(*rewards: float | None, kind: str = "plain") -> Group:
    return Group(Prompt(kind, QUESTION, "?"), [Rollout([0], "", reward=r) for r in rewards])


def test_the_worked_example_is_true() -> None:
    results = doctest.testmod(zppo.types)
    assert results.attempted > 0
    assert results.failed == 0


@given(st.lists(st.sampled_from([0.0, 1.0, None]), max_size=6))
def test_unscored_rollouts_take_no_part_in_statistics(rewards: list[float | None]) -> None:
    scored = [r for r in rewards if r is not None]
    g = group(*rewards)
    assert g.accuracy == (sum(scored) / len(scored) if scored else None)
    assert g.is_trivial == (len(set(scored)) < 2)
    assert len(g.wrong) == scored.count(0.0)


def test_equal_fractional_rewards_are_trivial_in_spite_of_rounding() -> None:
    assert group(0.1, 0.1, 0.1).is_trivial


@pytest.mark.parametrize(("reward", "right", "wrong"), [(1.0, True, False), (0.0, False, True), (None, False, False)])
def test_an_unscored_rollout_is_neither_right_nor_wrong(reward: float | None, right: bool, wrong: bool) -> None:
    rollout = Rollout([0], "", reward=reward)
    assert (rollout.is_right, rollout.is_wrong) == (right, wrong)


def test_groups_of_a_step_are_found_by_kind() -> None:
    plain, aided = group(0.0), group(1.0, kind="bcq")
    batch = StepBatch([plain, aided], [], {})
    assert batch.of_kind("bcq", "ncq") == [aided]


def test_tokens_are_counted_or_else_as_a_server_reports_them() -> None:
    assert Rollout([5, 6], "a", reported_tokens=9).tokens == 2
    assert Rollout([], "a", reported_tokens=9).tokens == 9
    prompt = Prompt("plain", QUESTION, "?")
    assert Group(prompt, [], [1, 2, 3], reported_prompt_tokens=9).prompt_tokens == 3
    assert Group(prompt, [], reported_prompt_tokens=9).prompt_tokens == 9
