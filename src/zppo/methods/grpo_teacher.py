"""GRPO with injected teacher responses: the drifting fix that the paper argues against (method section 8)."""

import random
from collections.abc import Sequence

from zppo.methods.base import AsOwn, Method, Need
from zppo.types import Group
from zppo.zone.minibatch import with_injected
from zppo.zone.selection import is_hard


class GRPOTeacher(Method):
    """GRPO in which a right teacher response replaces one rollout of each all-wrong group.

    It is trained on as if the student had sampled it. Degenerate case: where no group is all wrong it is `grpo`.
    """

    injects = True

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset({"responses"})

    def is_asked(self, group: Group, tau: float) -> bool:
        return is_hard(group, tau) and group.is_all_wrong

    def plain_groups(
        self, plain: Sequence[Group], teacher: Sequence[Group], as_own: AsOwn, rng: random.Random
    ) -> list[Group]:
        return with_injected(plain, teacher, as_own, rng)
