"""Model inputs of chats with media, equal to the processor's, with each scene processed once.

The processor rescales and splits a picture again for every prompt that shows it; here its outputs are cached per scene
and prompts are assembled from them. A test checks that both give the same inputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from transformers import Qwen3VLProcessor
from transformers.video_utils import VideoMetadata

from zppo.models.chat_template import rendered
from zppo.pocket.pictures import FPS, Scene
from zppo.types import MEDIA_MARK

KEPT = 4096  # scenes whose pixels stay in memory, 55 kB each


@dataclass(frozen=True)
class Row:
    """Token ids of a chat, the positions whose tokens carry loss, and the scenes it shows."""

    ids: list[int]
    spots: Sequence[int] = ()
    scenes: tuple[Scene, ...] = ()


def chat(prompt: str, scenes: Sequence[Scene]) -> list[dict[str, Any]]:
    """The user message with its media as separate parts, as a processor's chat template requires it."""
    if not scenes:
        return [{"role": "user", "content": prompt}]
    texts = prompt.split(MEDIA_MARK)
    parts: list[dict[str, str]] = []
    for text, scene in zip(texts, [*scenes, None], strict=True):
        parts += [{"type": "text", "text": text}] if text else []
        parts += [{"type": "video" if scene.is_video else "image"}] if scene else []
    return [{"role": "user", "content": parts}]


class Chats:
    """Turns prompts with scenes into model inputs."""

    def __init__(self, processor: Qwen3VLProcessor) -> None:
        self.processor, self.tokenizer = processor, processor.tokenizer
        self.pixels = lru_cache(KEPT)(self._pixels)
        self.image, self.video = processor.image_token, processor.video_token
        self.expanded: dict[tuple[str, int], str] = {}

    def _pixels(self, scene: Scene) -> tuple[torch.Tensor, list[int]]:
        """The patches of a scene and its grid of (time, height, width) patches."""
        if scene.is_video:
            made = self._processed(scene)
            return made["pixel_values_videos"], made["video_grid_thw"][0].tolist()
        made = self.processor.image_processor(images=[scene.pictures[0].draw()], return_tensors="pt")
        return made["pixel_values"], made["image_grid_thw"][0].tolist()

    def _processed(self, scene: Scene) -> Any:
        frames = np.stack([np.asarray(picture.draw()) for picture in scene.pictures])
        about = VideoMetadata(total_num_frames=len(frames), fps=FPS, frames_indices=list(range(len(frames))))
        options = {"video_metadata": [about], "do_sample_frames": False, "return_tensors": "pt"}
        return self.processor(text=[self.video], videos=[frames], **options)

    def _placeholder(self, scene: Scene) -> str:
        """Text that replaces the scene's media token; it depends only on the kind and the number of pictures."""
        token, frames = (self.video if scene.is_video else self.image), len(scene.pictures)
        if (token, frames) not in self.expanded:
            if scene.is_video:
                text = self.tokenizer.decode(self._processed(scene)["input_ids"][0])
            else:
                _, height, width = self.pixels(scene)[1]
                text = token * (height * width // self.processor.image_processor.merge_size**2)
            self.expanded[token, frames] = text
        return self.expanded[token, frames]

    def heads(self, asked: Iterable[tuple[str, tuple[Scene, ...]]]) -> list[list[int]]:
        """Token ids of chats that end where the response begins."""
        texts = []
        for prompt, scenes in asked:
            text = rendered(self.tokenizer, chat(prompt, scenes))
            for scene in scenes:
                token = self.video if scene.is_video else self.image
                text = text.replace(token, "\0", 1)
            for scene in scenes:
                text = text.replace("\0", self._placeholder(scene), 1)
            texts.append(text)
        return self.tokenizer(texts, add_special_tokens=False)["input_ids"]

    def inputs(self, rows: Sequence[Row], left: bool = False) -> dict[str, torch.Tensor]:
        """Padded model inputs of the rows: on the right for training, on the left (with a mask) for generation."""
        width, pad = max(len(row.ids) for row in rows), self.tokenizer.pad_token_id
        blanks = [[pad] * (width - len(row.ids)) for row in rows]
        pairs = zip(rows, blanks, strict=True)
        ids = torch.tensor([blank + row.ids if left else row.ids + blank for row, blank in pairs])
        made = {"input_ids": ids}
        if left:
            made["attention_mask"] = torch.tensor([[0] * len(b) + [1] * (width - len(b)) for b in blanks])
        for name, grid, is_video in (
            ("pixel_values", "image_grid_thw", False),
            ("pixel_values_videos", "video_grid_thw", True),
        ):
            seen = [self.pixels(s) for row in rows for s in row.scenes if s.is_video == is_video]
            if seen:
                made |= {name: torch.cat([pixels for pixels, _ in seen]), grid: torch.tensor([g for _, g in seen])}
        if len(made) > 1 + left:
            video = ids == self.processor.video_token_id
            made["mm_token_type_ids"] = (ids == self.processor.image_token_id).int() + 2 * video.int()
        return made
