"""Alarms about the course of a run: accuracy, entropy or length far from earlier values.

All compare means over `WINDOW` steps, so that one outlier raises none. Thresholds are several times the changes of the
healthy pocket runs, in which accuracy never fell below 0.85 of its best and entropy not below 0.2 of its start.
"""

from typing import ClassVar

from zppo.alarms.seen import Seen, percent

WINDOW = 5
"""Rollout steps of a mean."""
ACCURACY_LEFT = 0.5
"""Remaining share of the best accuracy: noise of questions does not halve a mean over five steps."""
LEAST_BEST = 0.1
"""Best mean accuracy below which a half depends on a few lucky rollouts."""
ENTROPY_LEFT = 0.1
"""With a tenth of its first entropy a student samples almost the same response again and again."""
SHORTEST, LONGEST = 0.2, 5.0
"""Mean length relative to the first steps. Learned reasoning may double or triple it over a run."""


class Course:
    """The first and the most recent values of a metric."""

    key: ClassVar[str]

    def __init__(self) -> None:
        self.first: list[float] = []
        self.recent: list[float] = []

    def means(self, seen: Seen) -> tuple[float, float] | None:
        """Means over the first and the most recent `WINDOW` steps with the metric; None if there are fewer steps."""
        if self.key not in seen.metrics:
            return None
        value = float(seen.metrics[self.key])
        self.first = [*self.first, value][:WINDOW]
        self.recent = [*self.recent, value][-WINDOW:]
        return (sum(self.first) / WINDOW, sum(self.recent) / WINDOW) if len(self.first) == WINDOW else None


class RewardCollapse(Course):
    """Plain accuracy was much better before."""

    name: ClassVar[str] = "reward_collapse"
    key = "accuracy/plain"

    def __init__(self) -> None:
        super().__init__()
        self.best = 0.0

    def observe(self, seen: Seen) -> str:
        means = self.means(seen)
        if means is None:
            return ""
        self.best = max(self.best, means[1])
        if self.best < LEAST_BEST or means[1] >= ACCURACY_LEFT * self.best:
            return ""
        return (
            f"plain accuracy fell to {percent(means[1])} (mean of {WINDOW} steps) from {percent(self.best)} at its "
            "best. Begin again with a lower training.learning_rate or fewer zone.updates, and see whether entropy, "
            "length or the questions (their order, their difficulty) changed before it fell"
        )


class EntropyCollapse(Course):
    """The student's responses hardly vary any more. Distillation is skipped: low entropy may be its aim."""

    name: ClassVar[str] = "entropy_collapse"
    key = "loss/entropy"

    def observe(self, seen: Seen) -> str:
        # Entropy is a mean over trained tokens: without trained tokens its 0 means nothing.
        if seen.method.loss != "policy" or not seen.metrics.get("tokens/gradient"):
            return ""
        means = self.means(seen)
        if means is None or means[1] >= ENTROPY_LEFT * means[0]:
            return ""
        return (
            f"entropy fell to {means[1]:.3g} nats per token (mean of {WINDOW} steps) from {means[0]:.3g} at the start: "
            "the responses of a group become alike, and groups trivial. Lower training.learning_rate, raise "
            "update.clip_high or sampling.temperature, or take harder questions"
        )


class LengthShift(Course):
    """Responses are far shorter or longer than at the start."""

    name: ClassVar[str] = "length_shift"
    key = "response/tokens_mean"

    def observe(self, seen: Seen) -> str:
        means = self.means(seen)
        if means is None or SHORTEST * means[0] <= means[1] <= LONGEST * means[0]:
            return ""
        direction = "shorter" if means[1] < means[0] else "longer"
        return (
            f"responses became much {direction}: {means[1]:.3g} tokens (mean of {WINDOW} steps), {means[0]:.3g} at the "
            "start. Read some in rollouts/: thoughts left out or repeated without end are rewarded where a guess does "
            "as well. Lower training.learning_rate; if accuracy rose with it, all may be well"
        )
