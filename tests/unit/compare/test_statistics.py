"""Means, spreads and the paired bootstrap."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zppo.compare.statistics import Difference, Spread, paired_difference, resamples, spread

SHARES = st.floats(0, 1)
PAIRS = st.lists(st.tuples(SHARES, SHARES), min_size=2, max_size=6)


def difference(values: list[float], baseline: list[float]) -> Difference:
    found = paired_difference(values, baseline, resamples(len(values)))
    assert found is not None and found.low is not None and found.high is not None
    return found


@settings(max_examples=10)
@given(PAIRS)
def test_an_interval_contains_the_mean_and_stays_within_the_differences(pairs: list[tuple[float, float]]) -> None:
    values, baseline = map(list, zip(*pairs, strict=True))
    gains = [v - b for v, b in pairs]
    found = difference(values, baseline)
    assert min(gains) - 1e-9 <= found.low <= found.mean + 1e-9 and found.mean - 1e-9 <= found.high <= max(gains) + 1e-9


@settings(max_examples=10)
@given(PAIRS)
def test_the_interval_of_the_opposite_difference_is_the_mirror_image(pairs: list[tuple[float, float]]) -> None:
    values, baseline = map(list, zip(*pairs, strict=True))
    forth, back = difference(values, baseline), difference(baseline, values)
    assert (back.mean, back.low, back.high) == pytest.approx((-forth.mean, -forth.high, -forth.low))


@given(st.integers(2, 9), st.floats(-1, 1))
@settings(max_examples=10)
def test_a_constant_difference_has_an_interval_without_width(seeds: int, constant: float) -> None:
    found = difference([constant] * seeds, [0.0] * seeds)
    assert found.low == found.mean == found.high == pytest.approx(constant)
    assert found.wins == (seeds if constant > 0 else 0)


def test_equal_labels_differ_by_nothing() -> None:
    values = [0.1, 0.7, 0.4]
    assert difference(values, values) == Difference(0.0, 0.0, 0.0, 0)


def test_one_resample_serves_all_labels_and_is_always_the_same() -> None:
    draws = resamples(4)
    assert draws == resamples(4)
    assert len(draws) == 10_000 and {seed for draw in draws for seed in draw} == {0, 1, 2, 3}


def test_an_interval_is_the_percentile_interval_of_resampled_means() -> None:
    draws = [[0, 0]] * 260 + [[0, 1]] * 9480 + [[1, 1]] * 260
    assert paired_difference([0.0, 1.0], [0.0, 0.0], draws) == Difference(0.5, 0.0, 1.0, 1)
    draws = [[0, 0]] * 240 + [[0, 1]] * 9520 + [[1, 1]] * 240
    assert paired_difference([0.0, 1.0], [0.0, 0.0], draws) == Difference(0.5, 0.5, 0.5, 1)


def test_one_seed_has_neither_spread_nor_interval() -> None:
    assert spread([0.25]) == Spread(0.25, None)
    assert paired_difference([0.5], [0.25], resamples(1)) == Difference(0.25, None, None, 1)


def test_the_spread_is_the_sample_standard_deviation() -> None:
    assert spread([0.1, 0.2, 0.3]) == Spread(pytest.approx(0.2), pytest.approx(0.1))  # type: ignore[arg-type]


def test_a_missing_value_leaves_nothing_to_compare() -> None:
    assert spread([0.1, None]) is None
    assert paired_difference([0.1, None], [0.1, 0.2], resamples(2)) is None
