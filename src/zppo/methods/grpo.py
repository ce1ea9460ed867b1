"""GRPO, with switches for replay and aided prompts (method sections 2 and 8; arXiv 2402.03300)."""

from typing import Literal

from zppo.methods.base import Method, Need
from zppo.types import Group
from zppo.zone.selection import is_hard


class GRPO(Method):
    """GRPO: each question's rollouts are compared with each other, `A = (r - mean(r)) / sigma`.

    `+replay` repeats hard questions until their plain accuracy reaches `tau`; `+bcq` and `+ncq` give them aided
    prompts. Degenerate case: without a switch, a question whose rollouts are all wrong gives no gradient.
    """

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset({"responses"}) if "bcq" in self.aids else frozenset()

    @property
    def writes(self) -> Literal["summaries"] | None:
        return "summaries" if self.aids else None

    @property
    def asks_all_hard(self) -> bool:
        return "bcq" in self.aids

    def is_asked(self, group: Group, tau: float) -> bool:
        return self.asks_all_hard and is_hard(group, tau)
