"""What an image-text model needs beside token ids: features of images and videos, made once however often they stand.

B rows, L tokens, F features (one placeholder token each).
"""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from zppo.engines.chat import Chat, Pixels
from zppo.errors import EngineError
from zppo.types import Prompt

KINDS = ("image", "video")


def runs_apart(model_class: type[PreTrainedModel]) -> bool:
    """Whether the vision tower of such models can be run apart from the rest, and its output handed in."""
    return "mm_encoder_outputs" in inspect.signature(model_class.forward).parameters


class Vision:
    """Gives batches of prompts their media. Rows that show the same media share one pass of the vision tower."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def inputs(self, model: PreTrainedModel, prompts: Sequence[Prompt], ids_BL: Tensor) -> dict[str, Any]:
        """Further inputs of `model.forward` for rows `ids_BL` [B, L] that begin with `prompts`; none without media.

        Gradients reach the vision tower through every row. Raises EngineError naming the question whose placeholder
        tokens are not as many as its features.
        """
        distinct = list(dict.fromkeys(p.media for p in prompts if p.media))
        if not distinct:
            return {}
        firsts = {p.media: p for p in reversed(prompts) if p.media}
        seen = [self._chat.pixels(firsts[media]) for media in distinct]
        rows = [distinct.index(p.media) for p in prompts if p.media]
        encoded = {kind: self._encode(model, kind, distinct, seen, rows) for kind in KINDS}
        encoded = {kind: output for kind, output in encoded.items() if output is not None}
        self._check(prompts, ids_BL, {k: iter(output.pooler_output) for k, output in encoded.items()})
        return {"mm_encoder_outputs": encoded} | self._shapes(model, [seen[row] for row in rows], ids_BL)

    def _encode(
        self, model: PreTrainedModel, kind: str, distinct: Sequence[Any], seen: Sequence[Pixels], rows: Sequence[int]
    ) -> Any:
        """The vision tower's output for all media of a kind, distinct ones encoded once, in order of the rows."""
        counts = [sum(m.kind == kind for m in media) for media in distinct]
        if not sum(counts):
            return None
        encode = getattr(model, f"get_{kind}_features", None)
        if encode is None:
            raise EngineError(
                f"a model of kind {model.config.model_type!r} reads no {kind}s, which some questions hold"
            )
        wanted, tensors = inspect.signature(encode).parameters, _joined(p.tensors for p in seen)
        given = {name: t.to(model.device) for name, t in tensors.items() if name in wanted}
        output = encode(**given, return_dict=True)
        starts = [sum(counts[:i]) for i in range(len(counts))]
        order = [starts[row] + i for row in rows for i in range(counts[row])]
        output.pooler_output = [output.pooler_output[i] for i in order]
        deep = getattr(output, "deepstack_features", None)
        if deep is not None:
            output.deepstack_features = [[layer[i] for i in order] for layer in deep]
        return output

    def _shapes(self, model: PreTrainedModel, seen: Iterable[Pixels], ids_BL: Tensor) -> dict[str, Tensor]:
        """What the model derives positions from: grids of all rows, and which tokens are whose placeholders."""
        wanted = inspect.signature(model.forward).parameters
        tensors = _joined(p.tensors for p in seen)
        shapes = {k: t for k, t in tensors.items() if k in wanted and not k.startswith("pixel_values")}
        if "mm_token_type_ids" in wanted:
            assert self._chat.processor is not None, "prompts with media were read by a processor"
            shapes["mm_token_type_ids"] = torch.tensor(self._chat.processor.create_mm_token_type_ids(ids_BL.tolist()))
        return {name: tensor.to(ids_BL.device) for name, tensor in shapes.items()}

    def _check(self, prompts: Sequence[Prompt], ids_BL: Tensor, features: Mapping[str, Any]) -> None:
        for kind in KINDS:
            places = torch.isin(ids_BL, torch.tensor(list(self._chat.placeholders(kind)), device=ids_BL.device)).sum(1)
            for prompt, found in zip(prompts, places.tolist(), strict=True):
                made = sum(len(next(features[kind])) for m in prompt.media if m.kind == kind)
                if made != found:
                    raise EngineError(
                        f"question {prompt.question.id!r}: its {prompt.kind} prompt has {found} placeholder tokens of "
                        f"kind {kind} and the vision tower made {made} features for them"
                    )


def _joined(several: Iterable[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    parts: dict[str, list[Tensor]] = {}
    for tensors in several:
        for name, tensor in tensors.items():
            parts.setdefault(name, []).append(tensor)
    return {name: torch.cat(found) for name, found in parts.items()}


def forget_positions(model: PreTrainedModel, rows: Tensor | None = None) -> None:
    """Drop what the last generation left in a model with 3-D positions; with `rows`, repeat it for those instead."""
    for module in (model, model.base_model):
        deltas = getattr(module, "rope_deltas", None)
        if deltas is not None:
            module.rope_deltas = None if rows is None else deltas[rows]
