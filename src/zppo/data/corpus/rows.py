"""Drafts from rows of either source: one question with one image, and an answer that the grader can score."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from zppo.data.corpus.reasons import Excluded
from zppo.data.corpus.recipe import MMFINEREASON, VERO, Limits
from zppo.data.corpus.scoring import Scored, from_answer, from_reward_type
from zppo.data.dropped import BadRow
from zppo.data.markers import MARKER, placed
from zppo.data.parsing import check_texts
from zppo.types import MEDIA_MARK, Question

IMAGE = "<image>"
"""Marker of the image in a prompt."""


@dataclass(frozen=True)
class Origin:
    """Origin of a row. `name`: the config (Vero) or the source value (MMFineReason). `id` may be empty."""

    source: str
    name: str
    id: str


@dataclass(frozen=True)
class Draft:
    """A row that passed the checks of its texts. `prompt` holds exactly one `<image>`; `pass_rate` is None in Vero.

    `image`: the bytes of a file, none where the row has no image.
    """

    origin: Origin
    prompt: str
    scored: Scored
    image: bytes
    pass_rate: float | None = None

    def checked(self, check: Callable[[Question], None]) -> "Draft":
        """The draft with an answer that the grader's `check` accepts. Raises Excluded."""
        return replace(self, scored=self.scored.checked(check))


@dataclass(frozen=True)
class RowReader:
    """Reads the rows of one shard. `config` is the shard's folder; `paths` locates its columns."""

    source: str
    config: str
    paths: Mapping[str, str]
    limits: Limits

    @property
    def columns(self) -> list[str]:
        """The top-level columns to read."""
        return sorted({path.split(".")[0] for path in self.paths.values()})

    def origin(self, row: Mapping[str, Any]) -> Origin:
        if self.source == MMFINEREASON:
            return Origin(self.source, _text(self._get(row, "source")), _text(self._get(row, "id")))
        identity = self._get(row, "id")
        return Origin(
            self.source, self.config, _text(self._get(row, "extra_info.id") if identity is None else identity)
        )

    def draft(self, row: Mapping[str, Any]) -> Draft:
        """The draft of a row. Raises Excluded for a row that fails a check."""
        try:
            check_texts([self._get(row, column) for column in self.paths])
        except BadRow as error:
            raise Excluded("text_broken", str(error)) from error
        draft = self._vero(row) if self.source == VERO else self._mmfinereason(row)
        self._check_length(draft.scored.answer)
        return draft

    def _vero(self, row: Mapping[str, Any]) -> Draft:
        prompt = _one_mark(_user_message(self._get(row, "prompt")))
        truth = self._answer(self._get(row, "reward_model.ground_truth"))
        reward_type = self._get(row, "extra_info.reward_type")
        scored = from_reward_type(reward_type, truth, prompt, self._get(row, "extra_info.tolerance"))
        return Draft(self.origin(row), prompt, scored, self._image(row))

    def _mmfinereason(self, row: Mapping[str, Any]) -> Draft:
        pass_rate = self._pass_rate(row)
        prompt = _one_mark(_text(self._get(row, "question")))
        scored = from_answer(self._answer(self._get(row, "answer")), prompt)
        return Draft(self.origin(row), prompt, scored, self._image(row), pass_rate)

    def _get(self, row: Mapping[str, Any], column: str) -> Any:
        value: Any = row
        for name in self.paths.get(column, "").split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    def _answer(self, value: Any) -> str:
        answer = _text(value).strip()
        if not answer:
            raise Excluded("answer_missing")
        self._check_length(answer)
        return answer

    def _check_length(self, answer: str) -> None:
        if len(answer) > self.limits.answer_chars:
            raise Excluded("answer_long", f"{len(answer)} characters")

    def _pass_rate(self, row: Mapping[str, Any]) -> float:
        rate = self._get(row, "pass_rate")
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
            raise Excluded("pass_rate_missing", f"{rate!r}")
        if rate > self.limits.pass_rate:
            raise Excluded("pass_rate_high", f"{rate:g}")
        return float(rate)

    def _image(self, row: Mapping[str, Any]) -> bytes:
        image = self._get(row, "image")
        return (image.get("bytes") if isinstance(image, Mapping) else None) or b""


def _text(value: Any) -> str:
    """A text, or a number as text; "" for other values."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return ""
    return str(value)


def _user_message(prompt: Any) -> str:
    """The user message. System messages ask for another answer format and are skipped."""
    spoken = [(role, content) for role, content in _messages(prompt) if role != "system"]
    if len(spoken) != 1 or spoken[0][0] != "user":
        roles = ", ".join(str(role) for role, _ in spoken) or "no messages"
        raise Excluded("prompt_unreadable", roles)
    return _content(spoken[0][1])


def _messages(prompt: Any) -> list[tuple[Any, Any]]:
    """Roles and contents from either form: a list of messages, or lists of roles and contents."""
    if isinstance(prompt, Mapping):
        roles, contents = prompt.get("role"), prompt.get("content")
        if isinstance(roles, list) and isinstance(contents, list) and len(roles) == len(contents):
            return list(zip(roles, contents, strict=True))
        raise Excluded("prompt_unreadable", "roles and contents do not belong together")
    if not isinstance(prompt, list):
        raise Excluded("prompt_unreadable", f"{type(prompt).__name__}")
    return [(m.get("role"), m.get("content")) if isinstance(m, Mapping) else (None, None) for m in prompt]


def _content(content: Any) -> str:
    """Text of a content: a text, or parts of which each is a text or an image."""
    if isinstance(content, Sequence) and not isinstance(content, str):
        parts = [part if isinstance(part, Mapping) else {} for part in content]
        return "".join(IMAGE if p.get("type") == "image" else _text(p.get("text")) for p in parts)
    return _text(content)


def _one_mark(text: str) -> str:
    """The question with exactly one `<image>`: prepended if there is none; replaces `<image 1>`."""
    text = text.replace(MEDIA_MARK, "").strip()
    if not MARKER.sub("", text).strip():
        raise Excluded("prompt_unreadable", "no text")
    try:
        marked, _ = placed(text, ["image"])
    except BadRow as error:
        raise Excluded("image_marks", str(error)) from error
    return marked.replace(MEDIA_MARK, IMAGE)
