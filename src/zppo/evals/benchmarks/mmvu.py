"""MMVU, validation split: 1,000 expert questions on videos, 625 multiple choice and 375 open.

Scored by the authors' judge, which has one prompt for each kind. The column `video` is an address on the Hub; the file
is the path at its end, `videos/<Subject>/<n>.mp4`.
"""

from collections.abc import Mapping
from typing import Any

from zppo.errors import DataError
from zppo.evals.aggregates import micro
from zppo.evals.asking import ask, plain
from zppo.evals.benchmark import Benchmark, Data, Item, Judgement, Row
from zppo.evals.choices import choice_item, known_letter
from zppo.evals.media import beside, video
from zppo.evals.replies import read_verdict
from zppo.evals.rules import leave_to_judge
from zppo.rewards.boxed import last_boxed
from zppo.rewards.choice import Choice
from zppo.rewards.thoughts import visible

CHOICE, OPEN = "multiple-choice", "open-ended"
TEMPLATES = {CHOICE: "mmvu_choice", OPEN: "mmvu_open"}
LETTERS = "ABCDE"
_ADDRESS = "/resolve/main/"


def items(row: Row) -> list[Item]:
    kind, text = str(row["question_type"]), plain(row["question"])
    if kind not in TEMPLATES:
        raise DataError(f"{row.where}: column 'question_type' should be {CHOICE} or {OPEN}, not {kind!r}")
    media = [video(row, beside(row, str(row["video"]).rpartition(_ADDRESS)[2]))]
    group = {"kind": kind, "subject": str(row["metadata"].get("subject"))}
    if kind == CHOICE:
        options = _options(row, row["choices"])
        gold = known_letter(row, "answer", options, row["answer"])
        return [choice_item(row, row["id"], text, Choice(options, gold), group, media)]
    gold = plain(row["answer"])
    return [Item(ask(row, row["id"], text, gold, media=media), gold, group)]


def _options(row: Row, choices: Mapping[str, Any]) -> dict[str, str]:
    options = {letter: plain(choices.get(letter) or "") for letter in LETTERS}
    if not all(options.values()):
        raise DataError(f"{row.where}: column 'choices' should hold five options, not {dict(choices)!r}")
    return options


def judgement(item: Item, response: str) -> Judgement:
    values = {"question": item.question.words, "answer": item.gold, "response": visible(response)}
    template = TEMPLATES[item.group["kind"]]
    return Judgement(template, values, read_verdict, extracted=last_boxed(response))


BENCHMARK = Benchmark(
    slug="mmvu",
    abbr="MMVU",
    name="MMVU (val)",
    family="video",
    protocol="bench_judge",
    data=Data(
        hub_ids=("yale-nlp/MMVU",),
        splits=("validation",),
        columns={
            "id": "str",
            "video": "str",
            "question_type": "str",
            "metadata": "dict",
            "question": "str",
            "choices": "dict",
            "answer": "str",
        },
        files=("videos/*/*.mp4",),
        rows=1000,
    ),
    items=items,
    score=leave_to_judge,
    judgement=judgement,
    aggregate=micro("kind", "subject"),
)
