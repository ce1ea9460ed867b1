"""Old log-probs: what the policy that sampled a rollout gave its tokens, computed by the trainer itself.

The sampler's own log-probs (`Rollout.logprobs`) are another thing: engines round differently.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

from zppo.training.microbatch import Microbatch
from zppo.types import Minibatch, Rollout


class OldLogprobs:
    """The old log-probs of one rollout step, beside its rollouts."""

    def __init__(self) -> None:
        self._values: dict[int, list[float] | None] = {}

    def begin_step(self, first: Minibatch) -> None:
        """Forget the step before. `first` is trained before a weight moves: its old log-probs are the current ones."""
        self._values = {id(rollout): None for _, rollout in first}

    def keep(self, read: Iterable[tuple[Rollout, list[float]]]) -> None:
        """Keep the log-probs of these rollouts' tokens."""
        self._values |= {id(rollout): logprobs for rollout, logprobs in read}

    def known(self, rollout: Rollout) -> list[float] | None:
        """One value per token; None where they are the current policy's. Raises RuntimeError where there are none."""
        if id(rollout) not in self._values:
            raise RuntimeError("a rollout has no old log-probs: before_step was not called with its minibatch")
        return self._values[id(rollout)]

    def of(self, micro: Microbatch, logp_BT: Tensor) -> Tensor:
        """Log-probs [B, T] under the policy that sampled; `logp_BT` are those of the current one."""
        old_BT = logp_BT.detach().clone()
        for row, mask, rollout in zip(old_BT, micro.mask_BT, micro.rollouts, strict=True):
            values = self.known(rollout)
            if values is not None:
                row[mask] = torch.tensor(values, dtype=row.dtype, device=row.device)
        return old_BT
