"""Poisoned rewards: an error that names the function, an unscored response, a trivial group; no NaN advantage."""

import json
import math
from typing import Any

import numpy
import pytest

from zppo.errors import RewardError
from zppo.rewards.functions import RewardFunctions
from zppo.types import Group, Prompt, Question, Rollout
from zppo.zone.advantage import assign_advantages
from zppo.zone.minibatch import with_signal
from zppo.zone.selection import hard_groups

QUESTION = Question("q", "q?", "1")
NAN, INF = math.nan, math.inf
NO_REWARD: dict[str, Any] = {
    "nan": [NAN, 1.0],
    "inf": [1.0, INF],
    "minus inf": [-INF, 1.0],
    "1e308": [1e308, 0.0],
    "minus 1e308": [0.0, -1e308],
    "10**400": [10**400, 0],
    "text": ["1", "2"],
    "bytes": [b"1", b"2"],
    "complex": [1j, 2j],
    "lists": [[1.0], [2.0]],
    "dicts": [{}, {}],
    "numpy nan": numpy.array([NAN, 1.0]),
    "numpy inf": numpy.array([1.0, -INF], dtype="float16"),
    "numpy texts": numpy.array(["a", "b"]),
    "matrix": numpy.ones((2, 2)),
    "one too few": [1.0],
    "one too many": [1.0] * 3,
    "number": 1.0,
    "none": None,
    "a text": "11",
    "set": {1.0, 2.0},
    "mapping": {0: 1.0, 1: 2.0},
    "function": len,
    "types": [float, int],
}
SPREADS: dict[str, list[float | None]] = {
    "rounding": [0.1 + 0.2, 0.3, 0.3, 0.3],
    "more rounding": [sum([0.1] * 10), 1.0, 1.0, 1.0],
    "rounding beside zero": [0.1 + 0.2 - 0.3, 0.0, 0.0, 0.0],
    "large and equal": [1e29, 1e29 * (1 + 1e-15), 1e29],
    "unscored": [None, None, None],
    "one scored": [1.0, None, None],
    "zeros": [0.0, -0.0, 0.0],
    "negative and equal": [-3.3, -3.3000000000000003, -3.3],
}
SIGNALS: dict[str, list[float | None]] = {
    "plain": [1.0, 0.0, 0.0, 1.0],
    "as large as allowed": [1e30, -1e30, 0.0],
    "tiny": [1e-9, 0.0, 1e-9],
    "one in a million": [1.0, 1.0 + 1e-6, 1.0],
    "with a gap": [1.0, None, 0.0],
    "large beside small": [1e30, 1.0, 0.0],
    "negative": [-1.0, -2.0],
}
NORMS = ("without_zero", "with_zero", "none", "group")


def group(rewards: list[float | None], name: str = "q") -> Group:
    return Group(Prompt("plain", Question(name, "q?", "1"), "q?"), [Rollout([1], "a", reward=r) for r in rewards])


def given(result: Any, name: str = "odd") -> Any:
    def function(**columns: Any) -> Any:
        return result

    function.__name__ = name
    return function


@pytest.mark.parametrize("case", NO_REWARD)
def test_no_reward(case: str) -> None:
    with pytest.raises(RewardError, match="reward function 'odd' returned"):
        RewardFunctions([given(NO_REWARD[case])])([QUESTION] * 2, ["a", "b"])


@pytest.mark.parametrize(
    ("rewards", "weights"),
    [
        ((1e30, 1e30), (1, 1)),
        ((1e30, -1e30), (1e300, 1e300)),
        ((1.0, 1.0), (1e308, 1e308)),
        ((1.0, 1.0), (1e308, -1e309)),
    ],
    ids=["sum", "nan of two", "weights", "infinite weight"],
)
def test_a_sum_beyond_all_floats(rewards: tuple[float, float], weights: tuple[float, float]) -> None:
    functions = RewardFunctions([given([r] * 2, name) for r, name in zip(rewards, "ab", strict=True)], weights)
    with pytest.raises(RewardError, match="the rewards of a, b, weighted by"):
        functions([QUESTION] * 2, ["a", "b"])


def test_none_beside_a_poisoned_sum_is_unscored() -> None:
    assert RewardFunctions([given([None]), given([1.0])], [1e308, 1e308])([QUESTION], ["a"]) == [None]


@pytest.mark.parametrize("error", [ValueError, KeyError, RecursionError, MemoryError, ZeroDivisionError, StopIteration])
def test_a_function_that_raises(error: type[Exception]) -> None:
    def fail(**columns: Any) -> None:
        raise error("x")

    with pytest.raises(RewardError, match=f"'fail' raised {error.__name__}"):
        RewardFunctions([fail])([QUESTION], ["a"])


@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_notes_stay_json(value: float) -> None:
    def noting(log_extra: Any, **columns: Any) -> list[float]:
        log_extra("odd", [value])
        return [1.0]

    rollout = Rollout([1], "a")
    RewardFunctions([noting]).score([QUESTION], [rollout])
    assert rollout.notes.keys() == {"odd"} and json.dumps(rollout.notes, allow_nan=False)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("case", SPREADS)
def test_a_trivial_group(case: str, norm: Any) -> None:
    poisoned = group(SPREADS[case])
    assert poisoned.is_trivial and not with_signal([poisoned])
    assign_advantages([poisoned, group([1.0, 0.0], "r")], norm)
    assert [r.advantage for r in poisoned.rollouts] == [0.0] * len(poisoned.rollouts)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("case", SIGNALS)
def test_a_group_with_signal(case: str, norm: Any) -> None:
    groups = [group(SIGNALS[case]), group([1.0, 0.0], "r")]
    assign_advantages(groups, norm)
    advantages = [r.advantage for g in groups for r in g.rollouts]
    assert all(abs(a) <= 2e30 for a in advantages) and any(advantages)
    assert not groups[0].is_trivial


@pytest.mark.parametrize(
    ("rewards", "tau"), [([0.1 + 0.1 + 0.1 - 2e-16] * 3, 0.3), ([0.7 - 0.4] * 4, 0.3), ([0.3] * 3, 0.3)]
)
def test_what_rounding_puts_below_tau_is_easy(rewards: list[float], tau: float) -> None:
    assert not hard_groups([group(rewards)], tau)
