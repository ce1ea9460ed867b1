"""MM-Vet, version 1: 218 open questions that mix six capabilities, graded from 0.0 to 1.0 in tenths by a judge.

The gold holds `<AND>` and `<OR>` between the elements of an answer. The judge reads question, gold and prediction and
completes the number. The benchmark's paper averages five replies; here the judge replies once.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from statistics import fmean

from zppo.evals.aggregates import Pairs
from zppo.evals.asking import ask, plain
from zppo.evals.benchmark import Benchmark, Data, Item, Judgement, Row
from zppo.evals.media import image
from zppo.evals.rules import leave_to_judge
from zppo.rewards.boxed import last_boxed
from zppo.rewards.thoughts import visible

_LOGIC = re.compile(r"\s*(<AND>|<OR>)\s*")


def items(row: Row) -> list[Item]:
    gold = _LOGIC.sub(r" \1 ", plain(row["answer"])).strip()
    question = ask(row, row["question_id"], plain(row["question"]), gold, media=[image(row, "image")])
    return [Item(question, gold, {"capability": str(row["capability"])})]


def judgement(item: Item, response: str) -> Judgement:
    prediction = " ".join(visible(response).split())
    values = {"question": item.question.words, "answer": item.gold, "response": prediction}
    return Judgement("mm_vet", values, read, extracted=last_boxed(response))


def read(reply: str) -> float | None:
    """The first word, if it is a number from 0 to 1."""
    try:
        value = float(reply.split()[0].strip("|`*"))
    except (IndexError, ValueError):
        return None
    return value if 0 <= value <= 1 else None


def aggregate(scores: Pairs) -> Mapping[str, float]:
    """Score by capability; a question of several capabilities counts for each of them."""
    capabilities: dict[str, list[float]] = defaultdict(list)
    for item, score in scores:
        for capability in item.group["capability"].split(","):
            capabilities[capability.strip()].append(score)
    each = {f"capability/{name}": 100 * fmean(values) for name, values in capabilities.items()}
    return {"score": 100 * fmean(score for _, score in scores)} | each


BENCHMARK = Benchmark(
    slug="mm_vet",
    abbr="MM-Vet",
    name="MM-Vet",
    family="vlm",
    protocol="bench_judge",
    data=Data(
        hub_ids=("lmms-lab/MMVet", "lmms-lab-encoder/MMVet"),
        splits=("test",),
        columns={"question_id": "str", "question": "str", "answer": "str", "image": "image", "capability": "str"},
        rows=218,
        unverified=("the number of rows", "the column `image_source`, which is not used"),
    ),
    items=items,
    score=leave_to_judge,
    judgement=judgement,
    aggregate=aggregate,
)
