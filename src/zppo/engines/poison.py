"""A model whose logits are not finite has nothing to say: sampling from them would end in an error without a name."""

import torch
from transformers import LogitsProcessor

from zppo.errors import PoisonError


class FiniteLogits(LogitsProcessor):
    """Changes nothing. Raises PoisonError, naming the model, for a row whose largest logit is not finite."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """`scores` [rows, vocabulary]; suppressed tokens may have minus infinity already."""
        if not torch.isfinite(scores.amax(-1)).all():
            raise PoisonError(
                f"the logits of {self._name or 'the model'} are not finite, so that nothing can be sampled"
            )
        return scores
