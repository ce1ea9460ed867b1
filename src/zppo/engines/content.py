"""What a user message is made of: pieces of text and media, in order; and the form in which servers take them."""

import base64
import hashlib
import io
from collections.abc import Iterator
from typing import Any

from zppo.errors import DataError
from zppo.types import MEDIA_MARK, Media, Prompt
from zppo.zone.spelling import as_plain_text


def pieces_of(prompt: Prompt) -> list[str | Media]:
    """The texts between the marks of a prompt, and the media that the marks stand for; at least one text if no media.

    Raises DataError naming the question when it holds more or fewer media than the prompt has places.
    """
    question, texts = prompt.question, prompt.text.split(MEDIA_MARK)
    if len(texts) - 1 != len(prompt.media):
        raise DataError(
            f"question {question.id!r}: its {prompt.kind} prompt has {len(texts) - 1} places for media, "
            f"and there are {len(question.media)}"
        )
    between = [piece for pair in zip(prompt.media, texts[1:], strict=True) for piece in pair]
    return [piece for piece in (texts[0], *between) if piece or not prompt.media]


def served_content(prompt: Prompt) -> str | list[dict[str, Any]]:
    """The content of a chat message: a text, or its parts where there are media.

    An image is sent as a PNG of its own size, whatever that is. A video is sent as its frames, in order, which is all
    that every server understands. Media are decoded and encoded at every call of this. Raises DataError naming the
    question for what cannot be decoded.
    """
    pieces = pieces_of(prompt)
    if not prompt.media:
        return as_plain_text(prompt.text)
    return [part for piece in pieces for part in _parts(prompt, piece)]


def digest(media: Media) -> str:
    """Of what is seen, whatever file it lies in. Raises what `media.load` raises."""
    loaded, seen = media.load(), hashlib.sha256(media.kind.encode())
    for image in [loaded] if media.kind == "image" else loaded.frames:
        seen.update(repr((image.mode, image.size)).encode())
        seen.update(image.tobytes())
    return seen.hexdigest()


def _parts(prompt: Prompt, piece: str | Media) -> Iterator[dict[str, Any]]:
    if isinstance(piece, str):
        yield {"type": "text", "text": as_plain_text(piece)}
        return
    try:
        loaded = piece.load()
        urls = [_data_url(image) for image in ([loaded] if piece.kind == "image" else loaded.frames)]
    except (DataError, OSError, ValueError) as error:
        raise DataError(f"question {prompt.question.id!r}: {piece.name} cannot be sent to a server: {error}") from error
    yield from ({"type": "image_url", "image_url": {"url": url}} for url in urls)


def _data_url(image: Any) -> str:
    """Lossless, and fast rather than small: it travels once, mostly within a machine or a room."""
    png = io.BytesIO()
    image.save(png, "PNG", compress_level=1)
    return f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"
