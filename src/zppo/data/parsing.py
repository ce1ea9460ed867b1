"""From one row to one question, or to the reason why there is none."""

import json
import math
import re
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zppo.config import DataConfig
from zppo.data.columns import Columns
from zppo.data.dropped import BadRow
from zppo.data.markers import in_order, placed, refuse_lost
from zppo.data.media import Medium, media_of_row
from zppo.data.rows import Rows
from zppo.rewards.choice import lettered
from zppo.types import MEDIA_MARK, Question

CONVERSATION = "a conversational prompt must be exactly one user message (its words are put into the run's templates)"


@dataclass(frozen=True)
class Parser:
    """Reads rows by the columns and bounds of a config. Unless `answered`, a row may do without an answer."""

    columns: Columns
    config: DataConfig
    answered: bool = True

    def question(self, row: Any, rows: Rows, index: int) -> Question:
        """The question of a row. Raises BadRow with what keeps it from being one."""
        if isinstance(row, Question):
            return row
        if not isinstance(row, Mapping):
            raise BadRow("no row", f"a row is an object with `prompt` and `answer`, not {type(row).__name__}")
        media = media_of_row(self.columns.media(row), rows, index, self._media, self.config)
        text, order = self._text(row, [medium.kind for medium in media])
        fields, prompt, answer = self.columns.rest(row), *(self.columns.value(row, r) for r in ("question", "answer"))
        question = Question(
            self._id(row, rows, index),
            text,
            self._answer(row),
            fields if isinstance(answer, str) else fields | {"answer": answer},
            tuple(media[position] for position in order),
            () if isinstance(prompt, str) else tuple(prompt),
        )
        for role in ("answer_type", "source"):
            if not isinstance(named := self.columns.value(row, role), str | None):
                raise BadRow("bad column", f"the {role} is {reprlib.repr(named)}; a text is needed")
        check_texts([question.id, question.text, question.answer, fields])
        if not question.words and not question.media:
            raise BadRow("no question", "the question is empty or not a text")
        return question

    def _media(self, row: Any) -> Sequence[Medium]:
        return self.columns.media(row) if isinstance(row, Mapping) else []

    def _text(self, row: Mapping[str, Any], kinds: Sequence[str]) -> tuple[str, list[int]]:
        """The question with a mark for each medium, options included, and which medium each mark stands for."""
        prompt = self.columns.value(row, "question")
        if prompt is None:
            names = " or ".join(f"`{name}`" for name in self.columns.names("question"))
            raise BadRow("no question", f"there is no question; a row needs a {names} column")
        parts = _parts(prompt)
        text = "".join(part if isinstance(part, str) else MEDIA_MARK for part in parts)
        more = _unseen_options(self.columns.value(row, "options"), text)
        marks = [part.kind for part in parts if not isinstance(part, str)]
        if not kinds:
            refuse_lost(text + more, self.columns.media_kinds(row))
        return (text + more, in_order(marks, kinds)) if marks else placed(text + more, kinds)

    def _answer(self, row: Mapping[str, Any]) -> str:
        answer = self.columns.value(row, "answer")
        if isinstance(answer, list | tuple):
            answer = _as_json(answer)
        if answer is None or not str(answer).strip():
            if not self.answered:
                return ""
            raise BadRow("no answer", "there is no answer; a row needs an `answer` column")
        if not isinstance(answer, str | int | float) or (isinstance(answer, float) and not math.isfinite(answer)):
            raise BadRow("no answer", f"the answer is {type(answer).__name__}, not a text, a number or a list of them")
        if len(str(answer)) > self.config.max_answer_chars:
            limit = f"data.max_answer_chars is {self.config.max_answer_chars}"
            raise BadRow("long answer", f"the answer has {len(str(answer))} characters; {limit}")
        return str(answer)

    def _id(self, row: Mapping[str, Any], rows: Rows, index: int) -> str:
        identity = self.columns.value(row, "id")
        if identity is None:
            return rows.place(index).id
        if isinstance(identity, bool) or not isinstance(identity, str | int) or identity == "":
            raise BadRow("bad column", f"the id is {reprlib.repr(identity)}; a text or an integer is needed")
        return str(identity)


@dataclass(frozen=True)
class _Mark:
    kind: str


def _parts(prompt: Any) -> list[str | _Mark]:
    """The pieces of a prompt: texts, and where its media stand if it says so by parts."""
    if isinstance(prompt, str):
        return [prompt.replace(MEDIA_MARK, "")]
    if not isinstance(prompt, list | tuple):
        raise BadRow("no question", f"the question is empty or not a text, but {type(prompt).__name__}")
    if len(prompt) != 1 or not isinstance(prompt[0], Mapping) or prompt[0].get("role") != "user":
        raise BadRow("no question", CONVERSATION)
    content = prompt[0].get("content")
    if isinstance(content, str):
        return [content.replace(MEDIA_MARK, "")]
    if not isinstance(content, list | tuple):
        raise BadRow("no question", "the question is empty or not a text")
    return [_part(part) for part in content]


def _part(part: Any) -> str | _Mark:
    kind = part.get("type") if isinstance(part, Mapping) else None
    if kind in ("image", "video"):
        if part.get(kind) is not None:
            raise BadRow("no question", f"a part holds its {kind} itself; put it into the column `{kind}s`")
        return _Mark(kind)
    if kind == "text" and isinstance(part.get("text"), str):
        return part["text"].replace(MEDIA_MARK, "")
    raise BadRow("no question", f"a part of the prompt has type {reprlib.repr(kind)}, not text, image or video")


def _unseen_options(options: Any, text: str) -> str:
    """The lines that show the options, unless each of them stands in the text right behind its letter."""
    if options is None or (isinstance(options, list | tuple | Mapping) and not options):
        return ""
    if not isinstance(options, list | tuple | Mapping):
        raise BadRow("bad column", f"the options are {type(options).__name__}, not a list or an object of texts")
    given = [o for o in options.values() if o is not None] if isinstance(options, Mapping) else options
    if any(isinstance(option, bool) or not isinstance(option, str | int | float) for option in given):
        raise BadRow("bad column", "an option is neither a text nor a number")
    shown, squeezed = lettered(options), _squeezed(text)
    if all(_stands(letter, option, squeezed) for letter, option in shown.items()):
        return ""
    return "".join(f"\n{letter}. {option.replace(MEDIA_MARK, '')}" for letter, option in shown.items())


def _stands(letter: str, option: str, text: str) -> bool:
    """Whether the text says `A. option`, `(A) option`, `A: option` or the like."""
    pattern = rf"(?<![^\W_]){re.escape(letter.casefold())}[\s).:,\]-]*{re.escape(_squeezed(option))}"
    return re.search(pattern, text) is not None


def _squeezed(text: str) -> str:
    return " ".join(text.casefold().split())


def _as_json(answer: Sequence[Any]) -> str:
    if not answer:
        return ""
    try:
        return json.dumps(answer, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRow("no answer", f"the answer is a list that is not JSON ({error})") from error


def _texts(value: Any) -> Iterator[str]:
    """All texts in a value of a row."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(key)
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def check_texts(value: Any) -> None:
    """Raises BadRow for what tokenizers, files and servers stumble over, in any text of a value."""
    for text in _texts(value):
        if "\0" in text:
            raise BadRow("bad text", f"there is a NUL character in {text[:40]!r}")
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise BadRow("bad text", f"there is half a surrogate pair in {text[:40]!r}") from error
