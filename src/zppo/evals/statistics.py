"""Comparison of two methods over benchmarks: macro averages per family and 95 % intervals (method section 11).

The interval is a cluster bootstrap: 10,000 resamples of the benchmarks of a family, the same ones for every comparison.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from zppo.compare.statistics import paired_difference, resamples
from zppo.errors import DataError, nearest
from zppo.evals.benchmark import FAMILIES
from zppo.evals.results import AVERAGES, Result


@dataclass(frozen=True)
class Comparison:
    """`method` minus `baseline` in points, over the `n` benchmarks of a family that both have.

    `low` and `high` are the ends of the interval, None for a single benchmark. `wins` counts benchmarks on which the
    method is strictly better. `n` is 0 if one side has only the average, as printed in the paper for Hint and Prefix.
    """

    student: str
    family: str
    delta: float
    low: float | None
    high: float | None
    wins: int
    n: int
    method_average: float
    baseline_average: float


@dataclass(frozen=True)
class Comparisons:
    """`unpaired` names, by student and method, the benchmarks that only that method has: they are skipped."""

    families: list[Comparison]
    unpaired: dict[tuple[str, str], list[str]]


def compare(results: Sequence[Result], method: str, baseline: str, student: str | None = None) -> Comparisons:
    """One comparison per student (the given one, or all that have both) and family: vlm, llm, video, then others.

    Raises DataError when a method or student is not among the results, or when they share no benchmark.
    """
    families: list[Comparison] = []
    unpaired: dict[tuple[str, str], list[str]] = {}
    for name in [student] if student is not None else _with_both(results, method, baseline):
        ours, theirs = (_scores(results, name, side) for side in (method, baseline))
        compared = (_family(name, family, ours, theirs) for family in in_order(f for f, _ in ours))
        families += [comparison for comparison in compared if comparison is not None]
        averaged = {f.family for f in families if f.student == name and not f.n}
        alone = {(name, method): ours.keys() - theirs.keys(), (name, baseline): theirs.keys() - ours.keys()}
        left_out = {side: sorted(b for family, b in keys if family not in averaged) for side, keys in alone.items()}
        unpaired |= {side: names for side, names in left_out.items() if names}
    if not families:
        raise DataError(f"{method!r} and {baseline!r} have no benchmark in common; there is nothing to compare")
    return Comparisons(families, unpaired)


def macro_averages(results: Iterable[Result]) -> dict[str, float]:
    """The plain mean over the benchmarks of each family, in the order of the families."""
    results = _scores_only(list(results))
    return {
        family: fmean(r.score for r in results if r.family == family) for family in in_order(r.family for r in results)
    }


def _scores_only(results: Sequence[Result]) -> list[Result]:
    """Results without printed averages of families whose scores are included: an average is not a benchmark."""
    scored = {(r.student, r.method, r.family) for r in results if not r.is_average}
    return [r for r in results if not r.is_average or (r.student, r.method, r.family) not in scored]


def in_order(families: Iterable[str]) -> list[str]:
    """The paper's families first, in its order; others by name."""
    distinct = set(families)
    return [f for f in FAMILIES if f in distinct] + sorted(distinct - set(FAMILIES))


Scores = Mapping[tuple[str, str], float]
"""Scores by family and benchmark."""


def _with_both(results: Sequence[Result], method: str, baseline: str) -> list[str]:
    """Students with results of both methods, in the order of the file."""
    for name in (method, baseline):
        _known("method", name, (r.method for r in results))
    having = {name: {r.student for r in results if r.method == name} for name in (method, baseline)}
    both = having[method] & having[baseline]
    if not both:
        raise DataError(f"no student has results of both {method!r} and {baseline!r}; there is nothing to compare")
    return [student for student in dict.fromkeys(r.student for r in results) if student in both]


def _known(what: str, name: str, known: Iterable[str]) -> None:
    names = set(known)
    if name not in names:
        raise DataError(f"there are no results of {what} {name!r}{nearest(name, names)}")


def _scores(results: Sequence[Result], student: str, method: str) -> Scores:
    _known("student", student, (r.student for r in results))
    own = [r for r in results if r.student == student]
    _known(f"student {student}, method", method, (r.method for r in own))
    return {(r.family, r.benchmark): r.score for r in _scores_only(own) if r.method == method}


def _printed(family: str, scores: Scores) -> float | None:
    """The printed average of a family without scores."""
    own = {benchmark: score for (of, benchmark), score in scores.items() if of == family}
    averages = [score for benchmark, score in own.items() if benchmark in AVERAGES]
    return averages[0] if averages and len(averages) == len(own) else None


def _average_alone(student: str, family: str, ours: Scores, theirs: Scores) -> Comparison | None:
    """Difference of two averages of which at least one was printed without its scores."""
    printed = [_printed(family, scores) for scores in (ours, theirs)]
    if printed == [None, None]:
        return None
    known = [[score for (of, _), score in scores.items() if of == family] for scores in (ours, theirs)]
    if not all(known):
        return None
    mine, other = (fmean(scores) if p is None else p for p, scores in zip(printed, known, strict=True))
    return Comparison(student, family, mine - other, None, None, 0, 0, mine, other)


def _family(student: str, family: str, ours: Scores, theirs: Scores) -> Comparison | None:
    alone = _average_alone(student, family, ours, theirs)
    if alone is not None:
        return alone
    shared = sorted(key for key in ours if key[0] == family and key in theirs)
    values, against = [ours[key] for key in shared], [theirs[key] for key in shared]
    difference = paired_difference(values, against, resamples(len(shared))) if shared else None
    if difference is None:
        return None
    low, high, wins = difference.low, difference.high, difference.wins
    averages = fmean(values), fmean(against)
    return Comparison(student, family, difference.mean, low, high, wins, len(shared), *averages)
