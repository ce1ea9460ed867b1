"""EmbSpatial-Bench: 3,640 questions on positions of objects from an agent's viewpoint. The answer is an index."""

from zppo.evals.aggregates import micro
from zppo.evals.asking import plain
from zppo.evals.benchmark import Benchmark, Data, Item, Row
from zppo.evals.choices import choice_item, letter_of_index, lettered, score_choice
from zppo.evals.media import image
from zppo.rewards.choice import Choice


def items(row: Row) -> list[Item]:
    options = lettered(row, row["answer_options"])
    gold = letter_of_index(row, "answer", options, row["answer"])
    group = {"relation": str(row["relation"]), "source": str(row["data_source"])}
    media = [image(row, "image")]
    return [choice_item(row, row["question_id"], plain(row["question"]), Choice(options, gold), group, media)]


BENCHMARK = Benchmark(
    slug="embspatial",
    abbr="EmbSp",
    name="EmbSpatial-Bench",
    family="vlm",
    protocol="exact+judge",
    data=Data(
        hub_ids=("FlagEval/EmbSpatial-Bench",),
        splits=("test",),
        columns={
            "question_id": "str|int",
            "data_source": "str",
            "relation": "str",
            "question": "str",
            "answer_options": "list",
            "answer": "int",
            "image": "image",
        },
        rows=3640,
        unverified=(
            "the number of rows, counted on another copy",
            "the names of the six relations",
            "further columns, which are not used",
        ),
    ),
    items=items,
    score=score_choice,
    aggregate=micro("relation", "source"),
)
