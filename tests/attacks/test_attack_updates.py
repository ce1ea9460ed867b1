"""Poisoned updates: a number that is not finite, anywhere, moves no weights and reaches no checkpoint."""

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from zppo.engines.poison import FiniteLogits
from zppo.errors import PoisonError
from zppo.training.guard import IN_A_ROW, UpdateGuard, finite
from zppo.training.state import RunState

POISON = {"nan": math.nan, "inf": math.inf, "minus inf": -math.inf}
DTYPES = (torch.float32, torch.bfloat16, torch.float16)


def new_model(dtype: torch.dtype = torch.float32) -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Linear(8, 2)).to(dtype)


def new_guard() -> UpdateGuard:
    return UpdateGuard(1e-3, lambda: [])


def update(model: torch.nn.Module, spoil: Callable[[torch.nn.Module], None], loss: float = 0.5) -> RunState:
    """One guarded update with weight decay and momentum."""
    guard, state = new_guard(), RunState()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.5)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    spoil(model)
    guard.loss = loss
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    guard.admit(float(norm), model, state, None)
    optimizer.step()
    return state


def unmoved(model: torch.nn.Module) -> bool:
    fresh = new_model(next(model.parameters()).dtype)
    return all(torch.equal(a, b) for a, b in zip(model.parameters(), fresh.parameters(), strict=True))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("index", [0, 7, 31])
@pytest.mark.parametrize("case", POISON)
def test_one_number_of_a_gradient(case: str, index: int, dtype: torch.dtype) -> None:
    def spoil(model: Any) -> None:
        model[0].weight.grad.view(-1)[index] = POISON[case]

    model = new_model(dtype)
    assert update(model, spoil).skipped_updates == 1 and unmoved(model)


@pytest.mark.parametrize("case", POISON)
def test_a_loss(case: str) -> None:
    model = new_model()
    assert update(model, lambda model: None, POISON[case]).skipped_updates == 1 and unmoved(model)


def test_a_sound_update_is_made() -> None:
    model = new_model()
    assert update(model, lambda model: None).skipped_updates == 0 and not unmoved(model)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("case", POISON)
def test_one_weight(case: str, layer: int, dtype: torch.dtype) -> None:
    model: Any = new_model(dtype)
    new_guard().check_weights(model, RunState())
    model[layer].bias.data[1] = POISON[case]
    with pytest.raises(PoisonError, match=r"stopped at rollout step 1: .*weights that are not finite"):
        new_guard().check_weights(model, RunState())


@pytest.mark.parametrize("pattern", ["xxx", "x.xxx", "xx.xxx", "xx.xx.xxx"])
def test_three_in_a_row(pattern: str) -> None:
    guard, state, model = new_guard(), RunState(), new_model()
    for mark in pattern[:-1]:
        guard.admit(math.nan if mark == "x" else 1.0, model, state, None)
    with pytest.raises(PoisonError, match=f"{IN_A_ROW} updates in a row"):
        guard.admit(math.nan, model, state, None)
    assert state.skipped_updates == pattern.count("x")


@pytest.mark.parametrize(("scale", "ends"), [(2.0**16, False), (2.0, False), (1.0, True), (0.5, True)])
def test_an_overflow_of_scaled_gradients(scale: float, ends: bool) -> None:
    guard, state, model = new_guard(), RunState(), new_model()
    try:
        for _ in range(IN_A_ROW):
            guard.admit(math.inf, model, state, scale)
    except PoisonError:
        assert ends
    else:
        assert not ends
    assert state.skipped_updates == IN_A_ROW


@pytest.mark.parametrize("row", [0, 1])
@pytest.mark.parametrize("case", ["nan", "inf", "all suppressed"])
def test_logits(case: str, row: int) -> None:
    check, scores = FiniteLogits("somebody's model"), torch.zeros(2, 5)
    scores[:, 0] = -math.inf  # a suppressed token
    assert check(None, scores) is scores  # type: ignore[arg-type]
    scores[row] = -math.inf if case == "all suppressed" else scores[row]
    scores[row, 3] = {"nan": math.nan, "inf": math.inf}.get(case, -math.inf)
    with pytest.raises(PoisonError, match="the logits of somebody's model are not finite"):
        check(None, scores)  # type: ignore[arg-type]


@pytest.mark.parametrize("case", POISON)
def test_a_metric(case: str) -> None:
    assert finite({"loss/policy": POISON[case], "a": 1}) == {"a": 1}


def test_the_message_names_the_last_good_checkpoint() -> None:
    guard = UpdateGuard(1e12, lambda: [SimpleNamespace(), "checkpoint-8"])  # type: ignore[list-item]
    guard.loss = math.nan
    state = RunState(step=4, skipped_in_a_row=2)
    with pytest.raises(PoisonError, match=r"step 5: .*last good checkpoint is checkpoint-8.*1e\+12 here"):
        guard.admit(1.0, new_model(), state, None)
