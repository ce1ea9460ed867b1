"""Small pictures and videos to read."""

import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

GOOD = {"prompt": "1+1?", "answer": "2"}


def picture(width: int = 8, height: int = 6, colour: Any = "red", mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (width, height), colour)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(width: int = 8, height: int = 6, colour: Any = "red") -> bytes:
    return encoded(picture(width, height, colour))


def greys(count: int, size: int = 32) -> list[Image.Image]:
    """Frames that get brighter, so that each can be told from the others."""
    return [picture(size, size, (shade,) * 3) for shade in np.linspace(0, 255, count).astype(int).tolist()]


def film(path: Path, frames: list[Image.Image], fps: int = 10, codec: str = "mpeg4") -> Path:
    """A video file of these frames."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps)
        stream.pix_fmt, stream.width, stream.height = "yuv420p", *frames[0].size
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_image(frame)))
        container.mux(stream.encode())
    return path


def animation(frames: list[Image.Image], milliseconds: int = 100, kind: str = "GIF") -> bytes:
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=milliseconds)


def write_rows(file: Path, rows: Iterable[Any]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file
