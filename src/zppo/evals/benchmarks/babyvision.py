"""BabyVision: 388 tasks of early vision, multiple choice or a blank to fill. The only split is called `train`."""

from zppo.errors import DataError
from zppo.evals.aggregates import micro
from zppo.evals.asking import ask, plain
from zppo.evals.benchmark import Benchmark, Data, Item, Row, Scored
from zppo.evals.choices import choice_item, letter_of_index, lettered, score_choice
from zppo.evals.media import image
from zppo.evals.rules import score_value
from zppo.rewards.choice import Choice

EMPTY = ("", "null", "none")


def items(row: Row) -> list[Item]:
    text, media = plain(row["question"]), [image(row, "image")]
    group = {"type": str(row["type"]), "subtype": str(row["subtype"]), "kind": str(row["ansType"])}
    if row["ansType"] == "choice":
        options = lettered(row, row["options"] or [])
        gold = letter_of_index(row, "choiceAns", options, row["choiceAns"])
        return [choice_item(row, row["taskId"], text, Choice(options, gold), group, media)]
    if row["ansType"] != "blank":
        raise DataError(f"{row.where}: column 'ansType' should be 'choice' or 'blank', not {row['ansType']!r}")
    gold = plain(row["blankAns"])
    if gold.lower() in EMPTY:
        raise DataError(f"{row.where}: column 'blankAns' should hold the answer of a blank, not {row['blankAns']!r}")
    return [Item(ask(row, row["taskId"], text, gold, media=media), gold, group)]


def score(item: Item, response: str) -> Scored | None:
    return (score_choice if item.group["kind"] == "choice" else score_value)(item, response)


BENCHMARK = Benchmark(
    slug="babyvision",
    abbr="BabyV",
    name="BabyVision",
    family="vlm",
    protocol="exact+judge",
    data=Data(
        hub_ids=("UnipatAI/BabyVision",),
        splits=("train",),
        columns={
            "taskId": "int|str",
            "type": "str",
            "subtype": "str",
            "question": "str",
            "ansType": "str",
            "options": "list|null",
            "choiceAns": "int|float|str|null",
            "blankAns": "str|null",
            "image": "image",
        },
        rows=388,
        unverified=("the types of `taskId` and `choiceAns`",),
    ),
    items=items,
    score=score,
    aggregate=micro("type"),
)
