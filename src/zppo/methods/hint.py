"""Hint: the prompt shows a right teacher response without its answer (method section 8, algorithm 5)."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from zppo.methods.base import Method, Need
from zppo.types import Group, Kind
from zppo.zone.selection import hard_groups, rank_and_cap


@dataclass(frozen=True)
class Hint(Method):
    """The teacher is asked about the hardest questions, within the cap; each gets one hint prompt with its own group.

    Degenerate case: where every hint reveals the answer, or the teacher is never right, it is `grpo`.
    """

    aids: tuple[Kind, ...] = ("hint",)

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset({"responses"})

    @property
    def writes(self) -> Literal["hints"]:
        return "hints"

    def teacher_groups(self, plain: Sequence[Group], tau: float, cap: int, rng: random.Random) -> list[Group]:
        return rank_and_cap(hard_groups(plain, tau), cap, rng)
