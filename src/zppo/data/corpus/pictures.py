"""Checks of images: they are fully decoded, because many damaged files have a valid header."""

import hashlib
import io
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from zppo.data.corpus.reasons import Excluded
from zppo.data.images import FORMATS, as_rgb

MOST_PIXELS = int(Image.MAX_IMAGE_PIXELS or 0)


@dataclass(frozen=True)
class Picture:
    """Image as input of the student. Sides in pixels; `digest` of the pixels, independent of the file format."""

    width: int
    height: int
    digest: bytes


def examine(data: bytes, shortest_side: int) -> Picture:
    """The picture in a file's bytes, read as `zppo train` reads it.

    Raises Excluded for no bytes, and for an image that cannot be decoded, is smaller than `shortest_side` or has more
    than `MOST_PIXELS`.
    """
    if not data:
        raise Excluded("image_missing")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_size(*image.size, shortest_side)
            shown = as_rgb(image)
            return Picture(*shown.size, _digest(shown))
    except Excluded:
        raise
    except Image.DecompressionBombError as error:
        raise Excluded("image_large", str(error)) from error
    except UnidentifiedImageError as error:  # Its message contains a memory address, which differs between builds.
        raise Excluded("image_unreadable", "no image file of a known kind") from error
    except Exception as error:  # Decoders raise any error for damaged bytes.
        raise Excluded("image_unreadable", str(error) or type(error).__name__) from error


def _check_size(width: int, height: int, shortest_side: int) -> None:
    if width * height > MOST_PIXELS:
        raise Excluded("image_large", f"{width} x {height}")
    if min(width, height) < shortest_side:
        raise Excluded("image_small", f"{width} x {height}")


def _digest(image: Image.Image) -> bytes:
    digest = hashlib.blake2b(f"{image.size}".encode(), digest_size=16)
    digest.update(image.tobytes())
    return digest.digest()
