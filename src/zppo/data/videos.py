"""Videos of rows: a file, bytes, an animation, or a list of frames -> sampled frames.

A value may select a part of a file or an animation: `{"path": ..., "start": 2.5, "end": 7}`, in seconds.
Video files are decoded by PyAV, which `pip install zppo[vision]` installs; animated GIF and WebP by Pillow.
"""

import io
import math
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image, ImageSequence

from zppo.config import DataConfig
from zppo.data.dropped import BadRow
from zppo.data.images import Size, as_rgb, check_size, image_size, load_image, opened, said
from zppo.errors import ConfigError
from zppo.types import Video

try:
    import av
except ImportError:
    av = None  # type: ignore[assignment]

ANIMATIONS = ("GIF", "WEBP")
ANIMATION_FPS = 10.0
"""Frames per second of an animation that does not give durations."""


Span = tuple[float | None, float | None]
"""Start and end of the part of a video, in seconds; None is its beginning, or its end."""


class Shape(NamedTuple):
    """Shape of a sampled video: number of frames, and their size in pixels."""

    frames: int
    size: Size


def load_video(value: Any, folder: Path, config: DataConfig) -> Video:
    """At most `config.video_frames` frames and `config.video_fps` per second, evenly spaced, first and last included.

    Raises BadRow for a value that is no video or cannot be decoded, and ConfigError if PyAV is needed and missing.
    """
    if _is_list(value):
        files, fps = _frame_list(value, config)
        picked = sampled(len(files), fps, config)
        frames = [load_image(files[i], folder, config) for i in picked]
        return _video(frames, fps * len(picked) / len(files))
    file = opened(value, folder, config)
    try:
        read = _animation if _is_animation(file) else _film
        frames, fps = read(file, config, _span(value))
    except (BadRow, ConfigError):
        raise
    except Exception as error:  # a decoder may raise any error for a damaged file
        raise BadRow("unreadable media", f"it cannot be decoded ({said(error)})") from error
    return _video(frames, fps)


def video_shape(value: Any, folder: Path, config: DataConfig) -> Shape:
    """Frames and their size, as stated in the headers of the files. Raises BadRow as `load_video`."""
    if _is_list(value):
        files, fps = _frame_list(value, config)
        picked = sampled(len(files), fps, config)
        return Shape(len(picked), [image_size(files[i], folder, config) for i in picked].pop())
    file = opened(value, folder, config)
    try:
        count, fps, size = _head_of(file)
        part = _part(count, fps, _span(value))
    except (BadRow, ConfigError):
        raise
    except Exception as error:  # see above
        raise BadRow("unreadable media", f"it is no video ({said(error)})") from error
    check_size(size, config)
    return Shape(len(sampled(len(part), fps, config)), size)


def frame_times(file: Path, config: DataConfig) -> list[float]:
    """Times of the frames sampled from a file, in seconds, as stated in its header. Raises BadRow."""
    try:
        count, fps, _ = _head_of(file)
    except (BadRow, ConfigError):
        raise
    except Exception as error:  # see above
        raise BadRow("unreadable media", f"{file}: it is no video ({said(error)})") from error
    return [frame / fps for frame in sampled(count, fps, config)]


def sampled(count: int, fps: float, config: DataConfig) -> list[int]:
    """Indices of the sampled frames among `count`."""
    wanted = min(count, config.video_frames, max(1, round(count / fps * config.video_fps)))
    return [round(i * (count - 1) / (wanted - 1)) for i in range(wanted)] if wanted > 1 else [0]


def _head_of(file: Path | io.BytesIO) -> tuple[int, float, Size]:
    """Number of frames, frames per second, and size."""
    return _animation_head(file) if _is_animation(file) else _film_head(file)


def _span(value: Any) -> Span:
    """The selected part, None for an open end. Raises BadRow for an invalid part."""
    ends = [value.get(name) if isinstance(value, Mapping) else None for name in ("start", "end")]
    if any(isinstance(end, bool) or not isinstance(end, int | float | None) for end in ends):
        raise BadRow("unreadable media", f"start and end are {reprlib.repr(ends)}; seconds")
    start, end = ends
    if not 0 <= (start or 0) < (math.inf if end is None else end):
        raise BadRow("unreadable media", f"it should be shown from {start} s to {end} s")
    return start, end


def _part(count: int, fps: float, span: Span) -> range:
    """Indices of the frames of a part among `count`."""
    first = min(round((span[0] or 0) * fps), count - 1)
    last = count - 1 if span[1] is None else min(max(first, round(span[1] * fps)), count - 1)
    return range(first, last + 1)


def _video(frames: Sequence[Image.Image], fps: float) -> Video:
    sizes = {frame.size for frame in frames}
    if len(sizes) > 1:
        raise BadRow("unreadable media", f"its frames have different sizes ({', '.join(map(str, sorted(sizes)))})")
    return Video(tuple(frames), fps)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple) or (isinstance(value, Mapping) and "frames" in value)


def _frame_list(value: Any, config: DataConfig) -> tuple[Sequence[Any], float]:
    files, fps = (value["frames"], value.get("fps")) if isinstance(value, Mapping) else (value, None)
    if not isinstance(files, list | tuple) or not files:
        raise BadRow("unreadable media", "a video needs at least one frame: {frames: [image, ...], fps: 2}")
    if fps is None:
        return files, config.video_fps
    if isinstance(fps, bool) or not isinstance(fps, int | float) or not 0 < fps < math.inf:
        raise BadRow("unreadable media", f"fps is {reprlib.repr(fps)}; frames per second, above 0")
    return files, float(fps)


def _is_animation(file: Path | io.BytesIO) -> bool:
    head = file.getvalue()[:12] if isinstance(file, io.BytesIO) else _head(file)
    return head[:4] == b"GIF8" or (head[:4] == b"RIFF" and head[8:] == b"WEBP")


def _head(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(12)


def _animation_head(file: Path | io.BytesIO) -> tuple[int, float, Size]:
    with Image.open(file, formats=ANIMATIONS) as image:
        count = getattr(image, "n_frames", 1)
        seconds = sum(frame.info.get("duration", 0) for frame in ImageSequence.Iterator(image)) / 1000
        return count, count / seconds if seconds else ANIMATION_FPS, Size(*image.size)


def _animation(file: Path | io.BytesIO, config: DataConfig, span: Span) -> tuple[list[Image.Image], float]:
    count, fps, size = _animation_head(file)
    check_size(size, config)
    part = _part(count, fps, span)
    picked = {part[i] for i in sampled(len(part), fps, config)}
    with Image.open(file, formats=ANIMATIONS) as image:
        frames = [as_rgb(frame.copy()) for i, frame in enumerate(ImageSequence.Iterator(image)) if i in picked]
    return frames, fps * len(frames) / len(part)


def _film_head(file: Path | io.BytesIO) -> tuple[int, float, Size]:
    with _container(file) as container:
        stream = container.streams.video[0]
        fps = float(stream.average_rate or stream.guessed_rate or ANIMATION_FPS)
        seconds = float(stream.duration * stream.time_base) if stream.duration else 0
        return stream.frames or max(1, round(seconds * fps)), fps, Size(stream.width, stream.height)


def _film(file: Path | io.BytesIO, config: DataConfig, span: Span) -> tuple[list[Image.Image], float]:
    count, fps, size = _film_head(file)
    check_size(size, config)
    while True:
        part = _part(count, fps, span)
        frames, there = _decoded(file, [part[i] for i in sampled(len(part), fps, config)])
        if not there:
            raise BadRow("unreadable media", "it has no frame")
        if there == count:
            return frames, fps * len(frames) / len(part)
        count = there  # the header of the file was wrong


def _decoded(file: Path | io.BytesIO, picked: Iterable[int]) -> tuple[list[Image.Image], int]:
    """The picked frames, and the number of all frames."""
    wanted, frames, count = set(picked), [], 0
    with _container(file) as container:
        for count, frame in enumerate(container.decode(container.streams.video[0]), start=1):
            if count - 1 in wanted:
                upright = frame.to_image().rotate(frame.rotation, expand=True) if frame.rotation else frame.to_image()
                frames.append(as_rgb(upright))
    return frames, count


def _container(file: Path | io.BytesIO) -> Any:
    if av is None:
        raise ConfigError("video files are decoded by PyAV, which is missing; pip install zppo[vision]")
    if isinstance(file, io.BytesIO):
        file.seek(0)
    container = av.open(str(file) if isinstance(file, Path) else file, metadata_errors="replace")
    if not container.streams.video:
        container.close()
        raise BadRow("unreadable media", "it has no pictures")
    return container
