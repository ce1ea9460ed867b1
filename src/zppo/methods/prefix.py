"""Prefix: the beginning of a right teacher response is forced; the student continues (section 8, algorithm 6)."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from zppo.methods.base import Method, Need
from zppo.types import Group, Kind
from zppo.zone.selection import hard_groups, rank_and_cap


@dataclass(frozen=True)
class Prefix(Method):
    """The first `zone.prefix_fraction` of a teacher response is forced for the hardest questions, within the cap.

    The gradient covers the tokens sampled after it. Degenerate case: a fraction so small that no token is
    forced makes no prompt, which is `grpo`.
    """

    aids: tuple[Kind, ...] = ("prefix",)

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset({"responses"})

    def teacher_groups(self, plain: Sequence[Group], tau: float, cap: int, rng: random.Random) -> list[Group]:
        return rank_and_cap(hard_groups(plain, tau), cap, rng)
