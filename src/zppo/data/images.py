"""From what a row holds to a picture: path, bytes, `{"bytes", "path"}`, data URL, URL or PIL image -> RGB."""

import base64
import binascii
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from zppo.config import DataConfig
from zppo.data.dropped import BadRow
from zppo.data.urls import fetched
from zppo.masking import masked_url

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM")
"""Kinds of image files that are opened; others of Pillow's start programs or are never meant as pictures."""
DEEP = ("I", "I;16", "I;16B", "I;16L", "I;16N")
"""Pillow's modes for 16 bits of grey."""
ROTATED = (5, 6, 7, 8)
"""EXIF orientations that swap width and height."""
ORIENTATION = 0x0112


class Size(NamedTuple):
    """Pixels, as shown (an EXIF rotation included)."""

    width: int
    height: int


def load_image(value: Any, folder: Path, config: DataConfig) -> Image.Image:
    """The image in RGB, upright, transparency on white, the first frame of an animation.

    Raises BadRow for what is no image, cannot be decoded, or is smaller or larger than `config` allows.
    """
    image = _opened(value, folder, config)
    try:
        return as_rgb(image)
    except Exception as error:  # a decoder may raise anything on a damaged file
        raise BadRow("unreadable media", f"it cannot be decoded ({said(error)})") from error


def image_size(value: Any, folder: Path, config: DataConfig) -> Size:
    """The size from the head of the file. Raises BadRow like `load_image`, but for damage further on."""
    image = _opened(value, folder, config)
    try:
        # Of a PNG the whole would be decoded to look for an orientation behind its pixels.
        rotated = image.format != "PNG" and image.getexif().get(ORIENTATION) in ROTATED
    except Exception as error:  # see above
        raise BadRow("unreadable media", f"its EXIF data cannot be read ({said(error)})") from error
    finally:
        if image is not value:
            image.close()
    return Size(image.height, image.width) if rotated else Size(image.width, image.height)


def as_rgb(image: Image.Image) -> Image.Image:
    image = ImageOps.exif_transpose(image)
    if image.mode in DEEP:
        return Image.fromarray((np.asarray(image).clip(0, 65535) // 256).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def opened(value: Any, folder: Path, config: DataConfig) -> Path | io.BytesIO:
    """The file that a value names or holds. Raises BadRow."""
    if isinstance(value, Mapping) and {"bytes", "path"} & value.keys():
        value = value.get("path") if value.get("bytes") is None else value["bytes"]
    if isinstance(value, bytes | bytearray | memoryview):
        return io.BytesIO(value)
    if not isinstance(value, str | Path) or not str(value):
        raise BadRow("unreadable media", f"it is {type(value).__name__}, not a path, bytes or a picture")
    text = str(value)
    if text.startswith("data:"):
        return io.BytesIO(_data_url(text))
    if text.startswith(("http://", "https://")):
        if not config.allow_urls:
            raise BadRow("unreadable media", f"{masked_url(text)} is a URL; set data.allow_urls to fetch it")
        return io.BytesIO(fetched(text))
    path = folder / text
    try:
        if path.is_file():
            return path
    except (OSError, ValueError) as error:
        raise BadRow("unreadable media", f"{text!r} is no path ({said(error)})") from error
    raise BadRow("unreadable media", f"there is no such file: {path}")


def _opened(value: Any, folder: Path, config: DataConfig) -> Image.Image:
    """The image with its size known and within bounds, its pixels not read."""
    if isinstance(value, Image.Image):
        image = value
    else:
        file = opened(value, folder, config)
        try:
            image = Image.open(file, formats=FORMATS)
        except Image.DecompressionBombError as error:
            raise BadRow("image size", f"it is too large ({said(error)})") from error
        except UnidentifiedImageError as error:  # its words may hold an address in memory
            raise BadRow("unreadable media", f"it is no image of a known kind ({', '.join(FORMATS)})") from error
        except Exception as error:  # see above
            raise BadRow("unreadable media", f"it is no image ({said(error)})") from error
    check_size(Size(*image.size), config)
    return image


def check_size(size: Size, config: DataConfig) -> None:
    """Raises BadRow for an image that is smaller or larger than `config` allows."""
    if min(size) < config.min_image_side:
        shown = f"it is {size.width}x{size.height} pixels"
        raise BadRow("image size", f"{shown}; data.min_image_side is {config.min_image_side}")
    if size.width * size.height > config.max_image_pixels:
        shown = f"it is {size.width}x{size.height} pixels"
        raise BadRow("image size", f"{shown}; data.max_image_pixels is {config.max_image_pixels}")


def _data_url(url: str) -> bytes:
    head, comma, body = url.partition(",")
    if not comma or not head.endswith(";base64"):
        raise BadRow("unreadable media", "a data URL must be base64 (data:image/png;base64,...)")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRow("unreadable media", f"its base64 is broken ({error})") from error


def said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
