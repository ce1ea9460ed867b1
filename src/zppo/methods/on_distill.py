"""On-policy distillation on the student's own rollouts (method sections 8 and 12)."""

from collections.abc import Sequence

from zppo.methods.base import Method, Need
from zppo.types import AdvantageNorm, Group


class OnDistill(Method):
    """Loss: Jensen-Shannon divergence of the two models' token distributions on every rollout, right or wrong.

    The rewards are for the buffer alone (algorithm 3).

    Degenerate case: a teacher that is the student gives no gradient.
    """

    loss = "distill_rollouts"

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset({"distributions"})

    def assign_advantages(self, groups: Sequence[Group], norm: AdvantageNorm) -> None:
        """Leave every advantage 0: no reward enters the update."""

    def updates(self, configured: int) -> int:
        return 1
