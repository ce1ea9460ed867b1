"""CharXiv, validation split: 1,000 charts of papers, each with one reasoning and four descriptive questions.

Each kind of question is judged with its own rubric. The score is the unweighted mean of reasoning and descriptive
accuracy, which are reported too.
"""

from functools import partial
from math import isfinite
from typing import Any

from zppo.errors import DataError
from zppo.evals.aggregates import macro
from zppo.evals.asking import ask, plain
from zppo.evals.benchmark import Benchmark, Data, Item, Judgement, Row
from zppo.evals.benchmarks.charxiv_questions import (
    ABOUT_THE_FIGURE,
    DESCRIPTIVE,
    NUMBER_IN_GENERAL,
    REASONING,
    RUBRIC,
    decimals,
)
from zppo.evals.media import image
from zppo.evals.replies import read_binary
from zppo.evals.rules import leave_to_judge
from zppo.rewards.boxed import last_boxed
from zppo.rewards.thoughts import visible

REASONING_RUBRIC = {
    1: "reasoning_text",
    2: "reasoning_general",
    3: "reasoning_number",
    NUMBER_IN_GENERAL: "reasoning_number",
}
"""Rubrics by `reasoning_a_type`. The column `reasoning_q_source` has numbers too, with another meaning."""


def items(row: Row) -> list[Item]:
    return [_reasoning(row), *(_descriptive(row, i) for i in range(1, 5))]


def _reasoning(row: Row) -> Item:
    kind, asked, gold = int(row["reasoning_a_type"]), plain(row["reasoning_q"]), plain(row["reasoning_a"])
    if kind not in REASONING_RUBRIC:
        raise DataError(f"{row.where}: column 'reasoning_a_type' should be 1 to 4, not {kind}")
    rule = decimals(gold) if kind == NUMBER_IN_GENERAL else REASONING[kind]
    return _item(row, "reasoning", f"{asked}\n{rule}", asked, gold, REASONING_RUBRIC[kind])


def _descriptive(row: Row, place: int) -> Item:
    number, gold = int(row[f"descriptive_q{place}"]), plain(row[f"descriptive_a{place}"])
    if number not in DESCRIPTIVE:
        raise DataError(f"{row.where}: column 'descriptive_q{place}' should be 1 to {len(DESCRIPTIVE)}, not {number}")
    asked, rule = DESCRIPTIVE[number]
    where = "" if number in ABOUT_THE_FIGURE else f"For {_subplot(row)}, "
    return _item(
        row, f"descriptive{place}", f"{where}{asked}\n{rule}", asked[0].upper() + asked[1:], gold, RUBRIC[number]
    )


def _item(row: Row, name: str, text: str, asked: str, gold: str, rubric: str) -> Item:
    fields = {"asked": asked, "rubric": rubric}
    question = ask(row, f"{row.index}/{name}", text, gold, fields, [image(row, "image")])
    return Item(question, gold, {"part": name.rstrip("1234"), "rubric": rubric})


def _subplot(row: Row) -> str:
    """Position of the subplot of the question: a place in the grid, or words where the subplots form no grid."""
    rows, columns = _whole(row.values.get("subplot_row")), _whole(row.values.get("subplot_col"))
    if rows is not None and columns is not None:
        return f"the subplot at row {rows} and column {columns}" if rows else "the current plot"
    words = row.values.get("subplot_loc")
    if isinstance(words, list | tuple) and len(words) == 2:
        return f"the subplot at row {words[0]} and column {words[1]}" if words[0] else "the current plot"
    if not isinstance(words, str) or not words.strip():
        raise DataError(f"{row.where}: neither 'subplot_row' and 'subplot_col' nor 'subplot_loc' says which subplot")
    return plain(words)


def _whole(value: Any) -> int | None:
    """An integer, also if the column is read as floats because of its nulls; None for any other value."""
    return None if value is None or not isfinite(value) else int(value)


def judgement(item: Item, response: str) -> Judgement:
    fields = item.question.fields
    values = {"question": fields["asked"], "answer": item.gold, "response": visible(response)}
    return Judgement(
        f"charxiv_{fields['rubric']}", values, partial(read_binary, key="score"), extracted=last_boxed(response)
    )


BENCHMARK = Benchmark(
    slug="charxiv",
    abbr="CharXiv",
    name="CharXiv (val)",
    family="vlm",
    protocol="bench_judge",
    data=Data(
        hub_ids=("princeton-nlp/CharXiv",),
        splits=("validation",),
        columns={
            "image": "image",
            "reasoning_q": "str",
            "reasoning_a": "str",
            "reasoning_a_type": "int",
            **{f"descriptive_q{i}": "int" for i in range(1, 5)},
            **{f"descriptive_a{i}": "str" for i in range(1, 5)},
            "subplot_row": "float|null",
            "subplot_col": "float|null",
            "subplot_loc": "str|list|null",
        },
        rows=1000,
        unverified=("the type of `subplot_loc`",),
    ),
    items=items,
    score=leave_to_judge,
    judgement=judgement,
    aggregate=macro("part", "rubric"),
)
