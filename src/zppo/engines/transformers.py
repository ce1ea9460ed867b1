"""The embedded engine: transformers' `generate` on a model in this process, usually the one that is being trained."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby

import torch
from transformers import Cache, GenerationConfig, LogitsProcessorList, PreTrainedModel, PreTrainedTokenizerBase

from zppo.engines.base import TokenRequest
from zppo.engines.decoding import Draw, generation_options, processors
from zppo.engines.local import LocalText
from zppo.engines.poison import FiniteLogits
from zppo.errors import EngineError
from zppo.models.chat_template import Processing
from zppo.models.loading import context_window, end_tokens
from zppo.models.renderer import Renderer
from zppo.models.vision import Vision, derives_positions, forget_positions
from zppo.types import Rollout, Sampling

MEDIA_TOKENS = ("<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>")
"""Never sampled: a later forward pass would look for the pixels behind them."""
_MEDIA_CONFIG = ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")


class TransformersEngine:
    """Batched sampling: each prompt is prefilled once and its cache repeated for the group. A `PolicyEngine`.

    `batch_size` is the number of responses generated at once. Prompts are processed in order of length, so that
    little is padded. `renderer` is that of the model; where it holds the processor of an image-text model, prompts with
    and without media may stand in one batch.
    """

    def __init__(self, model: PreTrainedModel, renderer: Renderer, batch_size: int = 256) -> None:
        self.model = model
        self.renderer = renderer
        self.vision = Vision(renderer)
        self.batch_size = batch_size
        self.policy_version = 0
        self._ends = sorted({*renderer.ends, *end_tokens(model)})
        if not self._ends:
            raise EngineError(f"neither {model.name_or_path} nor its tokenizer names an end token (eos_token_id)")
        self._banned = _media_ids(model, renderer.tokenizer)

    def generate(self, requests: Sequence[TokenRequest], decoding: Sampling) -> Iterator[tuple[int, list[Rollout]]]:
        places = sorted(range(len(requests)), key=lambda i: (requests[i].n, len(requests[i].prompt_ids)))
        for n, alike in groupby(places, key=lambda i: requests[i].n):
            yield from self._generate(requests, list(alike), n, decoding)

    def update_weights(self, weights: Iterable[tuple[str, torch.Tensor]], version: int) -> None:
        """Take note of the `version`: the weights are those of the model that is trained, and in place already."""
        self.policy_version = version

    def close(self) -> None:
        """The model belongs to whoever loaded it."""

    def _generate(
        self, requests: Sequence[TokenRequest], places: Sequence[int], n: int, decoding: Sampling
    ) -> Iterator[tuple[int, list[Rollout]]]:
        """At most `batch_size` responses at once; a group larger than that is sampled in several rounds."""
        prompts_at_once = max(1, self.batch_size // n)
        for i in range(0, len(places), prompts_at_once):
            batch = places[i : i + prompts_at_once]
            asked = [requests[place] for place in batch]
            groups: list[list[Rollout]] = [[] for _ in batch]
            for start in range(0, n, self.batch_size):
                with self._ready():
                    sampled = self._sample(asked, range(start, min(start + self.batch_size, n)), decoding)
                for group, rollouts in zip(groups, sampled, strict=True):
                    group += rollouts
            yield from zip(batch, groups, strict=True)

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

    def _sample(self, requests: Sequence[TokenRequest], indices: range, decoding: Sampling) -> list[list[Rollout]]:
        """The responses number `indices` to each of the requests."""
        ids, mask = self._left_padded([r.prompt_ids for r in requests])
        rows = torch.arange(len(requests), device=ids.device).repeat_interleave(len(indices))
        cache = None
        if ids.shape[1] > 1:
            cache = self._prefill(requests, ids[:, :-1], mask[:, :-1], rows)
        draw = Draw([r.seed_of(index) for r in requests for index in indices], decoding.logprobs)
        output = self.model.generate(
            input_ids=ids[rows],
            attention_mask=mask[rows],
            past_key_values=cache,
            generation_config=self._generation_config(decoding),
            logits_processor=LogitsProcessorList(
                [FiniteLogits(self.model.name_or_path), *processors(decoding, ids.shape[1], draw)]
            ),
        )
        responses = output[:, ids.shape[1] :].tolist()
        logprobs = _logprobs(draw, output.shape[1] - ids.shape[1], len(rows)) if decoding.logprobs else None
        rollouts = [
            self._rollout(requests[row], response, logprobs[place] if logprobs else None, decoding)
            for place, (row, response) in enumerate(zip(rows.tolist(), responses, strict=True))
        ]
        return [rollouts[i : i + len(indices)] for i in range(0, len(rollouts), len(indices))]

    def _prefill(
        self, requests: Sequence[TokenRequest], ids: torch.Tensor, mask: torch.Tensor, rows: torch.Tensor
    ) -> Cache:
        """The cache of each prompt, repeated for its `rows`. All media lie before the last token of a prompt."""
        forget_positions(self.model)
        media = self.vision.inputs(self.model, [r.prompt for r in requests], ids)
        # Without these a model that derives none from the media would count the padding on the left.
        counted = {"position_ids": (mask.cumsum(-1) - 1).clamp(min=0)}
        positions = {} if media and derives_positions(self.model) else counted
        given = {"input_ids": ids, "attention_mask": mask, "use_cache": True, "logits_to_keep": 1}
        cache: Cache = self.model(**given, **positions, **media).past_key_values
        for layer in cache.layers:
            layer.reorder_cache(rows)
        forget_positions(self.model, rows)
        return cache

    def _left_padded(self, prompts: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """(ids, mask), both [prompts, longest prompt]."""
        longest = max(map(len, prompts))
        pad = self.renderer.pad
        ids = torch.tensor([[pad] * (longest - len(p)) + list(p) for p in prompts], device=self.model.device)
        mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts], device=self.model.device)
        return ids, mask

    def _rollout(
        self, request: TokenRequest, ids: list[int], logprobs: list[float] | None, decoding: Sampling
    ) -> Rollout:
        """Cut at the first end token, which stays part of the response: stopping is an action of the policy.

        A prefix counts in the length that a response may have, like every other response's start.
        """
        ids = ids[: max(1, decoding.max_tokens - len(request.begun))]
        end = next((i for i, token in enumerate(ids) if token in self._ends), None)
        sampled = ids if end is None else ids[: end + 1]
        text = self.renderer.decode([*request.begun, *sampled])
        return Rollout(
            sampled, text, "length" if end is None else "stop", logprobs[: len(sampled)] if logprobs else None
        )

    def _generation_config(self, sampling: Sampling) -> GenerationConfig:
        return GenerationConfig(
            do_sample=False,  # a processor has drawn
            max_new_tokens=sampling.max_tokens,
            **generation_options(sampling),
            eos_token_id=self._ends,
            pad_token_id=self.renderer.pad,
            suppress_tokens=self._banned or None,
        )


def local_text(model: PreTrainedModel, processing: Processing, batch_size: int) -> LocalText:
    """A model that is asked for texts and never trained."""
    renderer = Renderer(processing, end_tokens(model))
    engine = TransformersEngine(model, renderer, batch_size)
    return LocalText(engine, renderer, model.num_parameters(), context_window(model.config))


def _logprobs(draw: Draw, steps: int, rows: int) -> list[list[float]]:
    """Log-probabilities of what was drawn, [rows][steps]. Greedy decoding leaves nothing to chance: they are 0."""
    if not draw.logprobs:
        return [[0.0] * steps] * rows
    return torch.stack(draw.logprobs, dim=1).tolist()


def _media_ids(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    vocabulary = tokenizer.get_vocab()
    named = [vocabulary[token] for token in MEDIA_TOKENS if token in vocabulary]
    configured = [getattr(model.config, name, None) for name in _MEDIA_CONFIG]
    return sorted({*named, *(i for i in configured if i is not None)})
