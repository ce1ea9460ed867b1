"""Subtitles of a video: an SRT file and the times of the sampled frames -> the lines displayed at those times."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

NONE = "No subtitles available"
_TIMES = re.compile(r"(\d+):(\d+):(\d+)[,.](\d+)\s*-->\s*(\d+):(\d+):(\d+)[,.](\d+)")
_TAG = re.compile(r"<[^>]*>|\{\\[^}]*\}")
_BLOCKS = re.compile(r"\n\s*\n")


@dataclass(frozen=True)
class Subtitle:
    """A `text` displayed from `start` to `end`, in seconds."""

    start: float
    end: float
    text: str


def read_srt(text: str) -> list[Subtitle]:
    """The subtitles of an SRT file, in its order. Font tags are removed, blocks without times or text skipped."""
    found = []
    for block in _BLOCKS.split(text.lstrip("\ufeff").replace("\r\n", "\n")):
        times = _TIMES.search(block)
        if times is None:
            continue
        words = " ".join(_TAG.sub("", block[times.end() :]).split())
        if words:
            parts = [int(part) for part in times.groups()]
            found.append(Subtitle(_seconds(times[4], *parts[:3]), _seconds(times[8], *parts[4:7]), words))
    return found


def shown_at(subtitles: Sequence[Subtitle], moments: Sequence[float]) -> list[str]:
    """Texts displayed at any of the `moments` (seconds), each subtitle once, in order of the moments."""
    seen = dict.fromkeys(s for moment in moments for s in subtitles if s.start <= moment <= s.end)
    return [subtitle.text for subtitle in seen]


def _seconds(fraction: str, hours: int, minutes: int, seconds: int) -> float:
    return hours * 3600 + minutes * 60 + seconds + float(f"0.{fraction}")
