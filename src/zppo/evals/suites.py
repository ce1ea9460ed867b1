"""Which benchmarks are run."""

from collections.abc import Mapping, Sequence

from zppo.errors import ConfigError, nearest
from zppo.evals.benchmark import FAMILIES, Benchmark

SUITES = (*FAMILIES, "all", "pocket")


def choose(known: Mapping[str, Benchmark], suite: str | None, names: Sequence[str] = ()) -> list[Benchmark]:
    """The benchmarks of a suite, or those named (by slug or by the paper's column name), in the order of the suite.

    Raises ConfigError for an unknown name, and when nothing is chosen.
    """
    slugs = {benchmark.abbr.lower(): slug for slug, benchmark in known.items()} | {slug: slug for slug in known}
    for name in names:
        if name.lower() not in slugs:
            raise ConfigError(f"there is no benchmark {name!r}{nearest(name.lower(), slugs)}")
    named = {slugs[name.lower()] for name in names}
    chosen = [
        benchmark
        for family in FAMILIES
        for slug, benchmark in known.items()
        if benchmark.family == family and (slug in named if names else suite in ("all", family))
    ]
    if not chosen:
        raise ConfigError(f"say what to evaluate: --suite {'|'.join(SUITES)}, or --benchmarks with some names")
    return chosen
