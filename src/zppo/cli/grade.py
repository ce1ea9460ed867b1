"""`zppo grade FILE.jsonl`: verdict of each response, and its reason."""

import argparse
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from zppo.cli.scoring import add_scoring, scoring
from zppo.data.lines import json_rows
from zppo.errors import DataError
from zppo.rewards.graded import Graded, shown
from zppo.rewards.routing import RoutedScorer
from zppo.types import Question

DESCRIPTION = (
    "Each row of the file is an object with `response` and `answer`, and optionally `id`, `answer_type` (math, choice, "
    "number, exact, list, any, box, free; default math), `options` and the other columns of its answer type. Scored as "
    "in training, except that free-form answers stay unscored: there is no judge here. Reward functions "
    "(--function) are given `prompt` and the other columns, and need no answer."
)


def add_grade(commands: Any) -> None:
    grade = commands.add_parser("grade", help="show how responses are scored, and why", description=DESCRIPTION)
    grade.add_argument("file", type=Path, metavar="FILE.jsonl")
    grade.add_argument("--json", action="store_true", help="one JSON object per row instead of a table")
    add_scoring(grade)
    grade.set_defaults(run=_grade)


def _grade(options: argparse.Namespace, rest: Sequence[str]) -> int:
    extract, functions = scoring(options)
    verdict = RoutedScorer(extract=extract)
    questions, responses = read_rows(options.file, None if functions else verdict)
    graded = functions.grade(questions, responses, extract) if functions else verdict.grade(questions, responses)
    for scorer in (verdict, functions):
        if scorer:
            scorer.close()
    print(as_json(questions, graded) if options.json else as_table(questions, graded))
    return 0


def read_rows(path: Path, verdict: RoutedScorer | None) -> tuple[list[Question], list[str]]:
    """Questions and responses of a file, in the form that `verdict` scores. Raises DataError naming file and row."""
    questions, responses = [], []
    for number, row in json_rows(path):
        where = f"{path}, row {number}"
        question = _question(row, number, where, answered=verdict is not None)
        try:
            if verdict:
                verdict.check([question])
        except DataError as error:
            raise DataError(f"{where}: {error}") from error
        questions.append(question)
        responses.append(row["response"])
    if not questions:
        raise DataError(f"{path}: there are no rows")
    return questions, responses


def as_json(questions: Sequence[Question], graded: Sequence[Graded]) -> str:
    rows = [
        {"id": q.id, "verdict": g.verdict, "reward": g.reward, "answer": g.answer, "reason": g.reason}
        for q, g in zip(questions, graded, strict=True)
    ]
    return "\n".join(json.dumps(row) for row in rows)


def as_table(questions: Sequence[Question], graded: Sequence[Graded]) -> str:
    """Row, verdict, final answer and reason; then the count of each verdict."""
    cells = [("row", "verdict", "answer", "reason")]
    for q, g in zip(questions, graded, strict=True):
        cells.append((q.id, g.verdict, "–" if g.answer is None else shown(g.answer), g.reason))
    rows = [[printable(cell) for cell in row] for row in cells]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    lines = [
        "  ".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in rows
    ]
    counts = Counter(g.verdict for g in graded)
    return "\n".join([*lines, "", ", ".join(f"{counts[v]} {v}" for v in ("right", "wrong", "unscored"))])


def _question(row: Any, number: int, where: str, answered: bool) -> Question:
    if not isinstance(row, Mapping):
        raise DataError(f"{where}: a row is an object with `response` and `answer`, not {type(row).__name__}")
    response, answer = row.get("response"), row.get("answer")
    if not isinstance(response, str):
        raise DataError(f"{where}: `response` is {response!r}; it must be the text of a response")
    if answered and (answer is None or not str(answer).strip()):
        raise DataError(f"{where}: there is no answer; a row needs an `answer` column")
    text = json.dumps(answer) if isinstance(answer, list) else "" if answer is None else str(answer)
    question = Question(str(row.get("id", number)), "", text, row)
    return question if answered else _as_in_training(question)


def _as_in_training(question: Question) -> Question:
    """The question with the prompt and the columns that reward functions get in training."""
    from zppo.data.columns import Columns  # loads `datasets` for seconds; rules do not need it

    row, columns = question.fields, Columns.of({})
    prompt, answer = columns.value(row, "question"), row.get("answer")
    fields = {name: value for name, value in columns.rest(row).items() if name != "response"}
    return replace(
        question,
        text=prompt if isinstance(prompt, str) else "",
        fields=fields if isinstance(answer, str) else fields | {"answer": answer},
        messages=tuple(prompt) if isinstance(prompt, list) else (),
    )


def printable(text: str) -> str:
    """The text with control characters replaced by `?`, so that the terminal does not execute them."""
    return "".join(c if c.isprintable() else "?" for c in text)
