"""All alarms over the rollout steps of a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zppo.alarms.answers import CutOff, MalformedVerdicts, NoAnswers, Unscored
from zppo.alarms.collapse import EntropyCollapse, LengthShift, RewardCollapse
from zppo.alarms.references import NeverRight, TeacherDisagrees
from zppo.alarms.seen import Seen, Watch
from zppo.alarms.signal import BcqAllWrong, NcqAllWrong, NoSignal, without_signal
from zppo.config import RunOptions
from zppo.types import StepBatch

ALARMS: tuple[type[Watch], ...] = (
    NoAnswers,
    NoSignal,
    NeverRight,
    TeacherDisagrees,
    Unscored,
    MalformedVerdicts,
    CutOff,
    NcqAllWrong,
    BcqAllWrong,
    RewardCollapse,
    EntropyCollapse,
    LengthShift,
)
"""In the order in which they are shown: what makes a run worthless comes first."""
QUIET_STEPS = 5
"""An alarm that comes back after fewer steps without it still belongs to the same episode."""


@dataclass(frozen=True)
class Alarm:
    """An alarm that holds in a step; `begins` an episode unless it held a few steps ago."""

    name: str
    sentence: str
    begins: bool


class Alarms:
    """The alarms of a run. `memory` is a `state_dict` of the step before, or empty at the start."""

    def __init__(self, options: RunOptions, memory: Mapping[str, Any]) -> None:
        self._options = options
        self._held: dict[str, int] = dict(memory.get("held", {}))
        self.blind_steps: int = memory.get("blind_steps", 0)
        """Steps in a row until now without any signal: all groups trivial, or hardly an answer to reward."""
        self._watches = [alarm() for alarm in ALARMS]
        for watch in self._watches:
            vars(watch).update(memory.get("watches", {}).get(watch.name, {}))

    def observe(self, step: int, batch: StepBatch, metrics: Mapping[str, float]) -> list[Alarm]:
        """The alarms that hold in rollout step `step` (counted from 1). To be called for every step, in order."""
        seen = Seen(batch, metrics, self._options)
        found = {watch.name: sentence for watch in self._watches if (sentence := watch.observe(seen))}
        unanswered = NoAnswers.name in found and seen.method.loss == "policy"
        self.blind_steps = self.blind_steps + 1 if unanswered or without_signal(seen) else 0
        alarms = [Alarm(name, sentence, self._begins(name, step)) for name, sentence in found.items()]
        self._held |= dict.fromkeys(found, step)
        return alarms

    def state_dict(self) -> dict[str, Any]:
        """Everything remembered, as JSON values."""
        watches = {watch.name: dict(vars(watch)) for watch in self._watches}
        return {"held": dict(self._held), "blind_steps": self.blind_steps, "watches": watches}

    def _begins(self, name: str, step: int) -> bool:
        return name not in self._held or step - self._held[name] > QUIET_STEPS
