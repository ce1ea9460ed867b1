"""Off-policy distillation on the teacher's right responses (method sections 8 and 12)."""

from collections.abc import Sequence

from zppo.methods.base import AsOwn, Method, Need
from zppo.types import AdvantageNorm, Group
from zppo.zone.minibatch import right_responses


class OffDistill(Method):
    """Loss: Jensen-Shannon divergence of the two models' token distributions, over every question of the step.

    Averaged over tokens, then over a question's right responses, then over questions (algorithm 2). The student's
    rollouts are scored for the buffer alone. Degenerate case: a question that the teacher fails adds nothing.
    """

    loss = "distill_responses"

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset({"responses", "distributions"})

    def is_asked(self, group: Group, tau: float) -> bool:
        return True

    def assign_advantages(self, groups: Sequence[Group], norm: AdvantageNorm) -> None:
        """Leave every advantage 0: no reward enters the update."""

    def training_groups(
        self, groups: Sequence[Group], teacher: Sequence[Group], as_own: AsOwn, dynamic_sampling: bool
    ) -> list[Group]:
        return right_responses(groups, teacher, as_own)

    def updates(self, configured: int) -> int:
        return 1
