"""From rows (a JSONL file, a Hugging Face dataset, dicts) to questions, with errors that name file and row."""

import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from zppo.errors import DataError
from zppo.types import Question

PROMPT_COLUMNS = ("prompt", "question")


def read_jsonl(path: str | Path) -> list[Question]:
    """The questions of a JSONL file: one object a line with `prompt` (or `question`) and `answer`, optionally `id`.

    Raises DataError naming the file and the line (counted from 1).
    """
    return questions_from(json_rows(path), str(path))


def questions_from(rows: Iterable[Any], source: str) -> list[Question]:
    """Questions from rows with `prompt` (or `question`) and `answer`, or from questions. `source` names them in errors.

    A prompt is a text, or a conversation of exactly one user message. Without an `id` column the row number serves.
    An answer that is a list becomes JSON text; all other columns become the question's `fields`.

    Raises DataError for no rows, a row that is no mapping, a missing or empty question or answer, an id that occurs
    twice, and a column that JSON cannot hold.
    """
    questions: list[Question] = []
    seen: dict[str, int] = {}
    for number, row in enumerate(rows, start=1):
        question = row if isinstance(row, Question) else _question(row, number, f"{source}, row {number}")
        if question.id in seen:
            raise DataError(f"{source}, row {number}: id {question.id!r} already stands in row {seen[question.id]}")
        seen[question.id] = number
        questions.append(question)
    if not questions:
        raise DataError(f"{source}: there are no rows")
    return questions


def epochs(questions: Sequence[Question], per_step: int, seed: int) -> Iterator[list[Question]]:
    """`per_step` new questions a step, without end: every epoch a fresh order, each question at most once in it.

    The last `len(questions) % per_step` questions of an epoch's order sit that epoch out.
    """
    epoch = 0
    while True:
        order = random.Random(f"{seed}/epoch/{epoch}").sample(questions, len(questions))
        for start in range(0, len(order) - per_step + 1, per_step):
            yield order[start : start + per_step]
        epoch += 1


def json_rows(path: str | Path) -> Iterator[Any]:
    """What each line of a JSONL file holds. Raises DataError naming the file and the line (counted from 1)."""
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: there is no such data file")
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield json.loads(line.decode("utf-8"))
            except UnicodeDecodeError as error:
                raise DataError(f"{path}, row {number}: not UTF-8 ({error})") from error
            except json.JSONDecodeError as error:
                raise DataError(f"{path}, row {number}: not a JSON object ({error})") from error


def _question(row: Any, number: int, where: str) -> Question:
    if not isinstance(row, Mapping):
        raise DataError(f"{where}: a row is an object with `prompt` and `answer`, not {type(row).__name__}")
    column = next((c for c in PROMPT_COLUMNS if row.get(c) is not None), None)
    if column is None:
        raise DataError(f"{where}: there is no question; a row needs a `prompt` (or `question`) column")
    text, answer = _prompt_text(row[column], where), row.get("answer")
    if answer is None or not str(answer).strip():
        raise DataError(f"{where}: there is no answer; a row needs an `answer` column")
    if isinstance(answer, list | tuple):
        answer = json.dumps(answer, ensure_ascii=False)
    identity = row.get("id")
    fields = {k: v for k, v in row.items() if k not in (column, "answer", "id")}
    for name, value in fields.items():
        _check_storable(name, value, where)
    return Question(str(number if identity is None else identity), text, str(answer), fields)


def _check_storable(name: str, value: Any, where: str) -> None:
    """A buffered question goes into the checkpoint, which is JSON."""
    try:
        json.dumps(value)
    except (TypeError, ValueError) as error:
        kind = type(value).__name__
        raise DataError(f"{where}: column {name!r} holds {kind}, which a checkpoint cannot hold; drop it") from error


def _prompt_text(prompt: Any, where: str) -> str:
    if isinstance(prompt, Sequence) and not isinstance(prompt, str):
        if len(prompt) != 1 or not isinstance(prompt[0], Mapping) or prompt[0].get("role") != "user":
            raise DataError(f"{where}: a conversational prompt must be exactly one user message")
        prompt = prompt[0].get("content")
    if not isinstance(prompt, str) or not prompt.strip():
        raise DataError(f"{where}: the question is empty or not a text")
    return prompt
