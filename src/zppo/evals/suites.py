"""Selection of benchmarks."""

from collections.abc import Mapping, Sequence

from zppo.errors import ConfigError, nearest
from zppo.evals.benchmark import FAMILIES, Benchmark

SUITES = (*FAMILIES, "all", "pocket")


def choose(known: Mapping[str, Benchmark], suite: str | None, names: Sequence[str] = ()) -> list[Benchmark]:
    """The benchmarks of a suite, or the named ones (by slug or by the paper's column name), in the suite's order.

    No suite means all of them, by name. Raises ConfigError for an unknown name, and for an empty selection.
    """
    if suite is None and not names:
        raise ConfigError(f"say what to evaluate: --suite {'|'.join(SUITES)}, or --benchmarks with some names")
    of_suite = {slug: b for slug, b in known.items() if suite in (None, "all", b.family)}
    slugs = {benchmark.abbr.lower(): slug for slug, benchmark in of_suite.items()} | {slug: slug for slug in of_suite}
    for name in names:
        if name.lower() not in slugs:
            where = f" in the suite {suite}" if suite else ""
            raise ConfigError(f"there is no benchmark {name!r}{where}{nearest(name.lower(), slugs)}")
    named = {slugs[name.lower()] for name in names} or of_suite.keys()
    return [b for family in FAMILIES for slug, b in of_suite.items() if b.family == family and slug in named]
