"""The end of a run whose held-out accuracy has stopped to rise: `eval.early_stopping_patience`."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from zppo.config import EvalConfig
from zppo.errors import ConfigError
from zppo.reports.checkpoints import name_of
from zppo.training.state import RunState

logger = logging.getLogger(__name__)


class EarlyStopping:
    """Looks at the evaluations of a run; nothing is remembered beside them, so that a resumed run ends as a straight
    one does.

    Raises ConfigError for a patience without held-out questions.
    """

    def __init__(self, config: EvalConfig, held_out: int) -> None:
        self._patience = config.early_stopping_patience
        self.ends = False
        self.kept: list[int] = []
        """Steps whose checkpoints are not removed."""
        if self._patience and not held_out:
            raise ConfigError("eval.early_stopping_patience needs held-out questions; set data.eval or eval_dataset")

    def observe(self, state: RunState) -> bool:
        """Decide whether training `ends` with the step that `state` has counted; True asks for a checkpoint of it, as
        the best so far."""
        best = best_evaluation(state.evaluations)
        self.ends = False
        if not self._patience or best is None:
            return False
        self.kept = [best["step"]]
        if state.evaluations[-1]["step"] != state.step:
            return False
        since = sum(each["step"] > best["step"] for each in state.evaluations)
        self.ends = since >= self._patience
        if self.ends:
            where = name_of(best["step"]) if best["step"] else "the model before training"
            logger.warning(
                "stopped at rollout step %d: no better held-out accuracy in %d evaluations; the best was %.1f %% of %s",
                *(state.step, since, 100 * best["overall"], where),
            )
        return since == 0


def best_evaluation(evaluations: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The first of those with the highest accuracy; that before training counts too."""
    scored = [each for each in evaluations if each["overall"] is not None]
    return max(scored, key=lambda each: each["overall"], default=None)
