"""Inputs of an image-text model beside token ids: features of images and videos, computed once per question.

B rows, L tokens, F features (one placeholder token each), H hidden size.
"""

import inspect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, NamedTuple

import torch
from torch import Tensor
from transformers import PreTrainedModel

from zppo.errors import EngineError
from zppo.models.renderer import Pixels, Renderer
from zppo.types import Media, Prompt

KINDS = ("image", "video")
CHUNK_BYTES = 64 * 2**20
"""Pixels that go through the vision tower at once (at least those of one question)."""

Shown = tuple[Media, ...]


class Features(NamedTuple):
    """Features of one image or video: the embeddings in its place [F, H], then the additions to deeper layers.

    `stacked`: the tower gives those of several as one tensor, not as a list.
    """

    layers: list[Tensor]
    stacked: bool


def runs_apart(model_class: type[PreTrainedModel]) -> bool:
    """True if the vision tower of such models can be run apart from the rest, and its output passed in.

    Not with `token_type_ids`: each family that has them means something else by them.
    """
    wanted = inspect.signature(model_class.forward).parameters
    return "mm_encoder_outputs" in wanted and "token_type_ids" not in wanted


def derives_positions(model: PreTrainedModel) -> bool:
    """True if the model derives 3-D positions from the media; all others count tokens."""
    return any(hasattr(module, "rope_deltas") for module in (model, model.base_model))


def forget_positions(model: PreTrainedModel, rows: Tensor | None = None) -> None:
    """Drop what the last generation left in a model with 3-D positions; with `rows`, repeat it for those instead."""
    for module in (model, model.base_model):
        deltas = getattr(module, "rope_deltas", None)
        if deltas is not None:
            module.rope_deltas = None if rows is None else deltas[rows]


class Vision:
    """Gives batches of prompts their media. Rows that show the same media share one pass of the vision tower."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._held: dict[Shown, list[Features]] = {}

    def inputs(self, model: PreTrainedModel, prompts: Sequence[Prompt], ids_BL: Tensor) -> dict[str, Any]:
        """Further inputs of `model.forward` for rows `ids_BL` [B, L] that begin with `prompts`; none without media.

        Raises EngineError naming the question whose placeholder tokens are not as many as its features.
        """
        rows = [p for p in prompts if p.media]
        features = self._held or self._encode(model, _distinct(rows))
        if self._renderer.processor is not None:  # what a tokenizer alone has read are words
            _check(model, prompts, ids_BL, features)
        if not rows:
            return {}
        encoded = {kind: _lined_up(kind, rows, features) for kind in KINDS}
        given = {kind: output for kind, output in encoded.items() if output is not None}
        return {"mm_encoder_outputs": given} | self._shapes(model, rows, ids_BL)

    @contextmanager
    def shared(self, model: PreTrainedModel, prompts: Iterable[Prompt]) -> Iterator[None]:
        """Within, the vision tower has run once for all that `prompts` show, and passes read its output.

        The gradients of all passes meet in that output; when the block ends they go through the tower together, for
        which it runs once more. The sum is the gradient of the passes with a tower of their own.
        """
        learns, shown = torch.is_grad_enabled(), _distinct(p for p in prompts if p.media)
        with torch.no_grad():
            self._held = self._encode(model, shown)
        try:
            for tensor in _tensors(self._held.values()):
                tensor.requires_grad_(learns)
            yield
            if learns:
                self._pass_back(model, shown)
        finally:
            self._held = {}

    def _pass_back(self, model: PreTrainedModel, shown: Mapping[Shown, Prompt]) -> None:
        for chunk in self._chunks(shown):
            made = list(_tensors(self._encode(model, chunk).values()))
            held = list(_tensors(self._held[media] for media in chunk))
            pairs = [(m, h.grad) for m, h in zip(made, held, strict=True) if m.requires_grad and h.grad is not None]
            if pairs:
                torch.autograd.backward([m for m, _ in pairs], [g for _, g in pairs])

    def _encode(self, model: PreTrainedModel, shown: Mapping[Shown, Prompt]) -> dict[Shown, list[Features]]:
        """Features of all media, in the order of each question's."""
        found: dict[Shown, list[Features]] = {}
        for chunk in self._chunks(shown):
            pixels = _joined(self._renderer.pixels(prompt) for prompt in chunk.values())
            counts = Counter(m.kind for media in chunk for m in media)
            by_kind = {kind: iter(_features(model, kind, count, pixels)) for kind, count in counts.items()}
            found |= {media: [next(by_kind[m.kind]) for m in media] for media in chunk}
        return found

    def _chunks(self, shown: Mapping[Shown, Prompt]) -> Iterator[dict[Shown, Prompt]]:
        chunk: dict[Shown, Prompt] = {}
        size = 0
        for media, prompt in shown.items():
            more = self._renderer.pixels(prompt).size
            if chunk and size + more > CHUNK_BYTES:
                yield chunk
                chunk, size = {}, 0
            chunk[media] = prompt
            size += more
        if chunk:
            yield chunk

    def _shapes(self, model: PreTrainedModel, rows: Iterable[Prompt], ids_BL: Tensor) -> dict[str, Tensor]:
        """Inputs of the 3-D positions: grids of all rows, and the kind of each placeholder token."""
        wanted = inspect.signature(model.forward).parameters
        tensors = _joined(self._renderer.pixels(prompt) for prompt in rows)
        shapes = {k: t for k, t in tensors.items() if k in wanted and not k.startswith("pixel_values")}
        if "mm_token_type_ids" in wanted:
            assert self._renderer.processor is not None, "prompts with media were read by a processor"
            shapes["mm_token_type_ids"] = torch.tensor(
                self._renderer.processor.create_mm_token_type_ids(ids_BL.tolist())
            )
        return {name: tensor.to(ids_BL.device) for name, tensor in shapes.items()}


def _check(
    model: PreTrainedModel, prompts: Sequence[Prompt], ids_BL: Tensor, features: Mapping[Shown, list[Features]]
) -> None:
    for kind in KINDS:
        placeholder = getattr(model.config, f"{kind}_token_id", None)
        if placeholder is None:
            continue
        for prompt, places in zip(prompts, (ids_BL == placeholder).sum(1).tolist(), strict=True):
            items = zip(prompt.media, features.get(prompt.media, ()), strict=True)
            made = sum(len(item.layers[0]) for media, item in items if media.kind == kind)
            if made != places:
                raise EngineError(
                    f"question {prompt.question.id!r}: its {prompt.kind} prompt has {places} placeholder tokens of "
                    f"kind {kind} and the vision tower made {made} features for them"
                )


def _distinct(prompts: Iterable[Prompt]) -> dict[Shown, Prompt]:
    """Distinct media, each with a prompt that shows it."""
    return {prompt.media: prompt for prompt in prompts}


def _features(model: PreTrainedModel, kind: str, count: int, pixels: Mapping[str, Tensor]) -> list[Features]:
    """The vision tower's output for each of `count` images or videos."""
    encode = getattr(model, f"get_{kind}_features", None)
    if encode is None:
        raise EngineError(f"models of kind {model.config.model_type!r} read no {kind}s, which some questions hold")
    wanted = inspect.signature(encode).parameters
    output = encode(**{k: t.to(model.device) for k, t in pixels.items() if k in wanted}, return_dict=True)
    pooled, deep = output.pooler_output, getattr(output, "deepstack_features", None) or ()
    if len(pooled) != count:
        raise EngineError(
            f"the vision tower of a model of kind {model.config.model_type!r} gives {len(pooled)} outputs for {count} "
            f"{kind}s, so that it is not known which are whose; take a family that docs/multimodal.md names"
        )
    return [Features(list(each), isinstance(pooled, Tensor)) for each in zip(pooled, *deep, strict=True)]


def _lined_up(kind: str, rows: Iterable[Prompt], features: Mapping[Shown, list[Features]]) -> Any:
    """Features of a kind in the order of the rows, in the form the tower itself gives them; None without any."""
    items = [f for p in rows for m, f in zip(p.media, features[p.media], strict=True) if m.kind == kind]
    if not items:
        return None
    pooled, *deep = (list(layer) for layer in zip(*(item.layers for item in items), strict=True))
    given = torch.stack(pooled) if items[0].stacked else pooled
    return SimpleNamespace(pooler_output=given, deepstack_features=deep or None)


def _tensors(several: Iterable[list[Features]]) -> Iterator[Tensor]:
    return (tensor for items in several for item in items for tensor in item.layers)


def _joined(several: Iterable[Pixels]) -> dict[str, Tensor]:
    parts: dict[str, list[Tensor]] = {}
    for pixels in several:
        for name, tensor in pixels.tensors.items():
            parts.setdefault(name, []).append(tensor)
    return {name: torch.cat(found) for name, found in parts.items()}
