"""Rollouts through a model. B rollouts, T response positions, N of them real, L tokens, H hidden size, V vocabulary."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from zppo.models.vision import Vision, forget_positions
from zppo.training.loss import response_logprobs
from zppo.training.microbatch import Microbatch
from zppo.types import Minibatch, Rollout


@dataclass(frozen=True)
class Frozen:
    """A model that is asked and never trained, with what shows it images and videos."""

    model: PreTrainedModel
    vision: Vision | None = None

    def __post_init__(self) -> None:
        self.model.eval()


def use_sampling_mode(model: PreTrainedModel) -> None:
    """Put `model` into the mode that it samples in, for the passes of an update: evaluation mode, without dropout.

    The policy that is trained must be the one that sampled. With dropout, two passes over the same weights differ: the
    ratio of new and old probabilities would show masks, and clip tokens, before any weight has moved. Layers that
    recompute their activations do so in training mode only: they get it, themselves alone and with no dropout either.
    """
    model.eval()
    for module in model.modules():
        if getattr(module, "gradient_checkpointing", False):
            module.training = True
            for name, value in vars(module).items():
                if "drop" in name and isinstance(value, float):
                    setattr(module, name, 0.0)


def fill_gradients(model: PreTrainedModel, minibatch: Minibatch) -> None:
    """Give the gradient zero to what only rollouts that were skipped, whose gradient is zero, would have reached.

    An optimizer decays and moves by its momentum what has a gradient, and leaves alone what has none: skipping must not
    make that difference. Where no rollout has media, what reads media gets none: no pass would have reached it.
    """
    if any(group.prompt.media for group, _ in minibatch):
        reached = model.parameters()
    else:
        reached = chain(model.get_decoder().parameters(), model.get_output_embeddings().parameters())
    for parameter in reached:
        if parameter.requires_grad and parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)


def response_logits(model: PreTrainedModel, micro: Microbatch, vision: Vision | None = None) -> Tensor:
    """Logits [B, T, V] at the positions that predict the response."""
    return model(**_inputs(model, micro, vision), logits_to_keep=micro.window_T).logits


def last_states(model: PreTrainedModel, **inputs: Any) -> Tensor:
    """Last hidden states [B, L, H]: what the LM head turns into logits."""
    return model.base_model(**inputs).last_hidden_state


def response_states(model: PreTrainedModel, micro: Microbatch, vision: Vision | None = None) -> Tensor:
    """Last hidden states [N, H] at the positions that predict a real response token, rollout after rollout."""
    states_BLH = last_states(model, **_inputs(model, micro, vision))
    return states_BLH[:, micro.window_T][micro.mask_BT]


def rollout_logprobs(
    model: PreTrainedModel, micros: Iterable[Microbatch], temperature: float, vision: Vision | None = None
) -> Iterator[tuple[Rollout, list[float]]]:
    """Every rollout with the log-probabilities of its tokens when `model` samples at `temperature`; no gradient."""
    for micro in micros:
        with torch.no_grad():
            logp_BT = response_logprobs(response_logits(model, micro, vision), micro.target_BT, temperature)
        for rollout, row, mask in zip(micro.rollouts, logp_BT, micro.mask_BT, strict=True):
            yield rollout, row[mask].tolist()


def shared_vision(vision: Vision | None, model: PreTrainedModel, minibatch: Minibatch) -> AbstractContextManager[None]:
    """For all passes over a minibatch, so that each question's media go through the vision tower together."""
    return nullcontext() if vision is None else vision.shared(model, (group.prompt for group, _ in minibatch))


def _inputs(model: PreTrainedModel, micro: Microbatch, vision: Vision | None) -> dict[str, Any]:
    forget_positions(model)
    media = vision.inputs(model, micro.prompts, micro.ids_BL) if vision is not None else {}
    return {"input_ids": micro.ids_BL, "attention_mask": micro.attention_BL, "use_cache": False, **media}
