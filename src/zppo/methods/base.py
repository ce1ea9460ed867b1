"""The base class of the methods: the hooks of a rollout step (method section 8)."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from zppo.types import AdvantageNorm, Candidate, Group, Kind, Question, Rollout
from zppo.zone.advantage import assign_advantages
from zppo.zone.candidates import Draft, admits, draft_bcq, draft_ncq, draft_single
from zppo.zone.minibatch import with_signal

Need = Literal["responses", "distributions"]
Loss = Literal["policy", "distill_rollouts", "distill_responses"]
"""Clipped policy gradient, or distillation on the student's rollouts or on the teacher's right responses."""
AsOwn = Callable[[Rollout], Rollout]
"""Conversion of a teacher's response to the student's tokens."""


HOOKS = (
    *("needs", "writes", "asks_all_hard", "is_asked", "teacher_groups", "admits", "drafts"),
    *("plain_groups", "assign_advantages", "training_groups", "updates"),
)


@dataclass(frozen=True)
class Method:
    """The hooks of a rollout step; the defaults are those of plain GRPO.

    `name` is the name in the recipe. `replay` switches the prompt replay buffer on. `aids` are the aided prompts of a
    hard question, in order of precedence. `loss` is the gradient update, `needs` the required capability of a teacher,
    `writes` a rewriter's output for the responses that aided prompts show.
    """

    name: str
    replay: bool = False
    aids: tuple[Kind, ...] = ()
    loss: ClassVar[Loss] = "policy"
    injects: ClassVar[bool] = False
    """True if injected responses are trained on as if the student had sampled them."""

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset()

    @property
    def writes(self) -> Literal["summaries", "hints"] | None:
        return None

    @property
    def asks_all_hard(self) -> bool:
        """True if the teacher is asked about every hard question, so that a prefetch is useful."""
        return False

    def is_asked(self, group: Group, tau: float) -> bool:
        """True if the teacher is asked about this plain group's question, whatever the rest of the step."""
        return False

    def teacher_groups(self, plain: Sequence[Group], tau: float, cap: int, rng: random.Random) -> list[Group]:
        """The plain groups whose questions the teacher answers. `cap` bounds the aided prompts of the step."""
        return [g for g in plain if self.is_asked(g, tau)]

    def admits(self, right: Sequence[Candidate], wrong: Sequence[Candidate]) -> bool:
        """True if one of the method's aided prompts can be built from these candidates, as in `drafts`."""
        return any(admits(aid, right, wrong) for aid in self.aids)

    def drafts(
        self, question: Question, right: Sequence[Candidate], wrong: Sequence[Candidate], rng: random.Random
    ) -> list[Draft]:
        """The aided prompts of one kept question.

        `right` holds the teacher's right candidates, `wrong` the student's wrong ones.
        """
        drafts: list[Draft] = []
        for aid in self.aids:
            if aid == "bcq":
                drafts += draft_bcq(question, right, wrong, rng)
            elif aid == "ncq":
                drafts += draft_ncq(question, wrong)
            else:
                drafts += draft_single(aid, question, right, rng)
        return drafts

    def plain_groups(
        self, plain: Sequence[Group], teacher: Sequence[Group], as_own: AsOwn, rng: random.Random
    ) -> list[Group]:
        """The plain groups of the gradient update, given the `teacher`'s groups."""
        return list(plain)

    def assign_advantages(self, groups: Sequence[Group], norm: AdvantageNorm) -> None:
        """Set the advantage of every rollout."""
        assign_advantages(groups, norm)

    def training_groups(
        self, groups: Sequence[Group], teacher: Sequence[Group], as_own: AsOwn, dynamic_sampling: bool
    ) -> list[Group]:
        """The groups whose rollouts the updates train on."""
        return with_signal(groups) if dynamic_sampling else list(groups)

    def updates(self, configured: int) -> int:
        """Gradient updates per rollout step; `configured` is `zone.updates`."""
        return configured

    def is_equivalent_to(self, other: "Method") -> bool:
        """True if both behave the same, whatever their names."""
        return self._behaviour() == other._behaviour()

    def _behaviour(self) -> tuple[object, ...]:
        return (self.replay, self.aids, self.loss, self.injects, *(getattr(type(self), hook) for hook in HOOKS))
