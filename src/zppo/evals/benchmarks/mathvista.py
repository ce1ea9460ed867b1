"""MathVista, testmini: 1,000 questions. The gold of a multiple choice is the text of the option, not its letter.

The box is converted to the form of the gold as in the benchmark's own scorer, and must then be equal to it.
"""

import ast
from typing import Any

from zppo.errors import DataError
from zppo.evals.aggregates import micro
from zppo.evals.asking import ask, plain
from zppo.evals.benchmark import Benchmark, Data, Item, Row, Scored
from zppo.evals.choices import choice_item, letter_of_text, lettered, score_chosen
from zppo.evals.media import image
from zppo.evals.metrics import edit_distance
from zppo.evals.rules import unwrapped
from zppo.rewards.boxed import last_boxed
from zppo.rewards.choice import Choice
from zppo.rewards.graded import shown
from zppo.rewards.plain import as_text

KINDS = ("text", "integer", "float", "list")


def items(row: Row) -> list[Item]:
    text, media, kind = plain(row["question"]), [image(row, "decoded_image")], str(row["answer_type"])
    if row["unit"]:
        text += f" (Unit: {row['unit']})"
    group = {"kind": kind, "task": str(row["metadata"].get("task")), "context": str(row["metadata"].get("context"))}
    if row["question_type"] == "multi_choice":
        options = lettered(row, row["choices"])
        gold = letter_of_text(row, "answer", options, row["answer"])
        return [choice_item(row, row["pid"], text, Choice(options, gold), group, media)]
    if row["question_type"] != "free_form" or kind not in KINDS:
        raise DataError(f"{row.where}: unknown question_type {row['question_type']!r} or answer_type {kind!r}")
    if kind == "float" and row["precision"] is None:
        raise DataError(f"{row.where}: column 'precision' is needed for an answer of type float")
    gold = plain(row["answer"])
    question = ask(row, row["pid"], text, gold, {"precision": row["precision"]}, media)
    return [Item(question, gold, group)]


def score(item: Item, response: str) -> Scored | None:
    box = last_boxed(response)
    if box is None:
        return None
    if "options" in item.question.fields:
        return score_chosen(item, box) or _nearest_option(item, box)
    said = _normal(box, item.group["kind"], item.question.fields["precision"])
    if said is None:
        return None
    return Scored(float(said == _gold(item)), f"rule: {shown(box)} is read as {said}", str(said))


def _gold(item: Item) -> Any:
    return _normal(item.gold, item.group["kind"], item.question.fields["precision"])


def _nearest_option(item: Item, box: str) -> Scored:
    """The option with the smallest edit distance to the box: the benchmark's rule for an answer that is no option."""
    options, said = item.question.fields["options"], unwrapped(box)
    letter = min(options, key=lambda letter: edit_distance(said, options[letter]))
    right = options[letter] == options[item.gold]
    return Scored(float(right), f"rule: {shown(box)} is nearest to option {letter}", letter)


def _normal(text: str, kind: str, precision: float | None) -> Any:
    """An answer in the form of its type; None if it cannot be parsed as that."""
    text = as_text(text)
    try:
        if kind == "integer":
            return int(float(text))
        if kind == "float" and precision is not None:
            return round(float(text), int(precision))
        if kind == "list":
            return ast.literal_eval(text)
    except (ValueError, SyntaxError, OverflowError, TypeError, MemoryError, RecursionError):
        return None
    return text.casefold()


BENCHMARK = Benchmark(
    slug="mathvista",
    abbr="MVista",
    name="MathVista (testmini)",
    family="vlm",
    protocol="rule+judge",
    data=Data(
        hub_ids=("AI4Math/MathVista",),
        splits=("testmini",),
        columns={
            "pid": "str|int",
            "question": "str",
            "decoded_image": "image",
            "choices": "list|null",
            "unit": "str|null",
            "precision": "float|null",
            "answer": "str",
            "question_type": "str",
            "answer_type": "str",
            "metadata": "dict",
        },
        rows=1000,
    ),
    items=items,
    score=score,
    aggregate=micro("task", "context"),
)
