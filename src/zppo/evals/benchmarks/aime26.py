"""AIME 2026: 30 problems. The only split is called `train`; the answers are numbers, not texts."""

from zppo.evals.benchmark import Benchmark, Data, Item, Row
from zppo.evals.benchmarks.aime25 import aime_item
from zppo.evals.rules import score_value


def items(row: Row) -> list[Item]:
    return [aime_item(row, row["problem_idx"], row["problem"], row["answer"])]


BENCHMARK = Benchmark(
    slug="aime26",
    abbr="AIME26",
    name="AIME 2026",
    family="llm",
    protocol="exact+judge",
    data=Data(
        hub_ids=("MathArena/aime_2026",),
        splits=("train",),
        columns={"problem_idx": "int", "problem": "str", "answer": "int|str"},
        rows=30,
        unverified=("the type of `answer`", "a further column `problem_type`"),
    ),
    items=items,
    score=score_value,
)
