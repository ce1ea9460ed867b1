import random
from collections import Counter
from fractions import Fraction

from builders import group, groups
from hypothesis import given
from hypothesis import strategies as st

from zppo.types import Group, Prompt, Question
from zppo.zone.selection import hard_groups, post_cap, rank_and_cap, share


@given(st.integers(0, 400), st.integers(0, 2000))
def test_a_share_is_the_floor_of_the_exact_product(hundredths: int, count: int) -> None:
    assert share(hundredths / 100, count) == hundredths * count // 100


def test_a_share_does_not_suffer_from_binary_fractions() -> None:
    assert int(0.29 * 100) == 28
    assert share(0.29, 100) == 29
    assert share(1e-5, 100_000) == 1
    assert Fraction(str(0.1)) * 30 == share(0.1, 30) == 3


@given(groups(), st.sampled_from([0.25, 0.5, 1.0]))
def test_hard_is_below_tau_and_scored(of: list[Group], tau: float) -> None:
    hard = hard_groups(of, tau)
    assert [g for g in of if g in hard] == hard
    for g in of:
        assert (g in hard) == (bool(g.rewards) and sum(g.rewards) < tau * len(g.rewards))


def test_a_question_at_tau_is_not_hard() -> None:
    assert hard_groups([group(1, 0)], 0.5) == []
    assert len(hard_groups([group(1, 0, 0)], 0.5)) == 1


@given(groups(st.sampled_from([0.0, 1.0])), st.integers(0, 9), st.integers(0, 99))
def test_the_pre_cap_keeps_the_hardest_in_order(of: list[Group], cap: int, seed: int) -> None:
    kept = [g.accuracy for g in rank_and_cap(of, cap, random.Random(seed))]
    assert kept == sorted(g.accuracy for g in of)[:cap]


def test_ties_are_settled_evenly_wherever_a_question_stands() -> None:
    tied = [group(0, 0, id=i) for i in "abcd"]
    rng = random.Random(0)
    first = Counter(rank_and_cap(tied, 1, rng)[0].question.id for _ in range(4000))
    assert sorted(first) == list("abcd")
    assert all(900 < count < 1100 for count in first.values())


def prompts(*kinds: str) -> list[Prompt]:
    return [Prompt(kind, Question("q", "?", "1"), kind) for kind in kinds]


@given(st.lists(st.sampled_from([[], ["bcq"], ["ncq"], ["bcq", "ncq"]]), max_size=6), st.integers(0, 8))
def test_the_post_cap_cuts_one_walk_over_all_prompts(kinds: list[list[str]], cap: int) -> None:
    walk = [kind for each in kinds for kind in each]
    assert [p.kind for p in post_cap([prompts(*each) for each in kinds], cap)] == walk[:cap]
