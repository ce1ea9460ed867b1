"""Alarms about groups: no signal in any group, or none in the aided groups."""

from typing import Any, ClassVar

from zppo.alarms.seen import Seen, percent

SIGNALLESS_STEPS = 3
"""One step without signal can be chance where steps are small, three in a row are not."""
HELP_STEPS, HELP_ROLLOUTS = 3, 1000
"""Steps and rollouts in a row without a right one before aid counts as failing. At the paper's size one step has some
400 rollouts of a kind, and three steps are enough."""
HELP_STEPS_IN_SMALL_RUNS = 25
"""The same where steps are small, for any number of rollouts: an eighth of a run of 200 steps. Runs of
the pocket recover from streaks of 20 steps with 32 rollouts each."""


def without_signal(seen: Seen) -> bool:
    """True if the step has no gradient: every group is trivial; for distillation, there is no teacher response."""
    if seen.method.loss != "policy":
        return not any(seen.batch.minibatches)
    return all(group.is_trivial for group in seen.batch.groups)


class NoSignal:
    """Every group was trivial for several steps."""

    name: ClassVar[str] = "no_signal"

    def __init__(self) -> None:
        self.steps = 0

    def observe(self, seen: Seen) -> str:
        self.steps = self.steps + 1 if without_signal(seen) else 0
        if self.steps < SIGNALLESS_STEPS:
            return ""
        if seen.method.loss != "policy":
            return (
                f"for {self.steps} rollout steps the teacher gave no right response, so that there was nothing to "
                "distil. See what it answers and how that is scored (rollouts/, zppo grade), or take another teacher"
            )
        groups = seen.batch.groups
        wrong = sum(g.is_all_wrong for g in groups)
        right = sum(bool(g.rewards) and not g.wrong for g in groups)
        return (
            f"for {self.steps} rollout steps every group was trivial, so that nothing was learned: of {len(groups)} "
            f"groups in this one {wrong} were all wrong, {right} all right and {len(groups) - wrong - right} without "
            f"a verdict. {self._remedy(seen, wrong, right)}"
        )

    def _remedy(self, seen: Seen, wrong: int, right: int) -> str:
        zone, sampling = seen.options.zone, seen.options.sampling
        remedies = []
        if wrong:
            remedies.append(
                "Where all is wrong: see in rollouts/ that right answers are recognised; take easier questions or a "
                f"larger zone.group_size ({zone.group_size})"
            )
        if right:
            remedies.append(
                "Where all is right: take harder questions, or a higher sampling.temperature "
                f"({sampling.temperature:g}) if all responses are alike"
            )
        return ". ".join(remedies) or "See the alarm unscored"


class HelpAllWrong:
    """No rollout of the aided prompts of one kind was right for a long time: they cost compute without effect."""

    name: ClassVar[str]
    kind: ClassVar[Any]
    shares: ClassVar[dict[str, str]]
    """Shares of the match audit that explain the alarm, and their denominators."""

    def __init__(self) -> None:
        self.steps = self.rollouts = 0

    def observe(self, seen: Seen) -> str:
        scored = [r for g in seen.batch.of_kind(self.kind) for r in g.rollouts if r.reward is not None]
        if not scored:
            return ""
        wrong = not any(r.is_right for r in scored)
        self.steps, self.rollouts = (self.steps + 1, self.rollouts + len(scored)) if wrong else (0, 0)
        enough = self.steps >= HELP_STEPS and self.rollouts >= HELP_ROLLOUTS
        if not (enough or self.steps >= HELP_STEPS_IN_SMALL_RUNS):
            return ""
        shares = [f"{percent(seen.metrics[k])} {what}" for k, what in self.shares.items() if k in seen.metrics]
        evidence = f"; in this step {' and '.join(shares)}" if shares else ""
        return (
            f"none of {self.rollouts} rollouts behind {self.kind.upper()}s was right in {self.steps} rollout steps, so "
            f"that they cost and teach nothing{evidence}. Read such prompts in report.html; if the student cannot use "
            f"them, leave them out with method {self._without(seen)}"
        )

    def _without(self, seen: Seen) -> str:
        """The same method without this aid."""
        method = seen.method
        rest = ["replay"] * method.replay + [aid for aid in method.aids if aid != self.kind]
        return "+".join(["grpo", *rest])


class NcqAllWrong(HelpAllWrong):
    name = "ncq_all_wrong"
    kind = "ncq"
    shares: ClassVar = {"audit/parroting": "repeat an answer that their prompt lists as wrong (parroting)"}


class BcqAllWrong(HelpAllWrong):
    name = "bcq_all_wrong"
    kind = "bcq"
    shares: ClassVar = {
        "audit/follows_wrong": "follow the wrong candidate",
        "audit/follows_correct": "state the answer of the right one",
    }
