"""InfographicVQA, validation split: 2,801 questions scored by ANLS. The test split has no answers."""

from zppo.errors import DataError
from zppo.evals.asking import ask, filled, plain
from zppo.evals.benchmark import Benchmark, Data, Item, Row, Scored
from zppo.evals.media import image
from zppo.evals.metrics import anls
from zppo.evals.rules import final_text
from zppo.rewards.graded import shown


def items(row: Row) -> list[Item]:
    golds = filled(row["answers"])
    if not golds:
        raise DataError(f"{row.where}: column 'answers' is empty, as in the test split; the split must be validation")
    question = ask(row, row["questionId"], plain(row["question"]), " or ".join(golds), media=[image(row, "image")])
    return [Item(question, golds)]


def score(item: Item, response: str) -> Scored:
    answer = final_text(response)
    value = anls(answer, item.gold)
    return Scored(value, f"ANLS {value:.2f} of {shown(answer)}", answer)


BENCHMARK = Benchmark(
    slug="infovqa",
    abbr="InfoVQA",
    name="InfographicVQA (val)",
    family="vlm",
    protocol="deterministic",
    data=Data(
        hub_ids=("lmms-lab/DocVQA", "lmms-lab-encoder/DocVQA"),
        configs=("InfographicVQA",),
        splits=("validation",),
        columns={"questionId": "str|int", "question": "str", "answers": "list", "image": "image"},
        rows=2801,
        unverified=("further columns, which are not used",),
    ),
    items=items,
    score=score,
)
