"""A prompt as its row has it, a text or a conversation: column -> **system turn, question, reply** -> questions."""

import reprlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zppo.data.dropped import BadRow
from zppo.data.media import MediaKind
from zppo.types import MEDIA_MARK

ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "model": "assistant",
}
"""What turns are called in the formats in use (OpenAI, ShareGPT, Gemini), and who speaks in them."""
SHAPE = (
    "a conversation is one user message, with a system message before it or without, and perhaps its reply behind it"
)
TEXTS = ("text", "input_text")
MEDIA: tuple[MediaKind, ...] = ("image", "video")
HOLDERS = ("{kind}", "{kind}_url", "url", "path")
"""Where a part holds its medium: OpenAI's `image_url`, transformers' `image`, `url`, `path` and `base64`."""


@dataclass(frozen=True)
class Mark:
    """Where an image or a video stands; `value` is the medium if the part holds it itself."""

    kind: MediaKind
    value: Any = None


Piece = str | Mark


@dataclass(frozen=True)
class Conversation:
    """`pieces` of the user message, the `system` turn before it ("" if none) and the `reply` behind it.

    `messages` are the turns before the reply, with `role` and `content`; none if the prompt is a text.
    """

    pieces: Sequence[Piece]
    system: str = ""
    reply: str | None = None
    messages: tuple[Mapping[str, Any], ...] = ()

    @property
    def marks(self) -> list[Mark]:
        return [piece for piece in self.pieces if isinstance(piece, Mark)]


def conversation(prompt: Any) -> Conversation:
    """Raises BadRow for what is neither a text nor a conversation around one user message."""
    if isinstance(prompt, str):
        return Conversation([_unmarked(prompt)])
    if not isinstance(prompt, list | tuple):
        raise BadRow("no question", f"the question is empty or not a text, but {type(prompt).__name__}")
    turns = [_turn(each) for each in prompt]
    roles = [role for role, _, _ in turns]
    start = roles[:1] == ["system"]
    if roles[start:] not in (["user"], ["user", "assistant"]):
        raise BadRow("no question", f"{SHAPE}; this one has {', '.join(roles) or 'no turns'}")
    asked = turns[start]
    return Conversation(
        list(_pieces(asked[1])),
        _words(turns[0][1], "system message") if start else "",
        _words(turns[-1][1], "reply") if roles[-1] == "assistant" else None,
        tuple(message for _, _, message in turns[: start + 1]),
    )


def _turn(turn: Any) -> tuple[str, Any, Mapping[str, Any]]:
    """Who speaks, what, and the turn as OpenAI would write it."""
    if not isinstance(turn, Mapping):
        raise BadRow("no question", f"a turn of the conversation is {type(turn).__name__}, not an object; {SHAPE}")
    named = turn.get("role") if turn.get("role") is not None else turn.get("from")
    content = turn.get("content") if turn.get("content") is not None else turn.get("value")
    role = ROLES.get(named) if isinstance(named, str) else None
    if role is None:
        raise BadRow("no question", f"a turn of the conversation is by {reprlib.repr(named)}; {SHAPE}")
    return role, content, turn if "role" in turn else {"role": role, "content": content}


def _words(content: Any, what: str) -> str:
    pieces = list(_pieces(content))
    if not all(isinstance(piece, str) for piece in pieces):
        raise BadRow("no question", f"the {what} holds an image or a video; only the user message may")
    return "".join(map(str, pieces))


def _pieces(content: Any) -> Iterator[Piece]:
    if isinstance(content, str):
        yield _unmarked(content)
    elif isinstance(content, list | tuple):
        yield from map(_part, content)
    else:
        raise BadRow("no question", "the question is empty or not a text")


def _part(part: Any) -> Piece:
    kind = part.get("type") if isinstance(part, Mapping) else None
    if kind in TEXTS and isinstance(part.get("text"), str):
        return _unmarked(part["text"])
    for medium in MEDIA:
        if kind in (medium, f"input_{medium}", f"{medium}_url"):
            return Mark(medium, _held(part, medium))
    raise BadRow("no question", f"a part of the prompt has type {reprlib.repr(kind)}, not text, image or video")


def _held(part: Mapping[str, Any], kind: str) -> Any:
    """The medium in a part: a path, a URL, a data URL, bytes, ...; None if it stands in a column of the row."""
    if isinstance(part.get("base64"), str):
        return f"data:{kind}/*;base64,{part['base64']}"
    for holder in HOLDERS:
        value = part.get(holder.format(kind=kind))
        if isinstance(value, Mapping) and isinstance(value.get("url"), str):
            return value["url"]
        if value is not None:
            return value
    return None


def _unmarked(text: str) -> str:
    return text.replace(MEDIA_MARK, "")
