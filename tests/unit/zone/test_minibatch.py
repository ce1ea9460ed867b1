import random
from collections import Counter

from builders import group, groups
from hypothesis import given
from hypothesis import strategies as st

from zppo.types import Group
from zppo.zone.minibatch import split


@given(groups(), st.integers(1, 5), st.integers(0, 99))
def test_every_rollout_is_in_one_minibatch_beside_its_group(of: list[Group], count: int, seed: int) -> None:
    minibatches = split(of, count, random.Random(seed))
    assert len(minibatches) == count
    dealt = Counter((id(g), id(r)) for minibatch in minibatches for g, r in minibatch)
    assert dealt == Counter((id(g), id(r)) for g in of for r in g.rollouts)


@given(groups(), st.integers(1, 5), st.integers(0, 99))
def test_minibatch_sizes_differ_by_at_most_one(of: list[Group], count: int, seed: int) -> None:
    sizes = [len(minibatch) for minibatch in split(of, count, random.Random(seed))]
    assert max(sizes) - min(sizes) <= 1


def test_rollouts_are_shuffled_across_groups() -> None:
    of = [group(*[0.0] * 20, id="a"), group(*[0.0] * 20, id="b")]
    first, _ = split(of, 2, random.Random(0))
    assert 5 < sum(g is of[0] for g, _ in first) < 15
    assert [id(r) for _, r in first] != [id(r) for _, r in split(of, 2, random.Random(1))[0]]
