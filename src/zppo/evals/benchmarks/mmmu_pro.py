"""MMMU-Pro: 1,730 questions in three configs: with ten options, with four, and as a screenshot.

`<image N>` occurs in questions and in options, out of order where options were shuffled; it always means the column
`image_N`. The score pools the three configs; `official` is the mean of ten options and screenshots, the authors' own.
"""

import ast
from collections.abc import Mapping
from statistics import fmean

from zppo.errors import DataError
from zppo.evals.aggregates import Pairs, macro, means
from zppo.evals.asking import numbered_images, place_images, plain
from zppo.evals.benchmark import Benchmark, Data, Item, Row
from zppo.evals.choices import known_letter, lettered, score_choice, with_choices
from zppo.evals.media import image, image_from, is_empty
from zppo.rewards.choice import Choice
from zppo.types import Media

TEN, FOUR, VISION = "standard (10 options)", "standard (4 options)", "vision"
IN_THE_IMAGE = "Answer the multiple-choice question that the image shows."


def items(row: Row) -> list[Item]:
    options = lettered(row, _listed(row))
    gold = known_letter(row, "answer", options, row["answer"])
    identity = f"{row.config}/{row['id']}"
    group = {"config": row.config, "subject": str(row["subject"])}
    if row.config == VISION:
        return [with_choices(row, identity, IN_THE_IMAGE, Choice(options, gold), group, [image(row, "image")])]
    written = "\n".join(f"{letter}. {option}" for letter, option in options.items())
    text = f"{plain(row['question'])}\n\n{written}"
    media = [_numbered(row, number) for number in numbered_images(text)]
    return [with_choices(row, identity, place_images(text), Choice(options, gold), group, media or _first(row))]


def _numbered(row: Row, number: int) -> Media:
    name = f"image_{number}"
    value = row.values.get(name)
    if is_empty(value):
        raise DataError(f"{row.where}: the text names <image {number}>, but column {name!r} holds no image")
    return image_from(row, value, name)


def _first(row: Row) -> list[Media]:
    """The images of a question that names none."""
    columns = [name for name in row.values if name.startswith("image_") and not is_empty(row[name])]
    return [image_from(row, row[name], name) for name in sorted(columns, key=lambda name: int(name[6:]))]


def _listed(row: Row) -> list[str]:
    """The options, parsed from the text of a Python list."""
    try:
        options = ast.literal_eval(row["options"])
    except (ValueError, SyntaxError) as error:
        raise DataError(f"{row.where}: column 'options' should be the text of a list ({error})") from None
    if not isinstance(options, list):
        raise DataError(f"{row.where}: column 'options' should be the text of a list, not of {type(options).__name__}")
    return [plain(option) for option in options]


def aggregate(scores: Pairs) -> Mapping[str, float]:
    by_config = means(scores, "config")
    official = {"official": fmean([by_config[TEN], by_config[VISION]])} if {TEN, VISION} <= by_config.keys() else {}
    return {**macro("config", "subject")(scores), **official}


_COMMON = {"id": "str", "options": "str", "answer": "str", "subject": "str"}

BENCHMARK = Benchmark(
    slug="mmmu_pro",
    abbr="MMMUPro",
    name="MMMU-Pro",
    family="vlm",
    protocol="exact+judge",
    data=Data(
        hub_ids=("MMMU/MMMU_Pro",),
        configs=(TEN, FOUR, VISION),
        splits=("test",),
        columns={**_COMMON, "question": "str", "image_1": "image|null"},
        config_columns={VISION: {**_COMMON, "image": "image"}},
        rows=5190,
        unverified=("that there are seven columns of images",),
    ),
    items=items,
    score=score_choice,
    aggregate=aggregate,
)
