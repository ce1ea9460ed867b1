"""Video-MMMU: 300 lectures, each with a question of perception, of comprehension and of adaptation.

The last frame of every video is the image of its adaptation question: the other two must ignore it, and the adaptation
question contains it as well. Videos are `<Domain>/<id>.mp4` inside six archives.
"""

import re
from typing import Any

from zppo.errors import DataError
from zppo.evals.aggregates import micro
from zppo.evals.asking import ask, numbered_images, place_images, plain
from zppo.evals.benchmark import Benchmark, Data, Item, Row, Scored
from zppo.evals.benchmarks.video_mme import without_letter
from zppo.evals.choices import choice_item, known_letter, lettered, score_stated
from zppo.evals.media import beside, image, video
from zppo.evals.rules import score_value
from zppo.rewards.boxed import last_boxed
from zppo.rewards.choice import Choice
from zppo.rewards.graded import shown
from zppo.rewards.plain import as_text, number
from zppo.types import MEDIA_MARK, Media

ADAPTATION = "Adaptation"
IGNORE = "The last frame of the video does not belong to this question: ignore it."
APPLY = "Apply what the video teaches to this question."
DOMAINS = {
    "Art": ("Art", "Art_Theory", "Design", "Music"),
    "Business": ("Accounting", "Economics", "Finance", "Manage", "Marketing"),
    "Engineering": (
        *("Agriculture", "Architecture_and_Engineering", "Computer_Science", "Electronics"),
        *("Energy_and_Power", "Materials", "Mechanical_Engineering"),
    ),
    "Humanities": ("History", "Literature", "Psychology", "Sociology"),
    "Medicine": (
        *("Basic_Medical_Science", "Clinical_Medicine", "Diagnostics_and_Laboratory_Medicine"),
        *("Pharmacy", "Public_Health"),
    ),
    "Science": ("Biology", "Chemistry", "Geography", "Math", "Physics"),
}
_DOMAIN = {subject: domain for domain, subjects in DOMAINS.items() for subject in subjects}
_ID = re.compile(r"(?:validation|test|dev|new)_(\w+)_\d+")
_ALTERNATIVE = re.compile(r"[^\s,\[\]'\"]+")
DECIMALS = 2
"""Decimal places of compared numbers, the benchmark's own."""


def items(row: Row) -> list[Item]:
    domain = _domain(row)
    text, media = _text(row), [video(row, beside(row, f"{domain}/{row['id']}.mp4"))]
    if row.config == ADAPTATION:
        media.append(image(row, "image"))
    identity, group = f"{row.config}/{row['id']}", {"track": row.config, "domain": domain}
    if row["options"]:  # a choice, whatever its `question_type`
        options = lettered(row, [without_letter(plain(option)) for option in row["options"]])
        gold = known_letter(row, "answer", options, row["answer"])
        return [choice_item(row, identity, text, Choice(options, gold), group, media)]
    if row.config != ADAPTATION or row["question_type"] == "multiple-choice":
        raise DataError(f"{row.where}: column 'options' is empty, but the question is a choice")
    return [_open(row, identity, text, group, media)]


def _open(row: Row, identity: str, text: str, group: dict[str, str], media: list[Media]) -> Item:
    """An open question. The gold is a value, a letter (of an arrow, say), or the text of a list of right values."""
    answer = plain(row["answer"])
    golds = _ALTERNATIVE.findall(answer) if answer.startswith("[") else [answer]
    return Item(ask(row, identity, text, " or ".join(golds), media=media), golds, group)


def _text(row: Row) -> str:
    """The video first, then the question; an image without a token comes after the question."""
    asked = plain(row["question"])
    if row.config != ADAPTATION:
        return f"{MEDIA_MARK}\n{asked}\n{IGNORE}"
    asked = place_images(asked) if numbered_images(asked) else f"{asked}\n{MEDIA_MARK}"
    return f"{MEDIA_MARK}\n{APPLY}\n{asked}"


def _domain(row: Row) -> str:
    match = _ID.fullmatch(str(row["id"]))
    if match is None or match[1] not in _DOMAIN:
        raise DataError(f"{row.where}: column 'id' should be such as validation_Art_3, not {row['id']!r}")
    return _DOMAIN[match[1]]


def score(item: Item, response: str) -> Scored | None:
    if "options" in item.question.fields:
        return score_stated(item, response)
    box = last_boxed(response)
    said, golds = _rounded(box), [_rounded(gold) for gold in item.gold]
    if said is None or None in golds:
        return score_value(item, response)
    return Scored(float(said in golds), f"rule: {shown(box or '')} is read as {said:g}", box)


def _rounded(text: str | None) -> float | None:
    value = None if text is None else number(as_text(text).replace(",", ""))
    return None if value is None else round(float(value), DECIMALS)


_COMMON: dict[str, Any] = {"id": "str", "question": "str", "options": "list", "answer": "str"}

BENCHMARK = Benchmark(
    slug="video_mmmu",
    abbr="VMMMU",
    name="Video-MMMU",
    family="video",
    protocol="rule+judge",
    data=Data(
        hub_ids=("lmms-lab/VideoMMMU", "lmms-eval/VideoMMMU"),
        configs=("Perception", "Comprehension", ADAPTATION),
        splits=("test",),
        columns=_COMMON,
        config_columns={ADAPTATION: {**_COMMON, "image": "image", "question_type": "str"}},
        files=("*.zip",),
        gated=True,
        rows=900,
    ),
    items=items,
    score=score,
    aggregate=micro("track", "domain"),
)
