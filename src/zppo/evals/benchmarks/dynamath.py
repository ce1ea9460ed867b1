"""DynaMath: 501 seed questions in ten variants each, one split per variant.

The score is the mean over all 5,010 questions; in `worst_case` a seed is right if all its variants are.
"""

import math
import re
from collections import defaultdict
from collections.abc import Mapping
from statistics import fmean

from zppo.errors import DataError
from zppo.evals.aggregates import Pairs, micro
from zppo.evals.asking import ask, plain
from zppo.evals.benchmark import Benchmark, Data, Item, Row, Scored
from zppo.evals.choices import drawn, known_letter, score_choice, with_choices
from zppo.evals.media import image
from zppo.evals.rules import score_value, unwrapped
from zppo.rewards.boxed import last_boxed
from zppo.rewards.choice import Choice
from zppo.rewards.graded import shown
from zppo.rewards.plain import as_text, number

TOLERANCE = 0.001
"""Absolute tolerance of a number, the benchmark's own."""
TYPES = ("float", "multiple choice", "text", "single answer", "int")
_OPTION = re.compile(r"\(([A-Z])\)\s*(.*?)(?=\s*\([A-Z]\)|$)", re.DOTALL)
_PI = re.compile(r"(.*?)\s*\*?\s*(?:\\pi|π)", re.DOTALL)


def items(row: Row) -> list[Item]:
    kind = str(row["answer_type"])
    if kind not in TYPES:
        raise DataError(f"{row.where}: column 'answer_type' should be one of {', '.join(TYPES)}, not {kind!r}")
    identity, text = f"{row['id']}/{row.split}", plain(row["question"])
    group = {
        "seed": str(row["id"]),
        "kind": kind,
        "subject": " ".join(str(row["subject"]).split()),
        "level": str(row["knowledge_level"]),
    }
    media = [image(row, "decoded_image")]
    if kind == "multiple choice":
        options = _options(text)
        gold = known_letter(row, "ground_truth", options, row["ground_truth"])
        return [with_choices(row, identity, text, Choice(options, gold), group, media)]
    gold = plain(row["ground_truth"])
    if kind == "float" and _number(gold) is None:
        raise DataError(f"{row.where}: column 'ground_truth' should be a number, not {gold!r}")
    return [Item(ask(row, identity, text, gold, media=media), gold, group)]


def score(item: Item, response: str) -> Scored | None:
    if item.group["kind"] == "multiple choice":
        return score_choice(item, response)
    box = last_boxed(response)
    gold = _number(item.gold)
    if box is None:
        return None
    if gold is None:
        return _score_text(item, response, box)
    value = _number(box)
    if value is None:
        return score_value(item, response)
    near = abs(value - gold) <= TOLERANCE
    return Scored(
        float(near), f"rule: {shown(box)} is {'within' if near else 'not within'} {TOLERANCE} of the gold", box
    )


def _score_text(item: Item, response: str, box: str) -> Scored | None:
    """Right if the gold contains the answer, the benchmark's own rule."""
    said = unwrapped(box).lower()
    if said and said in item.gold.lower():
        return Scored(1.0, f"rule: the gold contains {shown(box)}", box)
    return score_value(item, response)


def _number(text: str) -> float | None:
    """A plain number, or one times pi."""
    text = as_text(text)
    times_pi = _PI.fullmatch(text)
    value = number(times_pi[1] or "1") if times_pi else number(text)
    return None if value is None else float(value) * (math.pi if times_pi else 1)


def _options(text: str) -> dict[str, str]:
    """Options in the text, as `(A) yes (B) no`; only letters if it has none."""
    return {letter: option.strip() or letter for letter, option in _OPTION.findall(text)} or drawn("ABCDE")


def aggregate(scores: Pairs) -> Mapping[str, float]:
    worst: dict[str, float] = defaultdict(lambda: 1.0)
    for item, value in scores:
        worst[item.group["seed"]] = min(worst[item.group["seed"]], value)
    return {**micro("subject", "level")(scores), "worst_case": 100 * fmean(worst.values())}


BENCHMARK = Benchmark(
    slug="dynamath",
    abbr="DynaM",
    name="DynaMath",
    family="vlm",
    protocol="exact+judge",
    data=Data(
        hub_ids=("DynaMath/DynaMath_Sample",),
        splits=tuple(f"sample_variant{i}" for i in range(1, 11)),
        columns={
            "id": "str|int",
            "question": "str",
            "decoded_image": "image",
            "ground_truth": "str",
            "answer_type": "str",
            "subject": "str",
            "knowledge_level": "str",
        },
        rows=5010,
        unverified=("the columns and their types, seen only in code of others that reads this data",),
    ),
    items=items,
    score=score,
    aggregate=aggregate,
)
