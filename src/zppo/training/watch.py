"""Alarms of a run: logged, counted as metrics, listed in the run directory; and the end of a run without signal."""

import logging

from zppo.alarms import Alarms
from zppo.config import RunOptions
from zppo.errors import BlindError
from zppo.reports.rundir import RunDirectory
from zppo.training.state import RunState
from zppo.types import StepBatch

logger = logging.getLogger(__name__)


class AlarmLog:
    """Observes each finished step. Training `ends` after `alarms.stop_when_blind` steps without any signal."""

    def __init__(self, options: RunOptions, directory: RunDirectory) -> None:
        self._options, self._directory = options, directory
        self.ends = ""
        """Why training ends before its last step; '' while it does not."""

    def observe(self, state: RunState, batch: StepBatch) -> dict[str, float]:
        """Log the alarms of the step that `state` has just counted, each once per episode.

        Returns the metrics `alarm/NAME`, 1 for each alarm that holds.
        """
        alarms = Alarms(self._options, state.alarms)
        found = alarms.observe(state.step, batch, batch.metrics)
        state.alarms = alarms.state_dict()
        self._directory.log_alarms(state.step, {alarm.name: alarm.sentence for alarm in found})
        for alarm in found:
            if alarm.begins:
                logger.warning("step %d: alarm %s: %s", state.step, alarm.name, alarm.sentence)
        self.ends = self._why(state.step, alarms.blind_steps)
        return {f"alarm/{alarm.name}": 1 for alarm in found}

    def check(self) -> None:
        """Raise BlindError if training ended for want of signal."""
        if self.ends:
            raise BlindError(self.ends)

    def _why(self, step: int, blind: int) -> str:
        most = self._options.alarms.stop_when_blind
        if not most or blind < most or step == self._options.rollout_steps:
            return ""
        return (
            f"stopped at rollout step {step}: {blind} in a row had no signal, and alarms.stop_when_blind is {most}. "
            f"A checkpoint is in {self._directory.checkpoints}; the alarms above and docs/symptoms.md say what to "
            f"change. To go on all the same: zppo resume {self._directory.path} --alarms.stop_when_blind 0"
        )
