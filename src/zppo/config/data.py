"""The sections of what is asked: data and prompts."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from zppo.config.limits import positive
from zppo.errors import ConfigError, nearest

Check = Literal["header", "decode"]
Mapped = Mapping[str, str | tuple[str, ...]]

ROLES = ("question", "answer", "images", "videos", "options", "answer_type", "source", "id")
"""What a column of a dataset can be for."""
SEVERAL = ("images", "videos")
"""Roles that several columns may share."""
LARGEST_IMAGE = 178_956_970
"""Pixels above which Pillow itself takes an image for a decompression bomb."""


@dataclass(frozen=True)
class DataConfig:
    """Where questions come from, what their columns mean, and which of them are dropped (docs/data.md)."""

    train: str = ""
    """JSONL, CSV or Parquet file, a pattern of such files (`data/*.parquet`), a folder of them, a folder that
    `datasets` saved, an image folder with its `metadata.jsonl`, or the name of a dataset on the Hub."""
    eval: str = ""
    """The held-out questions, likewise. Columns `level` (easy, hard) and `cluster`, if present, are reported."""
    train_config: str | None = None
    """Configuration of a dataset on the Hub."""
    train_split: str | None = None
    """Split of a dataset on the Hub or of a folder that holds several; None means `train`."""
    eval_config: str | None = None
    """Configuration of a dataset on the Hub, for `eval`."""
    eval_split: str | None = None
    """Split of a dataset on the Hub or of a folder that holds several, for `eval`; None means `test`."""
    columns: Mapped = field(default_factory=dict)
    """Which column is what, such as `{question: problem, answer: solution, images: [left, right]}`. Roles: question,
    answer, images, videos, options, answer_type, source, id. A role that is not named looks for its usual columns."""
    eval_columns: Mapped | None = None
    """The same for `eval`; None means as in `columns`."""
    max_answer_chars: int = 512
    """Characters of the reference answer; a longer one drops the row (paper: 512)."""
    min_image_side: int = 1
    """Pixels; an image with a shorter side drops the row (1: off; paper: 100)."""
    max_image_pixels: int = 89_478_485
    """Width x height; a larger image drops the row. The default is where Pillow begins to warn of bombs."""
    check_media: Check = "header"
    """What is read of every image and video of `train` at the start: `header` (kind and size), or `decode` (all of it,
    about 10 ms per megapixel). Held-out media are always decoded. Either way new questions are decoded again before
    their rollout step, and replaced if that fails."""
    allow_urls: bool = False
    """Fetch images and videos given as http(s) URLs, when they are needed; the newest are kept, up to 512 MiB."""
    video_frames: int = 32
    """Most frames taken from a video, evenly spread over it."""
    video_fps: float = 2.0
    """Most frames taken per second of a video; also the rate of frame lists that do not give theirs."""

    def __post_init__(self) -> None:
        positive("data", self, "max_answer_chars", "min_image_side", "max_image_pixels", "video_frames")
        if self.max_image_pixels > LARGEST_IMAGE:
            raise ConfigError(f"data.max_image_pixels is {self.max_image_pixels}; it must be at most {LARGEST_IMAGE}")
        if not 0 < self.video_fps < math.inf:
            raise ConfigError(f"data.video_fps is {self.video_fps}; frames per second, above 0")
        for option, columns in (("columns", self.columns), ("eval_columns", self.eval_columns or {})):
            _check_columns(f"data.{option}", columns)


@dataclass(frozen=True)
class PromptsConfig:
    """How questions are put, and how long they may be."""

    templates: str | None = None
    """Folder whose files replace the shipped templates: `plain.txt`, `closer.txt`, `bcq.txt`, `ncq.txt`, `hint.txt`,
    `compress.txt`, `write_hint.txt`, `judge.txt`."""
    max_tokens: int = 4096
    """Questions with a longer plain prompt (tokens, media included) are left out, and counted. No prompt is truncated:
    aided ones that do not fit into the student's context window are left out of their step, and counted."""

    def __post_init__(self) -> None:
        positive("prompts", self, "max_tokens")


def _check_columns(option: str, columns: Mapped) -> None:
    for role, names in columns.items():
        if role not in ROLES:
            raise ConfigError(f"{option}: there is no role {role!r}{nearest(role, ROLES)}")
        each = (names,) if isinstance(names, str) else names
        if not each or not all(isinstance(name, str) and name for name in each):
            raise ConfigError(f"{option}.{role} is {names!r}; give the name of a column")
        if not isinstance(names, str) and role not in SEVERAL:
            raise ConfigError(f"{option}.{role} is {list(names)}; only {' and '.join(SEVERAL)} may be several columns")
