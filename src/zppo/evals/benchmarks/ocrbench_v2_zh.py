"""OCRBench v2, the Chinese part: 2,600 questions of nine tasks in five categories; see `ocrbench_v2_en.py`."""

from zppo.evals.aggregates import macro
from zppo.evals.benchmark import Benchmark, Item, Row
from zppo.evals.benchmarks.ocrbench_v2_en import DATA, items_of, score


def items(row: Row) -> list[Item]:
    return items_of(row, " cn")


BENCHMARK = Benchmark(
    slug="ocrbench_v2_zh",
    abbr="OCRZH",
    name="OCRBench v2 (Chinese)",
    family="vlm",
    protocol="deterministic",
    data=DATA,
    items=items,
    score=score,
    aggregate=macro("category", "task"),
)
