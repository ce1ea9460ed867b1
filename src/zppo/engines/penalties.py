"""Penalties on tokens that were sampled before, and min-p: the parts of a sampling that training leaves neutral."""

from typing import Any

import torch
from transformers import LogitsProcessor, LogitsProcessorList

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


def processors(sampling: Sampling, prompt_length: int) -> LogitsProcessorList:
    """What `generate` needs beside its options; `prompt_length` in tokens, padding included."""
    penalty = sampling.presence_penalty
    return LogitsProcessorList([PresencePenalty(penalty, prompt_length)] if penalty else [])


def generation_options(sampling: Sampling) -> dict[str, Any]:
    """Options for a `GenerationConfig`. The repetition penalty counts the prompt too, here as in vLLM."""
    repetition = {"repetition_penalty": sampling.repetition_penalty} if sampling.repetition_penalty != 1 else {}
    return repetition | ({"min_p": sampling.min_p} if sampling.min_p and sampling.temperature > 0 else {})
