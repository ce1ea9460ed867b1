"""MMLU, test split: 14,042 questions in 57 subjects, all in the config `all`. The answer is a class label, 0 to 3."""

from zppo.evals.aggregates import micro
from zppo.evals.asking import plain
from zppo.evals.benchmark import Benchmark, Data, Item, Row
from zppo.evals.choices import choice_item, letter_of_index, lettered, score_choice
from zppo.rewards.choice import Choice


def items(row: Row) -> list[Item]:
    options = lettered(row, row["choices"])
    gold = letter_of_index(row, "answer", options, row["answer"])
    return [
        choice_item(row, row.index, plain(row["question"]), Choice(options, gold), {"subject": str(row["subject"])})
    ]


BENCHMARK = Benchmark(
    slug="mmlu",
    abbr="MMLU",
    name="MMLU",
    family="llm",
    protocol="exact+judge",
    data=Data(
        hub_ids=("cais/mmlu",),
        configs=("all",),
        splits=("test",),
        columns={"question": "str", "subject": "str", "choices": "list", "answer": "int"},
        rows=14042,
        unverified=("the config `all`",),
    ),
    items=items,
    score=score_choice,
    aggregate=micro("subject"),
)
