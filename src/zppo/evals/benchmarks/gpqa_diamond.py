"""GPQA Diamond: 198 questions with one right and three wrong answers, in no stored order.

The order of the options is derived from the text of the question, so that it is the same in every run.
"""

import random
import re

from zppo.errors import DataError
from zppo.evals.aggregates import micro
from zppo.evals.asking import plain
from zppo.evals.benchmark import Benchmark, Data, Item, Row
from zppo.evals.choices import choice_item, lettered, score_choice
from zppo.rewards.choice import Choice

RIGHT = "Correct Answer"
WRONG = ("Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3")
_SPACES = re.compile(r"[ \t]{2,}")


def items(row: Row) -> list[Item]:
    question = _clean(row["Question"])
    columns = [RIGHT, *WRONG]
    random.Random(question).shuffle(columns)
    options = lettered(row, [_clean(row[column]) for column in columns])
    if len(set(options.values())) < len(options):
        raise DataError(f"{row.where}: two of the four answers are the same text")
    gold = list(options)[columns.index(RIGHT)]
    domain = str(row.values.get("High-level domain") or "unknown")
    return [choice_item(row, row.index, question, Choice(options, gold), {"domain": domain})]


def _clean(text: object) -> str:
    """The text without remnants of the web pages that some answers were copied from."""
    return _SPACES.sub(" ", plain(text).replace(" [title]", ". ")).strip()


BENCHMARK = Benchmark(
    slug="gpqa_diamond",
    abbr="GPQA-D",
    name="GPQA Diamond",
    family="llm",
    protocol="exact+judge",
    data=Data(
        hub_ids=("Idavidrein/gpqa",),
        configs=("gpqa_diamond",),
        splits=("train",),
        columns={"Question": "str", RIGHT: "str", **dict.fromkeys(WRONG, "str")},
        gated=True,
        rows=198,
    ),
    items=items,
    score=score_choice,
    aggregate=micro("domain"),
)
