"""The embedded engine: transformers' `generate` on a model in this process, usually the one that is being trained."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from transformers import (
    Cache,
    GenerationConfig,
    LogitsProcessorList,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from zppo.engines.base import ignore
from zppo.engines.chat import Chat, Processing
from zppo.engines.decoding import generation_options, processors
from zppo.engines.opening import ENOUGH, opening_of
from zppo.engines.poison import FiniteLogits
from zppo.engines.vision import Vision, derives_positions, forget_positions
from zppo.errors import EngineError
from zppo.types import Group, Prompt, Rollout, Sampling, Thinking
from zppo.zone.streams import request_seed

MEDIA_TOKENS = ("<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>")
"""Never sampled: a later forward pass would look for the pixels behind them."""
_MEDIA_CONFIG = ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")


class TransformersEngine:
    """Batched sampling: each prompt is prefilled once and its cache repeated for the group.

    `batch_size` is the number of responses generated at once. Prompts are processed in order of length, so that
    little is padded; groups come back in the order of the prompts. `processing` is the model's tokenizer, or the
    processor of an image-text model: prompts with and without media may then stand in one batch.
    """

    def __init__(self, model: PreTrainedModel, processing: Processing, batch_size: int = 256) -> None:
        self.model = model
        self.chat = Chat(processing)
        self.vision = Vision(self.chat)
        self.tokenizer = tokenizer = self.chat.tokenizer
        self.batch_size = batch_size
        self._eos = _eos_ids(model, tokenizer)
        self._banned = _media_ids(model, tokenizer)

    def generate(
        self, prompts: Sequence[Prompt], n: int, sampling: Sampling, done: Callable[[list[Group]], None] = ignore
    ) -> list[Group]:
        groups = [Group(prompt, [], self._fed(prompt, sampling.thinking)) for prompt in prompts]
        by_length = sorted(groups, key=lambda g: len(g.prompt_ids))
        with self._ready():
            for batch, repeats in self._batches(by_length, n):
                self._sample(batch, repeats, sampling)
                if len(batch[0].rollouts) == n:
                    done(list(batch))
        return groups

    def fits(self, prompt: Prompt, sampling: Sampling) -> bool:
        """Whether the longest response to `prompt`, its prefix included, ends within the model's context window."""
        return len(self.chat.read(prompt, sampling.thinking)) + sampling.max_tokens <= context_window(self.model.config)

    def encode(self, response: str, end: bool = False) -> list[int]:
        ids: list[int] = self.tokenizer(response, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        return ids + [self._end] * end

    def decode(self, token_ids: Sequence[int]) -> str:
        return self.tokenizer.decode(token_ids, skip_special_tokens=True)

    def _fed(self, prompt: Prompt, thinking: Thinking) -> list[int]:
        """What stands before the sampled tokens: the prompt in the chat template, and the prefix if there is one."""
        return self.chat.read(prompt, thinking) + list(prompt.prefix.token_ids if prompt.prefix else ())

    @property
    def parameters(self) -> int:
        return self.model.num_parameters()

    @contextmanager
    def _ready(self) -> Iterator[None]:
        """The model in evaluation mode, and everything as it was afterwards.

        The checkpoint's generation defaults (a repetition penalty, say) are put away: `generate` would fill in from
        them what a sampling does not set, and responses would not come from the policy that is trained.
        """
        was_training, defaults = self.model.training, self.model.generation_config
        self.model.eval()
        self.model.generation_config = GenerationConfig()
        try:
            with torch.no_grad():
                yield
        finally:
            self.model.generation_config = defaults
            self.model.train(was_training)

    def _batches(self, groups: Sequence[Group], n: int) -> Iterator[tuple[Sequence[Group], int]]:
        """At most `batch_size` responses at once; a group larger than that is sampled in several rounds."""
        prompts_at_once = max(1, self.batch_size // n)
        for i in range(0, len(groups), prompts_at_once):
            for start in range(0, n, self.batch_size):
                yield groups[i : i + prompts_at_once], min(self.batch_size, n - start)

    def _sample(self, groups: Sequence[Group], n: int, sampling: Sampling) -> None:
        """Append `n` rollouts to each of `groups`."""
        ids, mask = self._left_padded([g.prompt_ids for g in groups])
        rows = torch.arange(len(groups), device=ids.device).repeat_interleave(n)
        cache = None
        if ids.shape[1] > 1:
            cache = self._prefill(groups, ids[:, :-1], mask[:, :-1], rows)
        output = self.model.generate(
            input_ids=ids[rows],
            attention_mask=mask[rows],
            past_key_values=cache,
            generation_config=self._generation_config(sampling),
            logits_processor=LogitsProcessorList(
                [
                    FiniteLogits(self.model.name_or_path),
                    *processors(sampling, ids.shape[1], _seeds(groups, n, sampling.seed)),
                ]
            ),
        )
        responses = output[:, ids.shape[1] :].tolist()
        for row, group in enumerate(groups):
            begun = group.prompt.prefix.token_ids if group.prompt.prefix else ()
            left = max(1, sampling.max_tokens - len(begun))
            read = group.prompt_ids[: len(group.prompt_ids) - len(begun)]
            opening = opening_of(self.tokenizer.decode(read[-ENOUGH:]))
            group.rollouts += [self._rollout(r[:left], begun, opening) for r in responses[row * n : (row + 1) * n]]

    def _prefill(self, groups: Sequence[Group], ids: torch.Tensor, mask: torch.Tensor, rows: torch.Tensor) -> Cache:
        """The cache of each prompt, repeated for its `rows`. All media lie before the last token of a prompt."""
        forget_positions(self.model)
        media = self.vision.inputs(self.model, [g.prompt for g in groups], ids)
        # Without these a model that derives none from the media would count the padding on the left.
        counted = {"position_ids": (mask.cumsum(-1) - 1).clamp(min=0)}
        positions = {} if media and derives_positions(self.model) else counted
        given = {"input_ids": ids, "attention_mask": mask, "use_cache": True, "logits_to_keep": 1}
        cache: Cache = self.model(**given, **positions, **media).past_key_values
        for layer in cache.layers:
            layer.reorder_cache(rows)
        forget_positions(self.model, rows)
        return cache

    def _left_padded(self, prompts: Sequence[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """(ids, mask), both [prompts, longest prompt]."""
        longest = max(map(len, prompts))
        ids = torch.tensor([[self._pad] * (longest - len(p)) + p for p in prompts], device=self.model.device)
        mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts], device=self.model.device)
        return ids, mask

    def _rollout(self, ids: list[int], begun: Sequence[int], opening: str) -> Rollout:
        """Cut at the first end token, which stays part of the response: stopping is an action of the policy.

        What was `begun` by a prefix counts in the length that a response may have, like every other response's start.
        """
        end = next((i for i, token in enumerate(ids) if token in self._eos), None)
        sampled = ids if end is None else ids[: end + 1]
        text = self.decode([*begun, *sampled])
        return Rollout(sampled, text, "length" if end is None else "stop", opened=opening)

    @property
    def _end(self) -> int:
        """The end token of the chat format, which a response by somebody else is given."""
        end = self.tokenizer.eos_token_id
        return end if end in self._eos else self._eos[0]

    @property
    def _pad(self) -> int:
        pad = self.tokenizer.pad_token_id
        return pad if pad is not None else self._eos[0]

    def _generation_config(self, sampling: Sampling) -> GenerationConfig:
        return GenerationConfig(
            do_sample=False,  # a processor has drawn
            max_new_tokens=sampling.max_tokens,
            **generation_options(sampling),
            eos_token_id=self._eos,
            pad_token_id=self._pad,
            suppress_tokens=self._banned or None,
        )


def _seeds(groups: Sequence[Group], n: int, seed: int) -> list[int]:
    """Of the next `n` responses to each prompt."""
    return [
        request_seed(seed, group.prompt.uid, group.prompt.text, len(group.rollouts) + index)
        for group in groups
        for index in range(n)
    ]


def context_window(config: PreTrainedConfig) -> float:
    """How many tokens a model of this config was made to read at once; infinite where its config names no number.

    Frequencies that are stretched after training (YaRN) lengthen it by their factor.
    """
    text = config.get_text_config()
    window = getattr(text, "max_position_embeddings", None) or math.inf
    rope = getattr(text, "rope_parameters", None) or {}
    return max(window, int((rope.get("factor") or 0) * (rope.get("original_max_position_embeddings") or 0)))


def _eos_ids(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Every end token that the generation config or the tokenizer knows."""
    configured = model.generation_config.eos_token_id if model.generation_config else None
    several = configured if isinstance(configured, list) else [configured]
    ids = sorted({i for i in [*several, tokenizer.eos_token_id] if i is not None})
    if not ids:
        raise EngineError(f"neither {model.name_or_path} nor its tokenizer names an end token (eos_token_id)")
    return ids


def _media_ids(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    vocabulary = tokenizer.get_vocab()
    named = [vocabulary[token] for token in MEDIA_TOKENS if token in vocabulary]
    configured = [getattr(model.config, name, None) for name in _MEDIA_CONFIG]
    return sorted({*named, *(i for i in configured if i is not None)})
