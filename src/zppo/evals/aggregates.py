"""Aggregates of the scored items of a benchmark, where the score is not the plain mean over items."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from zppo.evals.benchmark import Item

Pairs = Sequence[tuple[Item, float]]
Aggregate = Callable[[Pairs], Mapping[str, float]]


def means(scores: Pairs, column: str) -> dict[str, float]:
    """The mean of every group, in percent, in order of appearance. Items without the column are skipped."""
    groups: dict[str, list[float]] = defaultdict(list)
    for item, score in scores:
        if column in item.group:
            groups[item.group[column]].append(score)
    return {name: 100 * fmean(values) for name, values in groups.items()}


def micro(*columns: str) -> Aggregate:
    """The score is the mean over items; the mean of every group is reported as `column/name`."""

    def aggregate(scores: Pairs) -> Mapping[str, float]:
        return {"score": 100 * fmean(score for _, score in scores)} | _by(scores, columns)

    return aggregate


def macro(column: str, *columns: str) -> Aggregate:
    """The score is the unweighted mean of the means of the groups; the mean over items is `micro`."""

    def aggregate(scores: Pairs) -> Mapping[str, float]:
        return {
            "score": fmean(means(scores, column).values()),
            "micro": 100 * fmean(score for _, score in scores),
        } | _by(scores, (column, *columns))

    return aggregate


def _by(scores: Pairs, columns: Sequence[str]) -> dict[str, float]:
    return {f"{column}/{name}": value for column in columns for name, value in means(scores, column).items()}
