"""The tensor functions of the update against plain Python, one token at a time."""

import math

import pytest
import torch

from zppo.training.loss import entropy, policy_loss, response_logprobs

LOW, HIGH, DUAL = 0.2, 0.28, 3.0
RATIOS = (0.05, 0.79, 0.81, 1.0, 1.27, 1.29, 2.9, 3.1, 20.0)
ADVANTAGES = (-2.0, -0.5, 0.5, 2.0)


def token_loss(ratio: float, advantage: float) -> float:
    """The surrogate of method section 4, written as in the papers."""
    clipped = min(max(ratio, 1 - LOW), 1 + HIGH)
    surrogate = min(ratio * advantage, clipped * advantage)
    return -(max(surrogate, DUAL * advantage) if advantage < 0 else surrogate)


def losses() -> tuple[torch.Tensor, torch.Tensor]:
    """(loss, its gradient by the log-probability), both [advantages, ratios]."""
    logp = torch.tensor([[math.log(r) for r in RATIOS]] * len(ADVANTAGES), dtype=torch.float64, requires_grad=True)
    loss, _ = policy_loss(logp, torch.zeros_like(logp), torch.tensor(ADVANTAGES).double(), LOW, HIGH, DUAL)
    (gradient,) = torch.autograd.grad(loss.sum(), logp)
    return loss.detach(), gradient


def test_the_loss_is_the_clipped_surrogate_of_every_token() -> None:
    expected = [[token_loss(r, a) for r in RATIOS] for a in ADVANTAGES]
    torch.testing.assert_close(losses()[0], torch.tensor(expected, dtype=torch.float64), atol=1e-12, rtol=0)


@pytest.mark.parametrize("advantage", ADVANTAGES)
@pytest.mark.parametrize("ratio", RATIOS)
def test_a_clipped_token_has_no_gradient_and_any_other_has_ratio_times_advantage(
    ratio: float, advantage: float
) -> None:
    silent = ratio > 1 + HIGH if advantage > 0 else ratio < 1 - LOW or ratio > DUAL
    gradient = losses()[1][ADVANTAGES.index(advantage), RATIOS.index(ratio)]
    assert gradient.item() == pytest.approx(0.0 if silent else -ratio * advantage)


def test_clip_masks_mark_the_tokens_that_a_clip_silenced() -> None:
    logp = torch.tensor([[math.log(r) for r in RATIOS]] * len(ADVANTAGES))
    _, clipping = policy_loss(logp, torch.zeros_like(logp), torch.tensor(ADVANTAGES), LOW, HIGH, DUAL)
    down = [[a < 0 and r < 1 - LOW for r in RATIOS] for a in ADVANTAGES]
    up = [[a > 0 and r > 1 + HIGH for r in RATIOS] for a in ADVANTAGES]
    far = [[a < 0 and r > DUAL for r in RATIOS] for a in ADVANTAGES]
    assert [clipping.low.tolist(), clipping.high.tolist(), clipping.dual.tolist()] == [down, up, far]


@pytest.mark.parametrize("temperature", [0.7, 1.0, 2.0])
def test_logprobs_are_those_of_the_sampling_distribution(temperature: float) -> None:
    logits = torch.randn(2, 3, 11, generator=torch.Generator().manual_seed(0))
    ids = torch.tensor([[0, 10, 5], [3, 3, 7]])
    expected = torch.distributions.Categorical(logits=logits / temperature).log_prob(ids)
    torch.testing.assert_close(response_logprobs(logits, ids, temperature), expected)


def test_logprobs_of_half_precision_logits_are_taken_in_full_precision() -> None:
    logits = torch.tensor([[[20.0, 0.0, -3.0]]]).bfloat16()
    got = response_logprobs(logits, torch.tensor([[0]]), 1.0)
    assert got.dtype == torch.float32
    assert got.item() == pytest.approx(-math.log1p(math.exp(-20) + math.exp(-23)), abs=1e-6)


@pytest.mark.parametrize("temperature", [0.7, 1.0, 2.0])
def test_entropy_is_in_nats(temperature: float) -> None:
    logits = torch.randn(2, 3, 11, generator=torch.Generator().manual_seed(1))
    expected = torch.distributions.Categorical(logits=logits / temperature).entropy()
    torch.testing.assert_close(entropy(logits, temperature), expected)
    assert entropy(torch.zeros(1, 1, 8), temperature).item() == pytest.approx(math.log(8))
