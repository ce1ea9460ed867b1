"""From logits to tokens: penalties on tokens sampled before, what narrows a distribution, and the draw itself.

A response has a seed of its own, so that what is drawn does not depend on what else stands in the batch.
"""

import random
from collections.abc import Sequence
from typing import Any

import torch
from transformers import LogitsProcessor, LogitsProcessorList
from transformers.generation import MinPLogitsWarper, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from zppo.types import Sampling


class PresencePenalty(LogitsProcessor):
    """Takes `penalty` off the logit of every token that stands after the first `begin` tokens: not off the prompt's.

    So does vLLM; transformers has no such processor. Before temperature, like every penalty.
    """

    def __init__(self, penalty: float, begin: int) -> None:
        self.penalty = penalty
        self.begin = begin

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """`input_ids` [rows, tokens so far], `scores` [rows, vocabulary]."""
        seen = torch.zeros_like(scores, dtype=torch.bool)
        seen.scatter_(1, input_ids[:, self.begin :], True)
        return torch.where(seen, scores - self.penalty, scores)


class Draw(LogitsProcessor):
    """Leaves one token per row, drawn from the row's distribution by a generator of its own; greedy decoding takes it.

    The token is where a uniform number falls in the cumulative distribution, in double precision: the tail of a large
    vocabulary keeps its share. With `keeps_logprobs`, `logprobs` holds the log-probability of every drawn token, one
    tensor [rows] per call.
    """

    def __init__(self, seeds: Sequence[int], keeps_logprobs: bool = False) -> None:
        self.logprobs: list[torch.Tensor] = []
        self._keeps_logprobs = keeps_logprobs
        self._generators = [random.Random(seed) for seed in seeds]

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """`scores` [rows, vocabulary]."""
        exact = torch.float32 if scores.device.type == "mps" else torch.float64  # which MPS has not
        cumulative = scores.softmax(-1, dtype=exact).cumsum(-1)
        whole = cumulative[:, -1:]
        uniform = torch.tensor([[g.random()] for g in self._generators], dtype=exact, device=scores.device)
        token = torch.searchsorted(cumulative, uniform * whole, right=True)
        token = token.minimum((cumulative < whole).sum(-1, keepdim=True))  # if the product was rounded up to the whole
        if self._keeps_logprobs:
            self.logprobs.append(scores.log_softmax(-1, dtype=exact).gather(1, token)[:, 0])
        return torch.full_like(scores, -torch.inf).scatter(1, token, 0.0)


def processors(sampling: Sampling, prompt_length: int, draw: Draw) -> LogitsProcessorList:
    """All that stands between logits and tokens, beside `generation_options`; greedy decoding follows.

    `prompt_length` in tokens, padding included. The order is that of transformers and vLLM; `draw` comes last, and at
    temperature 0 not at all.
    """
    found = LogitsProcessorList()
    if sampling.presence_penalty:
        found.append(PresencePenalty(sampling.presence_penalty, prompt_length))
    if sampling.temperature == 0:
        return found
    if sampling.temperature != 1:
        found.append(TemperatureLogitsWarper(float(sampling.temperature)))
    if sampling.top_k:
        found.append(TopKLogitsWarper(sampling.top_k))
    if sampling.top_p < 1:
        found.append(TopPLogitsWarper(sampling.top_p))
    if sampling.min_p:
        found.append(MinPLogitsWarper(sampling.min_p))
    found.append(draw)
    return found


def generation_options(sampling: Sampling) -> dict[str, Any]:
    """Options for a `GenerationConfig`. The repetition penalty counts the prompt too, here as in vLLM."""
    return {"repetition_penalty": sampling.repetition_penalty} if sampling.repetition_penalty != 1 else {}
