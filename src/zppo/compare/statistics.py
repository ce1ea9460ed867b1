"""Means, spreads and paired bootstrap intervals over seeds or benchmarks; standard library only."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

RESAMPLES = 10_000
TAIL = RESAMPLES // 40
"""Resamples outside of a 95 % interval, on each side."""


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation (n - 1; None for a single value) over seeds."""

    mean: float
    sd: float | None


@dataclass(frozen=True)
class Difference:
    """A paired difference: its mean, the ends of a 95 % interval (None for one pair), and the number of pairs won."""

    mean: float
    low: float | None
    high: float | None
    wins: int


def spread(values: Sequence[float | None]) -> Spread | None:
    """Spread of the values; None if a value is missing."""
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    return Spread(fmean(known), stdev(known) if len(known) > 1 else None)


def resamples(pairs: int) -> list[list[int]]:
    """`RESAMPLES` draws of `pairs` positions with replacement, with a fixed seed: the same for all comparisons."""
    rng = random.Random(0)
    return [rng.choices(range(pairs), k=pairs) for _ in range(RESAMPLES)]


def paired_difference(
    values: Sequence[float | None], baseline: Sequence[float | None], draws: Sequence[Sequence[int]]
) -> Difference | None:
    """`values` minus `baseline`, pair by pair, with the percentile interval of the mean over `draws`.

    None if a value is missing.
    """
    gains = [v - b for v, b in zip(values, baseline, strict=True) if v is not None and b is not None]
    if len(gains) < len(values):
        return None
    wins = sum(gain > 0 for gain in gains)
    if len(gains) == 1:
        return Difference(gains[0], None, None, wins)
    means = sorted(fmean(gains[place] for place in draw) for draw in draws)
    return Difference(fmean(gains), means[TAIL], means[-TAIL - 1], wins)
