"""MathVision (MATH-V), test split: 3,040 competition problems, half of them multiple choice.

The text has tokens `<image1>`, `<image2>`, ... but every row has one image, into which all were drawn.
"""

from zppo.evals.aggregates import micro
from zppo.evals.asking import ask, numbered_images, plain, without_image_tokens
from zppo.evals.benchmark import Benchmark, Data, Item, Row, Scored
from zppo.evals.choices import LETTERS, choice_item, drawn, known_letter, lettered, score_choice, with_choices
from zppo.evals.media import image
from zppo.evals.rules import score_value
from zppo.rewards.choice import Choice

IN_THE_IMAGE = "Answer the question that the image shows."


def items(row: Row) -> list[Item]:
    text, media = without_image_tokens(plain(row["question"])) or IN_THE_IMAGE, [image(row, "decoded_image")]
    group = {"subject": str(row["subject"]), "level": str(row["level"])}
    if not row["options"]:
        gold = plain(row["answer"])
        return [Item(ask(row, row["id"], text, gold, media=media), gold, group)]
    options = lettered(row, row["options"])
    make = choice_item
    if _are_drawn(options):
        options, make = drawn(LETTERS[: len(options)]), with_choices
    gold = known_letter(row, "answer", options, row["answer"])
    return [make(row, row["id"], text, Choice(options, gold), group, media)]


def _are_drawn(options: dict[str, str]) -> bool:
    """True if the image contains the options: their texts are their own letters, or image tokens."""
    return all(text == letter or text == f"<image{_number(text)}>" for letter, text in options.items())


def _number(text: str) -> int | None:
    return next(iter(numbered_images(text)), None)


def score(item: Item, response: str) -> Scored | None:
    return (score_choice if "options" in item.question.fields else score_value)(item, response)


BENCHMARK = Benchmark(
    slug="mathvision",
    abbr="MVision",
    name="MathVision (test)",
    family="vlm",
    protocol="exact+judge",
    data=Data(
        hub_ids=("MathLLMs/MathVision",),
        splits=("test",),
        columns={
            "id": "str|int",
            "question": "str",
            "options": "list",
            "answer": "str",
            "level": "int|str",
            "subject": "str",
            "decoded_image": "image",
        },
        rows=3040,
        unverified=("which split the paper used",),
    ),
    items=items,
    score=score,
    aggregate=micro("level", "subject"),
)
