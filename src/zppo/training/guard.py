"""Poison: losses, gradients and weights that are not finite. They move no weights and reach no checkpoint.

Before the weights move, one number is looked at, the gradient norm that clipping computes anyway; afterwards another,
the largest of the weights.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from torch.nn.utils import get_total_norm

from zppo.errors import PoisonError
from zppo.training.state import RunState

IN_A_ROW = 3
"""One bad update may be a matter of its rollouts; after so many in a row it is the weights, or the options."""
REMEDY = (
    "Begin again, with a lower training.learning_rate ({rate:g} here) or student.dtype: float32, or from "
    "weights that are finite"
)


class UpdateGuard:
    """Judges every gradient update of a run by its `loss` (a number), its gradient norm and the weights it leaves.

    Where gradients are scaled (fp16), an overflow is the scaler's to skip and to lower its scale after; it counts as
    skipped, but not towards the end of the run while the scale has room to fall.
    """

    def __init__(self, learning_rate: float, checkpoints: Callable[[], Sequence[Path]]) -> None:
        """`checkpoints` gives the complete ones, oldest first, for the message of an error."""
        self.loss = 0.0
        self._rate, self._checkpoints = learning_rate, checkpoints
        self._norms: list[float] = []
        self._skipped = 0

    def admit(self, norm: float, model: torch.nn.Module, state: RunState, scale: float | None) -> None:
        """Take the gradients away from `model` unless the update is finite: an optimizer leaves alone what has none.

        `scale` is that of the gradient scaler, if there is one. Raises PoisonError at the third such update in a row.
        """
        if math.isfinite(norm) and math.isfinite(self.loss):
            self._norms.append(norm)
            state.skipped_in_a_row = 0
            return
        model.zero_grad(set_to_none=True)
        self._skipped += 1
        state.skipped_updates += 1
        if scale is None or scale <= 1 or not math.isfinite(self.loss):
            state.skipped_in_a_row += 1
        if state.skipped_in_a_row >= IN_A_ROW:
            what = f"{IN_A_ROW} updates in a row were not finite (loss {self.loss:g}, gradient norm {norm:g})"
            raise self._error(state, f"{what}; they were skipped")

    def check_weights(self, model: torch.nn.Module, state: RunState) -> None:
        """Raise PoisonError if the last update has left weights that are not finite."""
        weights = [parameter.detach() for parameter in model.parameters() if parameter.numel()]
        if not math.isfinite(get_total_norm(weights, math.inf)):
            raise self._error(state, "the last update left weights that are not finite; they are not kept")

    @contextmanager
    def naming(self, state: RunState) -> Iterator[None]:
        """Adds rollout step, checkpoint and remedy to a PoisonError of the student's engine."""
        try:
            yield
        except PoisonError as error:
            raise self._error(state, str(error)) from error

    def metrics(self) -> dict[str, float]:
        """Since the last call: updates that were skipped, and the mean gradient norm of the others."""
        norms, self._norms = self._norms, []
        skipped, self._skipped = self._skipped, 0
        return {"loss/grad_norm": sum(norms) / max(len(norms), 1), "loss/skipped_updates": skipped}

    def _error(self, state: RunState, cause: str) -> PoisonError:
        saved = self._checkpoints()
        kept = f"The last good checkpoint is {saved[-1]}" if saved else "No checkpoint had been written"
        remedy = REMEDY.format(rate=self._rate)
        return PoisonError(f"stopped at rollout step {state.step + 1}: {cause}. {kept}. {remedy}")


def finite(metrics: Mapping[str, float]) -> dict[str, float]:
    """Without the values that are not finite, which JSON has no words for: the mean of an update that was skipped."""
    return {name: value for name, value in metrics.items() if math.isfinite(value)}
