"""Video-MME without subtitles: 2,700 questions on 900 videos, a third each short, medium and long.

The options include their letters. Videos are `data/<videoID>.mp4` (a few `.MP4` or `.mkv`) inside
`videos_chunked_*.zip`.
"""

import re

from zppo.evals.aggregates import micro
from zppo.evals.asking import plain
from zppo.evals.benchmark import Benchmark, Data, Item, Row
from zppo.evals.choices import choice_item, known_letter, lettered, score_stated
from zppo.evals.media import beside, video
from zppo.rewards.choice import Choice
from zppo.types import MEDIA_MARK

SUFFIXES = (".mp4", ".MP4", ".mkv")
_LETTERED = re.compile(r"([A-Z])[.)]\s*(.*)", re.DOTALL)


def items(row: Row) -> list[Item]:
    return [item_of(row)]


def item_of(row: Row, before: str = "") -> Item:
    """The item of a row, with `before` between the video and the question."""
    options = lettered(row, [without_letter(plain(option)) for option in row["options"]])
    gold = known_letter(row, "answer", options, row["answer"])
    text = f"{MEDIA_MARK}\n{before}{plain(row['question'])}"
    group = {"duration": str(row["duration"]), "domain": str(row["domain"]), "task": str(row["task_type"])}
    return choice_item(row, row["question_id"], text, Choice(options, gold), group, [video(row, path_of(row))])


def path_of(row: Row) -> str:
    return beside(row, *(f"data/{row['videoID']}{suffix}" for suffix in SUFFIXES))


def without_letter(option: str) -> str:
    """`A. Apples.` as `Apples.`, so that it is not lettered twice."""
    match = _LETTERED.fullmatch(option)
    return match[2] if match else option


DATA = Data(
    hub_ids=("lmms-lab/Video-MME", "lmms-eval/Video-MME"),
    configs=("videomme",),
    splits=("test",),
    columns={
        "videoID": "str",
        "question_id": "str",
        "duration": "str",
        "domain": "str",
        "task_type": "str",
        "question": "str",
        "options": "list",
        "answer": "str",
    },
    files=("videos_chunked_*.zip", "subtitle.zip"),
    rows=2700,
    unverified=("the number of archives",),
)

BENCHMARK = Benchmark(
    slug="video_mme",
    abbr="VMME",
    name="Video-MME",
    family="video",
    protocol="rule+judge",
    data=DATA,
    items=items,
    score=score_stated,
    aggregate=micro("duration", "domain", "task"),
)
