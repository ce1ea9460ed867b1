"""Rollouts of a gradient update as a few padded tensors."""

import random

import pytest
import torch

from zppo.training.microbatch import SPREAD, Microbatch, microbatches, response_tokens, with_gradient
from zppo.types import Group, Minibatch, Prompt, Question, Rollout

CPU = torch.device("cpu")


def row(prompt: list[int], response: list[int], advantage: float = 1.0) -> tuple[Group, Rollout]:
    rollout = Rollout(response, "", advantage=advantage)
    return Group(Prompt("plain", Question("q", "q", "a"), "q"), [rollout], prompt), rollout


def random_rows(count: int, seed: int) -> Minibatch:
    rng = random.Random(seed)
    return [row([1] * rng.randint(2, 30), [2] * rng.randint(1, 30)) for _ in range(count)]


def pieces(rows: Minibatch, max_tokens: int) -> list[Microbatch]:
    return list(microbatches(rows, max_tokens, 0, CPU))


@pytest.mark.parametrize("max_tokens", [1, 60, 200, 10_000])
def test_every_rollout_stands_in_exactly_one_microbatch(max_tokens: int) -> None:
    rows = random_rows(40, max_tokens)
    placed = [id(r) for micro in pieces(rows, max_tokens) for r in micro.rollouts]
    assert sorted(placed) == sorted(id(r) for _, r in rows)


@pytest.mark.parametrize("max_tokens", [1, 60, 200, 10_000])
def test_padded_tokens_stay_within_the_budget_and_padding_within_the_spread(max_tokens: int) -> None:
    sizes = []
    for micro in pieces(random_rows(40, max_tokens), max_tokens):
        lengths = micro.attention_BL.sum(-1)
        assert micro.ids_BL.numel() <= max_tokens or len(micro.rollouts) == 1
        assert lengths.max() <= SPREAD * lengths.min()
        assert micro.ids_BL.shape[1] == lengths.max()
        sizes += lengths.tolist()
    assert sizes == sorted(sizes)


def test_a_large_budget_fills_microbatches_up_to_the_spread() -> None:
    rows = [row([1, 1], [2] * n) for n in (2, 4, 5, 7, 8)]  # lengths 4, 6, 7, 9, 10
    assert [len(micro.rollouts) for micro in pieces(rows, 10_000)] == [2, 3]


def test_the_budget_is_used_to_the_last_token() -> None:
    rows = [row([1, 1], [2, 2]) for _ in range(4)]
    assert [len(micro.rollouts) for micro in pieces(rows, 12)] == [3, 1]
    assert [len(micro.rollouts) for micro in pieces(rows, 11)] == [2, 2]


def test_window_targets_and_mask_of_a_worked_example() -> None:
    """Position p of the logits predicts the token at p + 1; the window begins where the shortest prompt ends."""
    (micro,) = pieces([row([11, 12, 13], [14], 0.5), row([21, 22], [23, 24, 25], -0.5)], 100)
    assert micro.ids_BL.tolist() == [[11, 12, 13, 14, 0], [21, 22, 23, 24, 25]]
    assert micro.attention_BL.tolist() == [[1, 1, 1, 1, 0], [1, 1, 1, 1, 1]]
    assert micro.window_T.tolist() == [1, 2, 3]
    assert micro.target_BT.tolist() == [[13, 14, 0], [23, 24, 25]]
    assert micro.mask_BT.tolist() == [[False, True, False], [True, True, True]]
    assert micro.advantage_B.tolist() == [0.5, -0.5]


def test_masked_targets_are_exactly_the_response_tokens() -> None:
    rng = random.Random(5)
    rows = [row([1] * rng.randint(2, 9), [rng.randint(2, 99) for _ in range(rng.randint(1, 9))]) for _ in range(20)]
    for micro in pieces(rows, 120):
        for rollout, target, mask in zip(micro.rollouts, micro.target_BT, micro.mask_BT, strict=True):
            assert target[mask].tolist() == rollout.token_ids


def test_zero_advantage_counts_in_the_token_mean_only() -> None:
    rows = [row([1], [2, 3], 0.0), row([1], [2, 3, 4], -0.1), row([1], [2], 0.1)]
    assert with_gradient(rows) == rows[1:]
    assert response_tokens(rows) == 6
