"""IMO-AnswerBench: 400 olympiad problems with short answers, symbolic and sometimes of several values.

The authors replaced their file by a corrected one in February 2026; the version of the Hub's copy is unknown.
"""

from zppo.evals.aggregates import micro
from zppo.evals.asking import ask, plain
from zppo.evals.benchmark import Benchmark, Data, Item, Row
from zppo.evals.rules import score_value


def items(row: Row) -> list[Item]:
    gold = plain(row["Short Answer"])
    question = ask(row, row["Problem ID"], plain(row["Problem"]), gold)
    return [Item(question, gold, {"category": str(row["Category"])})]


BENCHMARK = Benchmark(
    slug="imo_answerbench",
    abbr="IMO-AB",
    name="IMO-AnswerBench",
    family="llm",
    protocol="exact+judge",
    data=Data(
        hub_ids=("OpenEvals/IMO-AnswerBench",),
        splits=("train",),
        columns={"Problem ID": "str", "Problem": "str", "Short Answer": "str", "Category": "str"},
        rows=400,
        unverified=("whether these are the answers of the first or of the second version",),
    ),
    items=items,
    score=score_value,
    aggregate=micro("category"),
)
