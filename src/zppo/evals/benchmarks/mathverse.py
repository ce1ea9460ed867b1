"""MathVerse, testmini: 788 problems in five versions that move text into the image; the text-only one is excluded.

In the vision-only version the question column is empty: the image contains the whole question. A judge reads
`question_for_eval`, which has the full text in every version.
"""

import re
from typing import Any

from zppo.errors import DataError
from zppo.evals.aggregates import micro
from zppo.evals.asking import ask, plain
from zppo.evals.benchmark import Benchmark, Data, Item, Judgement, Row, Scored
from zppo.evals.choices import drawn, score_choice
from zppo.evals.media import image
from zppo.evals.replies import read_verdict
from zppo.evals.rules import score_value
from zppo.rewards.boxed import last_boxed
from zppo.rewards.thoughts import for_judge

VERSIONS = ("Text Dominant", "Text Lite", "Vision Intensive", "Vision Dominant", "Vision Only")
IN_THE_IMAGE = "Answer the question that the image shows."
_CHOICES = re.compile(r"Choices?:\s*(.*)", re.DOTALL)
_OPTION = re.compile(r"^\s*\(?([A-H])\s*[:.)]\s*(.*?)\s*(?=^\s*\(?[A-H]\s*[:.)]|\Z)", re.DOTALL | re.MULTILINE)


def items(row: Row) -> list[Item]:
    version, full = str(row["problem_version"]), plain(row["question_for_eval"])
    if version not in VERSIONS:
        raise DataError(
            f"{row.where}: column 'problem_version' should be one of {', '.join(VERSIONS)}, not {version!r}"
        )
    text = plain(row["question"])
    if not text and version != "Vision Only":
        raise DataError(f"{row.where}: only questions of the version 'Vision Only' are empty, not of {version!r}")
    kind, gold = str(row["question_type"]), plain(row["answer"])
    if kind not in ("multi-choice", "free-form"):
        raise DataError(f"{row.where}: column 'question_type' should be multi-choice or free-form, not {kind!r}")
    fields: dict[str, Any] = {"question_for_eval": full}
    options = _options(full) if kind == "multi-choice" else {}
    letter = _letter(options, gold)
    if letter is not None:
        fields["options"], gold = options, letter
    question = ask(row, row["sample_index"], text or IN_THE_IMAGE, gold, fields, [image(row, "image")])
    return [Item(question, gold, {"version": version, "kind": kind})]


def score(item: Item, response: str) -> Scored | None:
    return (score_choice if "options" in item.question.fields else score_value)(item, response)


def judgement(item: Item, response: str) -> Judgement:
    full = item.question.fields["question_for_eval"] or item.question.words
    values = {"question": full, "answer": item.question.answer, "response": for_judge(response)}
    return Judgement("answer", values, read_verdict, extracted=last_boxed(response))


def _letter(options: dict[str, str], gold: str) -> str | None:
    """The gold as a letter: it may be `(C)`, or the text of an option. None for two letters or a value."""
    letter = gold.strip("()")
    return letter if letter in options else next((known for known, text in options.items() if text == gold), None)


def _options(full: str) -> dict[str, str]:
    """`Choices:` and lines such as `A:40°`; only letters if there are none."""
    choices = _CHOICES.search(full)
    return dict(_OPTION.findall(choices[1])) if choices else drawn("ABCDEF")


BENCHMARK = Benchmark(
    slug="mathverse",
    abbr="MVerse",
    name="MathVerse (testmini)",
    family="vlm",
    protocol="exact+judge",
    data=Data(
        hub_ids=("CaraJ/MathVerse-lmmseval",),
        configs=("testmini",),
        splits=("testmini",),
        columns={
            "sample_index": "str",
            "problem_version": "str",
            "question": "str",
            "image": "image",
            "answer": "str",
            "question_type": "str",
            "question_for_eval": "str",
        },
        rows=3940,
    ),
    items=items,
    score=score,
    judgement=judgement,
    aggregate=micro("version"),
)
