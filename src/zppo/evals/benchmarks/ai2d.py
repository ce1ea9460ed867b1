"""AI2 Diagrams, test split with masked labels: 3,088 questions on diagrams, four options each.

No letters are stored: `answer` is the index of the right option, as text.
"""

from zppo.evals.asking import plain
from zppo.evals.benchmark import Benchmark, Data, Item, Row
from zppo.evals.choices import choice_item, letter_of_index, lettered, score_choice
from zppo.evals.media import image
from zppo.rewards.choice import Choice


def items(row: Row) -> list[Item]:
    options = lettered(row, row["options"])
    gold = letter_of_index(row, "answer", options, row["answer"])
    return [choice_item(row, row.index, plain(row["question"]), Choice(options, gold), media=[image(row, "image")])]


BENCHMARK = Benchmark(
    slug="ai2d",
    abbr="AI2D",
    name="AI2D",
    family="vlm",
    protocol="exact+judge",
    data=Data(
        hub_ids=("lmms-lab/ai2d", "lmms-lab-encoder/ai2d"),
        splits=("test",),
        columns={"question": "str", "options": "list", "answer": "str", "image": "image"},
        rows=3088,
    ),
    items=items,
    score=score_choice,
)
