r"""AIME 2025, I and II: 30 problems whose answers are whole numbers from 0 to 999.

The gold of problem 5 of part II is written `336^\circ`; the degree is removed, so that 336 is right.
"""

import re

from zppo.errors import DataError
from zppo.evals.asking import ask, plain
from zppo.evals.benchmark import Benchmark, Data, Item, Row
from zppo.evals.rules import score_value

_DEGREES = re.compile(r"\s*(?:\^\s*\\circ|\^\s*\{\s*\\circ\s*\}|°)\s*$")


def aime_item(row: Row, identity: object, problem: str, answer: object) -> Item:
    """The item of an AIME problem. Raises DataError for an answer that is not a whole number from 0 to 999."""
    gold = _DEGREES.sub("", plain(answer).strip("$"))
    if not (gold.isascii() and gold.isdigit() and int(gold) <= 999):
        raise DataError(f"{row.where}: column 'answer' should be a whole number from 0 to 999, not {answer!r}")
    return Item(ask(row, identity, plain(problem), gold), gold, {"config": row.config})


def items(row: Row) -> list[Item]:
    return [aime_item(row, f"{row.config}/{row.index}", row["question"], row["answer"])]


BENCHMARK = Benchmark(
    slug="aime25",
    abbr="AIME25",
    name="AIME 2025",
    family="llm",
    protocol="exact+judge",
    data=Data(
        hub_ids=("opencompass/AIME2025",),
        configs=("AIME2025-I", "AIME2025-II"),
        splits=("test",),
        columns={"question": "str", "answer": "str"},
        rows=30,
    ),
    items=items,
    score=score_value,
)
