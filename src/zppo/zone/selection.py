"""Selection of hard questions and of aided prompts (algorithm 1, steps 2, 3 and 5)."""

import math
import random
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TypeVar

from zppo.types import Group, reaches

T = TypeVar("T")


def share(fraction: float, count: int) -> int:
    """`floor(fraction * count)` in exact decimal arithmetic: share(0.29, 100) is 29, in floats it would be 28."""
    return math.floor(Fraction(str(fraction)) * count)


def is_hard(group: Group, tau: float) -> bool:
    """True if the mean reward is below `tau`. A group without a scored rollout is neither hard nor easy."""
    return group.accuracy is not None and not reaches(group.accuracy, tau)


def hard_groups(plain: Iterable[Group], tau: float) -> list[Group]:
    """The plain groups of hard questions."""
    return [g for g in plain if is_hard(g, tau)]


def rank_and_cap(admitting: Sequence[Group], cap: int, rng: random.Random) -> list[Group]:
    """The `cap` hardest of the hard groups that admit an aided prompt, hardest first.

    Ties: groups of equal accuracy are ordered uniformly at random by `rng`, so that neither new nor replayed
    questions, nor the order of the data file, are favoured (most ties are at accuracy 0).
    """
    shuffled = rng.sample(admitting, len(admitting))
    return sorted(shuffled, key=_accuracy)[:cap]


def post_cap(drafted: Iterable[Sequence[T]], cap: int) -> list[T]:
    """The first `cap` drafts: hardest question first, BCQ before NCQ.

    BCQ and NCQ count together, so one free slot at the end goes to a BCQ where there is one. Drafts beyond the cap are
    never rewritten.
    """
    return [draft for drafts in drafted for draft in drafts][:cap]


def _accuracy(group: Group) -> float:
    assert group.accuracy is not None, "only scored groups are ranked"
    return group.accuracy
