"""MMLU-Pro, test split: 12,032 questions with 3 to 10 options, lettered up to J."""

from zppo.errors import DataError
from zppo.evals.aggregates import micro
from zppo.evals.asking import plain
from zppo.evals.benchmark import Benchmark, Data, Item, Row
from zppo.evals.choices import choice_item, known_letter, letter_of_index, lettered, score_choice
from zppo.rewards.choice import Choice


def items(row: Row) -> list[Item]:
    options = lettered(row, row["options"])
    gold = known_letter(row, "answer", options, row["answer"])
    if gold != letter_of_index(row, "answer_index", options, row["answer_index"]):
        raise DataError(f"{row.where}: columns 'answer' ({gold}) and 'answer_index' ({row['answer_index']}) disagree")
    group = {"category": str(row["category"])}
    return [choice_item(row, row["question_id"], plain(row["question"]), Choice(options, gold), group)]


BENCHMARK = Benchmark(
    slug="mmlu_pro",
    abbr="MMLU-Pro",
    name="MMLU-Pro",
    family="llm",
    protocol="exact+judge",
    data=Data(
        hub_ids=("TIGER-Lab/MMLU-Pro",),
        splits=("test",),
        columns={
            "question_id": "int",
            "question": "str",
            "options": "list",
            "answer": "str",
            "answer_index": "int",
            "category": "str",
        },
        rows=12032,
    ),
    items=items,
    score=score_choice,
    aggregate=micro("category"),
)
