"""Rollouts through a model. B rollouts, T response positions, N of them real, L tokens, H hidden size, V vocabulary."""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor
from transformers import PreTrainedModel

from zppo.training.loss import response_logprobs
from zppo.training.microbatch import Microbatch
from zppo.types import Rollout


def response_logits(model: PreTrainedModel, micro: Microbatch) -> Tensor:
    """Logits [B, T, V] at the positions that predict the response."""
    return model(
        input_ids=micro.ids_BL, attention_mask=micro.attention_BL, logits_to_keep=micro.window_T, use_cache=False
    ).logits


def last_states(model: PreTrainedModel, ids_BL: Tensor, attention_BL: Tensor) -> Tensor:
    """Last hidden states [B, L, H]: what the LM head turns into logits."""
    return model.base_model(input_ids=ids_BL, attention_mask=attention_BL, use_cache=False).last_hidden_state


def response_states(model: PreTrainedModel, micro: Microbatch) -> Tensor:
    """Last hidden states [N, H] at the positions that predict a real response token, rollout after rollout."""
    states_BLH = last_states(model, micro.ids_BL, micro.attention_BL)
    return states_BLH[:, micro.window_T][micro.mask_BT]


def rollout_logprobs(
    model: PreTrainedModel, micros: Iterable[Microbatch], temperature: float
) -> Iterator[tuple[Rollout, list[float]]]:
    """Every rollout with the log-probabilities of its tokens when `model` samples at `temperature`; no gradient."""
    for micro in micros:
        with torch.no_grad():
            logp_BT = response_logprobs(response_logits(model, micro), micro.target_BT, temperature)
        for rollout, row, mask in zip(micro.rollouts, logp_BT, micro.mask_BT, strict=True):
            yield rollout, row[mask].tolist()
