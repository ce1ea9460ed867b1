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
from zppo.data.conversations import SHAPE, Conversation, conversation
from zppo.data.dropped import BadRow
from zppo.data.markers import in_order, placed, refuse_lost
from zppo.data.media import Medium, media_of_row
from zppo.data.references import final_answer
from zppo.data.rows import Rows
from zppo.rewards.choice import lettered
from zppo.types import MEDIA_MARK, Question


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
        media = media_of_row(self._media(row), rows, index, self._media, self.config)
        asked = self._asked(row)
        text, order = self._text(row, asked, [medium.kind for medium in media])
        fields, given = self.columns.rest(row), self._given_answer(row, asked)
        answer = self._answer(given, self.columns.value(row, "answer_type"))
        question = Question(
            self._id(row, rows, index),
            text,
            answer,
            fields if given == answer else fields | {"answer": given},
            tuple(media[position] for position in order),
            asked.messages,
            asked.system,
        )
        for role in ("answer_type", "source"):
            if not isinstance(named := self.columns.value(row, role), str | None):
                raise BadRow("bad column", f"the {role} is {reprlib.repr(named)}; a text is needed")
        check_texts([question.id, question.text, question.system, question.answer, fields])
        if not question.words and not question.media:
            raise BadRow("no question", "the question is empty or not a text")
        return question

    def _media(self, row: Any) -> list[Medium]:
        """Those of the columns, then those that parts of the prompt hold themselves."""
        if not isinstance(row, Mapping):
            return []
        name = self.columns.name(row, "question") or ""
        held = [mark for mark in self._asked(row).marks if mark.value is not None]
        return self.columns.media(row) + [Medium(m.kind, m.value, name, i) for i, m in enumerate(held)]

    def _asked(self, row: Mapping[str, Any]) -> Conversation:
        prompt = self.columns.value(row, "question")
        if prompt is None:
            names = " or ".join(f"`{name}`" for name in self.columns.names("question"))
            raise BadRow("no question", f"there is no question; a row needs a {names} column")
        found = conversation(prompt)
        if found.reply is not None and not self.columns.replies:
            raise BadRow("no question", f"the prompt ends in a turn of the assistant; {SHAPE}")
        return found

    def _text(self, row: Mapping[str, Any], asked: Conversation, kinds: Sequence[str]) -> tuple[str, list[int]]:
        """The question with a mark for each medium, options included, and which medium each mark stands for."""
        text = "".join(piece if isinstance(piece, str) else MEDIA_MARK for piece in asked.pieces)
        more = _unseen_options(self.columns.value(row, "options"), text)
        if not kinds:
            refuse_lost(text + more, self.columns.media_kinds(row))
        if not asked.marks:
            return placed(text + more, kinds)
        of_columns = len(kinds) - sum(mark.value is not None for mark in asked.marks)
        there = iter(in_order([m.kind for m in asked.marks if m.value is None], kinds[:of_columns]))
        held = iter(range(of_columns, len(kinds)))
        return text + more, [next(there if mark.value is None else held) for mark in asked.marks]

    def _given_answer(self, row: Mapping[str, Any], asked: Conversation) -> Any:
        answer = self.columns.value(row, "answer")
        return asked.reply if answer is None else answer

    def _answer(self, answer: Any, answer_type: Any) -> str:
        if isinstance(answer, list | tuple):
            answer = _as_json(answer)
        if answer is None or not str(answer).strip():
            if not self.answered:
                return ""
            raise BadRow("no answer", "there is no answer; a row needs an `answer` column")
        if not isinstance(answer, str | int | float) or (isinstance(answer, float) and not math.isfinite(answer)):
            raise BadRow("no answer", f"the answer is {type(answer).__name__}, not a text, a number or a list of them")
        found = final_answer(str(answer), answer_type) if self.answered else str(answer)
        if len(found) > self.config.max_answer_chars:
            limit = f"data.max_answer_chars is {self.config.max_answer_chars}"
            raise BadRow("long answer", f"the answer has {len(found)} characters; {limit}")
        return found

    def _id(self, row: Mapping[str, Any], rows: Rows, index: int) -> str:
        identity = self.columns.value(row, "id")
        if identity is None:
            return rows.place(index).id
        if isinstance(identity, bool) or not isinstance(identity, str | int) or identity == "":
            raise BadRow("bad column", f"the id is {reprlib.repr(identity)}; a text or an integer is needed")
        return str(identity)


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
