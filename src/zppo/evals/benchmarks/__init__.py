"""The benchmarks, by slug. One file each; see `zppo.evals.benchmark` for what a benchmark says of itself."""

from zppo.evals.benchmark import Benchmark
from zppo.evals.benchmarks import (
    aime25,
    aime26,
    ceval,
    gpqa_diamond,
    hle,
    imo_answerbench,
    mmlu,
    mmlu_pro,
    mmlu_redux,
    multichallenge,
)

BENCHMARKS: dict[str, Benchmark] = {
    "aime25": aime25.BENCHMARK,
    "aime26": aime26.BENCHMARK,
    "ceval": ceval.BENCHMARK,
    "gpqa_diamond": gpqa_diamond.BENCHMARK,
    "hle": hle.BENCHMARK,
    "imo_answerbench": imo_answerbench.BENCHMARK,
    "mmlu": mmlu.BENCHMARK,
    "mmlu_pro": mmlu_pro.BENCHMARK,
    "mmlu_redux": mmlu_redux.BENCHMARK,
    "multichallenge": multichallenge.BENCHMARK,
}
