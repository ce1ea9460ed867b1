"""From a prompt to chat messages: turns and a user message of text and media, for chat templates and for servers."""

import base64
import hashlib
import io
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from zppo.errors import DataError
from zppo.types import MEDIA_MARK, Media, Prompt
from zppo.zone.spelling import WIDESPREAD, as_plain_text

Message: TypeAlias = dict[str, Any]
"""`role` and `content`: a text, or parts (each with its `type`) where there are media."""
Show: TypeAlias = Callable[[Prompt, Media], Iterable[dict[str, Any]]]
"""`show(prompt, media)`: the parts of a message in which one of the prompt's media is shown."""


def messages_of(prompt: Prompt, show: Show, control: re.Pattern[str] = WIDESPREAD) -> list[Message]:
    """The turns of the prompt, and the user message it ends in.

    What is spelled like one of the `control` tokens is read as text. Raises DataError naming the question when it holds
    more or fewer media than the prompt has places, and what `show` raises.
    """
    turns = [{"role": turn["role"], "content": as_plain_text(turn["content"], control)} for turn in prompt.turns]
    parts: list[dict[str, Any]] = []
    for piece in _pieces(prompt):
        if isinstance(piece, str):
            parts.append({"type": "text", "text": as_plain_text(piece, control)})
        else:
            parts += show(prompt, piece)
    content = parts if prompt.media else as_plain_text(prompt.text, control)
    return [*turns, {"role": "user", "content": content}]


def as_images(prompt: Prompt, media: Media) -> list[dict[str, Any]]:
    """Content of a message to a server.

    An image is sent as a PNG of its own size, whatever that is. A video is sent as its frames, in order, which is all
    that every server understands. Media are decoded and encoded at every call of this. Raises DataError naming the
    question for what cannot be decoded.
    """
    try:
        loaded = media.load()
        urls = [_data_url(image) for image in ([loaded] if media.kind == "image" else loaded.frames)]
    except (DataError, OSError, ValueError) as error:
        raise DataError(f"question {prompt.question.id!r}: {media.name} cannot be sent to a server: {error}") from error
    return [{"type": "image_url", "image_url": {"url": url}} for url in urls]


def digest(media: Media) -> str:
    """Digest of the decoded media, whatever their file. Raises what `media.load` raises."""
    loaded, seen = media.load(), hashlib.sha256(media.kind.encode())
    for image in [loaded] if media.kind == "image" else loaded.frames:
        seen.update(repr((image.mode, image.size)).encode())
        seen.update(image.tobytes())
    return seen.hexdigest()


def _pieces(prompt: Prompt) -> list[str | Media]:
    """The texts between the marks of a prompt, and the media that the marks stand for."""
    question, texts = prompt.question, prompt.text.split(MEDIA_MARK)
    if len(texts) - 1 != len(prompt.media):
        raise DataError(
            f"question {question.id!r}: its {prompt.kind} prompt has {len(texts) - 1} places for media, "
            f"and there are {len(question.media)}"
        )
    between = [piece for pair in zip(prompt.media, texts[1:], strict=True) for piece in pair]
    return [piece for piece in (texts[0], *between) if piece]


def _data_url(image: Any) -> str:
    """Lossless, and fast rather than small: it travels once, mostly within a machine or a room."""
    png = io.BytesIO()
    image.save(png, "PNG", compress_level=1)
    return f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"
