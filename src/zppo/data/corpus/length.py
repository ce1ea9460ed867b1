"""Length of a question's plain prompt in tokens: text, image and closer in the chat template."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer
from transformers.utils import cached_file

from zppo.data.corpus.reasons import Excluded
from zppo.data.corpus.rows import IMAGE
from zppo.errors import ConfigError
from zppo.models.chat_template import rendered
from zppo.types import Question

AROUND_IMAGE = 2
"""Tokens before and after those of an image (vision start and end)."""
MOST_ASPECT = 200
"""Largest ratio of the sides of an image; Qwen's image processor refuses larger ones."""


@dataclass(frozen=True)
class ImageRule:
    """Qwen's rule: sides are rounded to multiples of `unit` pixels, the area is scaled into the bounds (in pixels), and
    each square of `unit` by `unit` is a token.

    The defaults are those of Qwen3.5 (patches of 16, merged 2 by 2) with the bounds of the paper's evaluation.
    """

    unit: int = 32
    min_pixels: int = 256 * 32 * 32
    max_pixels: int = 1280 * 32 * 32

    def tokens(self, width: int, height: int) -> int:
        """Tokens of an image of `width` by `height` pixels. Raises Excluded for an image with too large a ratio."""
        if max(width, height) > MOST_ASPECT * min(width, height):
            raise Excluded("image_thin", f"{width} x {height}")
        across, down = (max(self.unit, round(side / self.unit) * self.unit) for side in (width, height))
        if across * down > self.max_pixels:
            shrink = math.sqrt(width * height / self.max_pixels)
            across, down = (
                max(self.unit, math.floor(side / shrink / self.unit) * self.unit) for side in (width, height)
            )
        elif across * down < self.min_pixels:
            grow = math.sqrt(self.min_pixels / (width * height))
            across, down = (math.ceil(side * grow / self.unit) * self.unit for side in (width, height))
        return (across // self.unit) * (down // self.unit)


class PromptLength:
    """`length(prompt, width, height)`: tokens of the question with an image of that size. Raises as `ImageRule`."""

    def __init__(self, tokenizer: Any, rule: ImageRule, plain: Callable[[Question], str]) -> None:
        """`plain` makes the user message of a question. Raises ConfigError for a tokenizer without a chat template."""
        if tokenizer.chat_template is None:
            raise ConfigError(f"--tokenizer {tokenizer.name_or_path}: the tokenizer has no chat template")
        self._tokenizer = tokenizer
        self.rule = rule
        self._plain = plain
        self("", 1, 1)  # The first call may change the tokenizer's settings, which is not thread-safe.

    def __call__(self, prompt: str, width: int, height: int) -> int:
        text = self._plain(Question("row", prompt.replace(IMAGE, ""), ""))
        message = [{"role": "user", "content": text}]
        tokens = len(self._tokenizer(rendered(self._tokenizer, message), add_special_tokens=False)["input_ids"])
        return tokens + self.rule.tokens(width, height) + AROUND_IMAGE

    def describe(self) -> dict[str, Any]:
        """Settings that determine the count, for the manifest."""
        return {"tokenizer": self._tokenizer.name_or_path, **asdict(self.rule)}


def load_length(
    model: str, plain: Callable[[Question], str], min_pixels: int | None = None, max_pixels: int | None = None
) -> PromptLength:
    """Prompt length with the tokenizer and the image processor of `model`, a folder or a Hub name.

    A model without an image processor uses the defaults of `ImageRule`; `min_pixels` and `max_pixels` override both.
    Raises ConfigError when there is no tokenizer, or an image processor that does not follow Qwen's rule.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(model)
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f"--tokenizer {model}: no tokenizer can be loaded ({str(error).splitlines()[0]})") from error
    rule = asdict(_rule_of(model))
    rule |= {k: v for k, v in {"min_pixels": min_pixels, "max_pixels": max_pixels}.items() if v is not None}
    if not 0 < rule["min_pixels"] <= rule["max_pixels"]:
        raise ConfigError(f"an image cannot have from {rule['min_pixels']} to {rule['max_pixels']} pixels")
    return PromptLength(tokenizer, ImageRule(**rule), plain)


def _rule_of(model: str) -> ImageRule:
    config = _processor_config(model)
    if config is None:
        return ImageRule()
    patch, merge, size = config.get("patch_size"), config.get("merge_size"), config.get("size") or {}
    least = config.get("min_pixels") or size.get("shortest_edge")
    most = config.get("max_pixels") or size.get("longest_edge")
    if not all(isinstance(value, int) for value in (patch, merge, least, most)):
        raise ConfigError(
            f"--tokenizer {model}: its image processor does not give patch_size, merge_size and pixel bounds as "
            "Qwen's does; the images of other models cannot be counted"
        )
    return ImageRule(int(patch) * int(merge), int(least), int(most))  # type: ignore[arg-type]


def _processor_config(model: str) -> Mapping[str, Any] | None:
    """The image processor's part of `processor_config.json`, or `preprocessor_config.json`."""
    for name, inner in (("processor_config.json", "image_processor"), ("preprocessor_config.json", None)):
        path = cached_file(
            model, name, _raise_exceptions_for_missing_entries=False, _raise_exceptions_for_connection_errors=False
        )
        if path is None:
            continue
        try:
            config = json.loads(Path(path).read_text("utf-8"))
        except ValueError as error:
            raise ConfigError(f"{path}: not a JSON file ({error})") from error
        config = config.get(inner) if inner else config
        if config:
            return config
    return None
