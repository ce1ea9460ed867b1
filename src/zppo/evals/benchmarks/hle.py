"""Humanity's Last Exam: 2,500 questions, 342 of them with an image, scored by the exam's own judge.

The judge reads the whole response, thoughts included. An image is a data URI in a text column, not an image feature.
The exam's system prompt (explanation, answer, confidence) is a format instruction and is omitted; responses state no
confidence, so there is no calibration error.
"""

from functools import partial

from zppo.evals.aggregates import micro
from zppo.evals.asking import ask, plain
from zppo.evals.benchmark import Benchmark, Data, Item, Judgement, Row
from zppo.evals.media import image
from zppo.evals.replies import read_binary
from zppo.evals.rules import leave_to_judge
from zppo.rewards.boxed import last_boxed
from zppo.zone.candidates import neutralise


def items(row: Row) -> list[Item]:
    media = [image(row, "image")] if row["image"] else []
    question = ask(row, row["id"], plain(row["question"]), plain(row["answer"]), media=media)
    group = {"category": str(row["category"]), "image": "yes" if media else "no"}
    return [Item(question, plain(row["answer"]), group)]


def judgement(item: Item, response: str) -> Judgement:
    values = {"question": item.question.words, "answer": item.gold, "response": neutralise(response)}
    return Judgement("hle", values, partial(read_binary, key="correct"), extracted=last_boxed(response))


BENCHMARK = Benchmark(
    slug="hle",
    abbr="HLE",
    name="Humanity's Last Exam",
    family="llm",
    protocol="bench_judge",
    data=Data(
        hub_ids=("cais/hle",),
        splits=("test",),
        columns={
            "id": "str",
            "question": "str",
            "image": "str|null",
            "answer": "str",
            "answer_type": "str",
            "category": "str",
        },
        gated=True,
        rows=2500,
        unverified=("the columns `image_preview`, `rationale_image` and `canary`, which are not used",),
    ),
    items=items,
    score=leave_to_judge,
    judgement=judgement,
    aggregate=micro("image", "category"),
)
