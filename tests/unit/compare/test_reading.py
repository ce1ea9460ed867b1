"""Where a run is read, and what is read there."""

from typing import Any

import pytest
from cells import comparison, evaluation, grid, summary
from hypothesis import given
from hypothesis import strategies as st

from zppo.compare.grid import Cell
from zppo.compare.reading import evaluations_within, interpolated, read_cell, token_budget
from zppo.errors import CompareError

CELL = Cell("zppo", (("zone.tau", "0.4"),), 3)
RUN = summary((0, 0, 0.0), (10, 1000, 0.4), (20, 3000, 0.8))


def test_a_cell_is_read_at_the_end_of_its_run() -> None:
    read = read_cell(CELL, RUN)
    assert (read.label, read.method, read.seed, read.options) == ("zppo zone.tau=0.4", "zppo", 3, {"zone.tau": "0.4"})
    assert (read.matching, read.rollout_steps, read.student_tokens, read.flops) == ("steps", 20, 3000, 3 * 10**9)
    assert read.accuracy == {"overall": 0.5, "easy": 0.9, "hard": 0.8}
    assert read.curve[1] == {"step": 10, "student_tokens": 1000, "overall": 0.5, "easy": 0.9, "hard": 0.4}
    assert [row["step"] for row in read.curve] == [0, 10, 20]


def test_the_average_leaves_out_the_evaluation_before_training() -> None:
    assert read_cell(CELL, RUN).average["hard"] == pytest.approx(0.6)


def test_between_two_evaluations_every_number_lies_on_the_line() -> None:
    read = read_cell(CELL, RUN, budget=2000)
    assert read.matching == "tokens"
    assert (read.rollout_steps, read.student_tokens, read.teacher_tokens, read.gradient_tokens) == (15, 2000, 200, 400)
    assert (read.seconds, read.flops) == (pytest.approx(7.5), 2 * 10**9)
    assert (read.graduated, read.admitted) == ({"0": 8}, {"0": 15})
    assert read.accuracy["hard"] == pytest.approx(0.6)
    assert [row["student_tokens"] for row in read.curve] == [0, 1000, 2000]


def test_the_average_at_a_budget_is_over_equal_shares_of_it() -> None:
    """Half and whole, as the run has two evaluations after its first."""
    assert read_cell(CELL, RUN, budget=2000).average["hard"] == pytest.approx((0.4 + 0.6) / 2)
    assert read_cell(CELL, RUN, budget=500).average["hard"] == pytest.approx((0.1 + 0.2) / 2)
    assert read_cell(CELL, RUN, budget=3000).average["hard"] == pytest.approx((0.5 + 0.8) / 2)


@given(st.lists(st.integers(1, 999), min_size=1, max_size=6, unique=True))
def test_methods_that_learn_equally_per_token_have_the_same_average_however_many_tokens_a_step_takes(
    tokens: list[int],
) -> None:
    rows = [evaluation(0, 0, 0.0), *(evaluation(10 * i, t, t / 1000) for i, t in enumerate(sorted(tokens), 1))]
    run = {"evaluations": [*rows, evaluation(100, 1000, 1.0)]}
    points = len(tokens) + 1
    expected = sum(round(1000 * i / points) for i in range(1, points + 1)) / points / 1000
    assert read_cell(CELL, run, budget=1000).average["hard"] == pytest.approx(expected)


@pytest.mark.parametrize("number", [1, 2])
def test_at_an_evaluation_nothing_is_interpolated(number: int) -> None:
    row = RUN["evaluations"][number]
    assert evaluations_within(RUN["evaluations"], row["student_tokens"])[-1] is row


def test_of_evaluations_at_the_same_tokens_the_last_one_counts() -> None:
    rows = [evaluation(0, 0, 0.0), evaluation(10, 50, 0.3), evaluation(20, 50, 0.6)]
    assert evaluations_within(rows, 50)[-1]["step"] == 20


def test_a_count_that_an_earlier_evaluation_lacks_is_zero_there() -> None:
    assert interpolated({"0": 4}, {"0": 8, "0.5": 10}, 0.5) == {"0": 6, "0.5": 5}


def test_counts_that_an_earlier_evaluation_lacks_are_zero_there() -> None:
    """Nobody had left after 2 visits at the first of the two evaluations."""
    one, other = {"1": {"graduated": 2}}, {"1": {"graduated": 4}, "2": {"improved": 6}}
    assert interpolated(one, other, 0.5) == {"1": {"graduated": 3}, "2": {"improved": 3}}


def test_an_accuracy_that_is_missing_stays_missing() -> None:
    rows = [evaluation(0, 0, None), evaluation(10, 100, None)]
    read = read_cell(CELL, {"evaluations": rows}, budget=50)
    assert read.accuracy["hard"] is None and read.average["hard"] is None and read.average["easy"] == 0.9


NUMBERS: Any = st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9)


@given(NUMBERS, NUMBERS, st.floats(0, 1))
def test_interpolation_stays_between_its_ends_and_keeps_integers_whole(one: Any, other: Any, share: float) -> None:
    value = interpolated(one, other, share)
    assert min(one, other) - 1e-6 <= value <= max(one, other) + 1e-6
    assert interpolated(one, other, 0) == one and interpolated(one, other, 1) == other
    assert isinstance(value, int) == (isinstance(one, int) and isinstance(other, int))


def test_the_budget_is_what_the_cheapest_cell_of_the_whole_grid_has_sampled() -> None:
    runs = {Cell("zppo", (), seed): summary((0, 0, 0.0), (10, tokens, 0.5)) for seed, tokens in ((0, 700), (1, 600))}
    assert token_budget(runs) == 600


def test_without_student_tokens_there_is_no_budget() -> None:
    runs = {Cell("grpo", (), 0): summary((0, 0, 0.0), (10, 0, 0.5))}
    with pytest.raises(CompareError, match=r"grpo seed 0 has sampled no student tokens.*--match steps"):
        token_budget(runs)


def test_the_cheapest_cell_is_read_the_same_at_both_matchings() -> None:
    both = comparison(grid(), ("steps", "tokens"))
    assert both.budget == 1000
    steps, tokens = both.at("steps")["grpo"][0], both.at("tokens")["grpo"][0]
    assert (steps.accuracy, steps.average, steps.curve) == (tokens.accuracy, tokens.average, tokens.curve)


def test_the_other_cells_are_read_at_the_budget() -> None:
    read = comparison(grid(), ("tokens",)).at("tokens")["zppo"]
    assert [(r.rollout_steps, r.student_tokens) for r in read] == [(5, 1000)] * 2
