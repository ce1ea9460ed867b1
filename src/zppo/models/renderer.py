"""Rendering of prompts and responses: chat template, tokenizer, and processor of images and videos."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor
from transformers import ProcessorMixin

from zppo.errors import DataError, EngineError
from zppo.models.chat_template import ChatTemplate, Processing
from zppo.models.control import control_tokens
from zppo.models.messages import messages_of
from zppo.models.opening import ENOUGH, opening_of
from zppo.types import Media, Prompt, Thinking, Video

REMEMBERED_BYTES = 512 * 2**20
"""Processed media are kept up to this size: the prompts of a question and the updates of a step ask for the same."""


@dataclass(frozen=True)
class Pixels:
    """Media inputs of one question, as its processor makes them.

    `tensors` are inputs of the model, the first dimension running over images, videos or their patches;
    `placeholders` are the texts that stand for each image and each video in the prompt.
    """

    tensors: Mapping[str, Tensor]
    placeholders: Mapping[str, Sequence[str]]

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(t.nbytes for t in self.tensors.values())


class Renderer:
    """Turns prompts into token ids and their media into tensors, and responses into texts and back.

    `processing` is a tokenizer, or the processor of an image-text model, which holds one. `ends` are end tokens of the
    model beside the tokenizer's own. The text of a prompt is read as text. Raises EngineError when there is no chat
    template, and for messages that it refuses.
    """

    def __init__(self, processing: Processing, ends: Iterable[int] = ()) -> None:
        self.processor = processing if isinstance(processing, ProcessorMixin) else None
        self.tokenizer: Any = getattr(processing, "tokenizer", processing)
        self._template = ChatTemplate(processing)
        own = self.tokenizer.eos_token_id
        self.ends: list[int] = sorted({*ends, *([] if own is None else [own])})
        self._control = control_tokens(self.tokenizer)
        self._remembered: OrderedDict[tuple[Media, ...], Pixels] = OrderedDict()

    @property
    def switches_thinking(self) -> bool:
        """True if the chat template has a switch for thoughts."""
        return "enable_thinking" in self._template.text

    def read(self, prompt: Prompt, thinking: Thinking = "on") -> list[int]:
        """Token ids of the prompt as a user message after its turns, up to the response; its prefix is not in them.

        The control tokens are those of the chat template alone: what is spelled like one in the text is read as text.
        `thinking` sets `enable_thinking` of the template, which Qwen's and others after it know: switched off, they end
        in empty thoughts, and where it is on some open thoughts themselves.
        Every image and video is as many placeholder tokens as the model will have features for it. Raises DataError
        naming the question when its media cannot be read or are not where its text says.
        """
        text = self.rendered(prompt, thinking)
        if prompt.media:
            given = self.pixels(prompt).placeholders
            replace = self._processor(prompt).get_text_with_replacements
            ((text,), _) = replace([text], given["image"], given["video"])
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def length(self, prompt: Prompt, size: Callable[[Media], tuple[int, int]], thinking: Thinking = "on") -> int:
        """Number of token ids that `read` would give, without decoding images: `size` gives their width and height.

        Videos are decoded. Raises DataError naming the question, like `read`.
        """
        if any(m.kind == "video" for m in prompt.media) or not prompt.media:
            return len(self.read(prompt, thinking))
        sizes = [size(m)[::-1] for m in prompt.media]
        try:
            counts = self._processor(prompt)._get_num_multimodal_tokens(image_sizes=sizes).num_image_tokens
        except ValueError as error:
            raise _unfit(prompt, error) from error
        # Each image is one placeholder in what the template gives.
        bare = self.tokenizer(self.rendered(prompt, thinking), add_special_tokens=False)["input_ids"]
        return len(bare) + sum(count - 1 for count in counts)

    def rendered(self, prompt: Prompt, thinking: Thinking = "on") -> str:
        """The prompt in the chat template: what a tokenizer reads, with one placeholder for each image and video."""
        return self._template.render(messages_of(prompt, _placeholder, self._control), thinking)

    def pixels(self, prompt: Prompt) -> Pixels:
        """Media inputs of the prompt. Raises DataError naming the question."""
        known = self._remembered.pop(prompt.media, None)
        pixels = self._process(prompt) if known is None else known
        self._remembered[prompt.media] = pixels
        while len(self._remembered) > 1 and sum(p.size for p in self._remembered.values()) > REMEMBERED_BYTES:
            self._remembered.popitem(last=False)
        return pixels

    def opening(self, prompt_ids: Sequence[int]) -> str:
        """Beginning of every response that the chat template writes itself, at the end of `prompt_ids`."""
        return opening_of(self.tokenizer.decode(prompt_ids[-ENOUGH:]))

    def encode(self, response: str, end: bool = False) -> list[int]:
        """Token ids of a response that somebody else wrote, special tokens in it read as plain text; with its end.

        That is the end token of the chat format. Raises EngineError where neither tokenizer nor model has one.
        """
        ids: list[int] = self.tokenizer(response, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        return [*ids, self._end] if end else ids

    def decode(self, token_ids: Sequence[int]) -> str:
        """Text of (a part of) a response."""
        return self.tokenizer.decode(token_ids, skip_special_tokens=True)

    @property
    def pad(self) -> int:
        """The token id that fills batches."""
        pad = self.tokenizer.pad_token_id
        return pad if pad is not None else self._end

    @property
    def _end(self) -> int:
        own = self.tokenizer.eos_token_id
        if own is None and not self.ends:
            raise EngineError(f"neither the model nor its tokenizer {self.tokenizer.name_or_path!r} names an end token")
        return self.ends[0] if own is None else own

    def _processor(self, prompt: Prompt) -> ProcessorMixin:
        if self.processor is None:
            name, kind = self.tokenizer.name_or_path, prompt.media[0].kind
            raise EngineError(f"question {prompt.question.id!r} holds an {kind}, but {name!r} reads text only")
        return self.processor

    def _process(self, prompt: Prompt) -> Pixels:
        processor, loaded = self._processor(prompt), [(m.kind, m.load()) for m in prompt.media]
        images = [image for kind, image in loaded if kind == "image"]
        videos = [video for kind, video in loaded if kind == "video"]
        bare = self._template.render([{"role": "user", "content": [{"type": m.kind} for m in prompt.media]}])
        given: dict[str, Any] = {"images": images} if images else {}
        if videos:
            least = getattr(getattr(processor, "video_processor", None), "temporal_patch_size", 1)
            videos = [_at_least(least, video) for video in videos]
            given["videos"] = [np.stack([np.asarray(frame) for frame in v.frames]) for v in videos]
            given["videos_kwargs"] = {"do_sample_frames": False, "video_metadata": [_metadata(v) for v in videos]}
        try:
            made = processor(text=[bare], **given, return_tensors="pt", return_text_replacement_offsets=True)
        except (ValueError, TypeError, RuntimeError) as error:
            raise _unfit(prompt, error) from error
        (offsets,) = made.pop("text_replacement_offsets")
        placeholders = {k: [o["replacement"] for o in offsets if o["type"] == k] for k in ("image", "video")}
        text_inputs = set(self.tokenizer.model_input_names) | {"mm_token_type_ids"}
        return Pixels({k: v for k, v in made.items() if k not in text_inputs}, placeholders)


def _placeholder(prompt: Prompt, media: Media) -> list[dict[str, str]]:
    return [{"type": media.kind}]


def _unfit(prompt: Prompt, error: Exception) -> DataError:
    names = ", ".join(m.name for m in prompt.media)
    return DataError(f"question {prompt.question.id!r}: {names} cannot be shown to a model: {error}")


def _at_least(count: int, video: Video) -> Video:
    """The video with its last frame repeated if it has fewer than `count`, which a processor joins into one patch."""
    missing = count - len(video.frames)
    return Video((*video.frames, *[video.frames[-1]] * missing), video.fps) if missing > 0 else video


def _metadata(video: Video) -> dict[str, Any]:
    count = len(video.frames)
    return {"fps": video.fps, "total_num_frames": count, "frames_indices": list(range(count))}
