"""VisualPuzzles: 1,168 reasoning puzzles that need little knowledge. The only split is called `train`.

If the image contains the options, the column is null and the question states it.
"""

from zppo.evals.aggregates import micro
from zppo.evals.asking import plain
from zppo.evals.benchmark import Benchmark, Data, Item, Row
from zppo.evals.choices import choice_item, drawn, known_letter, lettered, score_choice, with_choices
from zppo.evals.media import image
from zppo.rewards.choice import Choice

IN_THE_IMAGE = "The options (A), (B), (C) and (D) stand in the image."


def items(row: Row) -> list[Item]:
    text, media = plain(row["question"]), [image(row, "image")]
    group = {name: str(row.values[name]) for name in ("category", "difficulty") if row.values.get(name)}
    if row["options"] is None:
        options = drawn("ABCD")
        gold = known_letter(row, "answer", options, row["answer"])
        return [with_choices(row, row.index, f"{text}\n\n{IN_THE_IMAGE}", Choice(options, gold), group, media)]
    options = lettered(row, row["options"])
    gold = known_letter(row, "answer", options, row["answer"])
    return [choice_item(row, row.index, text, Choice(options, gold), group, media)]


BENCHMARK = Benchmark(
    slug="visualpuzzles",
    abbr="VisP",
    name="VisualPuzzles",
    family="vlm",
    protocol="exact+judge",
    data=Data(
        hub_ids=("neulab/VisualPuzzles",),
        splits=("train",),
        columns={"image": "image", "question": "str", "options": "list|null", "answer": "str"},
        rows=1168,
        unverified=("the names of the columns `category` and `difficulty`",),
    ),
    items=items,
    score=score_choice,
    aggregate=micro("category", "difficulty"),
)
