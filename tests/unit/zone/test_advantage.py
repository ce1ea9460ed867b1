import math
from statistics import fmean, pstdev
from typing import get_args

import pytest
from builders import group, groups, rewards
from hypothesis import assume, given
from hypothesis import strategies as st

from zppo.types import AdvantageNorm, Group
from zppo.zone.advantage import EPS, assign_advantages

NORMS = get_args(AdvantageNorm)


def advantages(of: list[Group], norm: str) -> list[list[float]]:
    assign_advantages(of, norm)
    return [[r.advantage for r in g.rollouts] for g in of]


@given(groups(), st.sampled_from(NORMS))
def test_exactly_the_trivial_groups_have_no_advantage(of: list[Group], norm: str) -> None:
    for g, values in zip(of, advantages(of, norm), strict=True):
        assert g.is_trivial == (values == [0.0] * len(values))


@given(groups(), st.sampled_from(NORMS))
def test_an_advantage_is_positive_where_the_reward_beats_the_group_mean(of: list[Group], norm: str) -> None:
    assign_advantages(of, norm)
    for g in of:
        for r in g.rollouts:
            beats = 0.0 if r.reward is None else r.reward - g.accuracy
            assert (r.advantage > 0, r.advantage < 0) == (beats > 0, beats < 0)


@given(groups())
def test_the_default_has_mean_0_and_variance_1_over_the_scored_rollouts_of_informative_groups(of: list[Group]) -> None:
    assume(any(not g.is_trivial for g in of))
    assign_advantages(of)
    values = [r.advantage for g in of if not g.is_trivial for r in g.rollouts if r.reward is not None]
    assert fmean(values) == pytest.approx(0, abs=1e-12)
    assert pstdev(values) == pytest.approx(1, abs=10 * EPS)


@given(groups(rewards, size=st.integers(2, 6)))
def test_counting_trivial_groups_amplifies_by_the_root_of_their_share(of: list[Group]) -> None:
    informative = fmean(not g.is_trivial for g in of)
    assume(informative > 0)
    without, with_zero = advantages(of, "without_zero"), advantages(of, "with_zero")
    for row, amplified in zip(without, with_zero, strict=True):
        assert amplified == pytest.approx([a / math.sqrt(informative) for a in row], rel=20 * EPS)


@given(groups())
def test_without_a_second_step_the_advantage_is_reward_minus_mean(of: list[Group]) -> None:
    for g, values in zip(of, advantages(of, "none"), strict=True):
        scored = [a for r, a in zip(g.rollouts, values, strict=True) if r.reward is not None]
        assert scored == [r - g.accuracy for r in g.rewards]


@given(groups())
def test_group_norm_scales_every_informative_group_to_spread_1(of: list[Group]) -> None:
    assign_advantages(of, "group")
    for g in (g for g in of if not g.is_trivial):
        assert pstdev([r.advantage for r in g.rollouts if r.reward is not None]) == pytest.approx(1, abs=20 * EPS)


def test_groups_of_one_question_have_their_own_baselines() -> None:
    plain, aided = group(0, 0, kind="plain"), group(1, 0, kind="bcq")
    assert advantages([plain, aided], "none") == [[0, 0], [0.5, -0.5]]


def test_advantages_of_an_earlier_call_do_not_linger() -> None:
    g = group(1, 0)
    assign_advantages([g], "none")
    for r in g.rollouts:
        r.reward = None
    assert advantages([g], "none") == [[0, 0]]


def test_equal_fractional_rewards_give_exactly_no_advantage() -> None:
    g = group(0.1, 0.1, 0.1)
    assert sum(g.rewards) / 3 != 0.1
    for norm in NORMS:
        assert advantages([g, group(1, 0)], norm)[0] == [0, 0, 0]
