"""Minibatches of random tokens, moved models, and gradients to compare; used by the tests of the losses."""

import copy
import random
from collections.abc import Callable
from typing import Any

import torch

from zppo.types import Group, Minibatch, Prompt, Question, Rollout

ADVANTAGES = (-1.5, -0.4, 0.0, 0.0, 0.4, 1.5)


def rollouts(count: int, advantages: tuple[float, ...] = ADVANTAGES, seed: int = 1) -> Minibatch:
    rng = random.Random(seed)
    question, rows = Question("q", "q", "a"), []
    for i in range(count):
        prompt = [rng.randrange(5, 400) for _ in range(rng.randint(2, 12))]
        response = [rng.randrange(5, 400) for _ in range(rng.randint(1, 14))]
        rollout = Rollout(response, "", advantage=advantages[i % len(advantages)])
        rows.append((Group(Prompt("plain", question, "q"), [rollout], prompt), rollout))
    return rows


def moved(model: Any, distance: float = 0.1) -> Any:
    """A copy of the model after some updates, each parameter off by about `distance` of its size."""
    made, generator = copy.deepcopy(model), torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(distance * parameter.abs().mean() * torch.randn(parameter.shape, generator=generator))
    return made


def token_logits(model: Any, group: Group, rollout: Rollout) -> torch.Tensor:
    """Logits [T, V] that predict the tokens of one response, by one unpadded forward pass over everything."""
    ids = torch.tensor([group.prompt_ids + rollout.token_ids])
    return model(input_ids=ids).logits[0, len(group.prompt_ids) - 1 : -1]


def token_logprobs(model: Any, group: Group, rollout: Rollout, temperature: float) -> torch.Tensor:
    """Log-probabilities [T] of one response."""
    logp = torch.log_softmax(token_logits(model, group, rollout) / temperature, -1)
    return torch.stack([row[token] for row, token in zip(logp, rollout.token_ids, strict=True)])


def gradient(model: Any, backward: Callable[[], Any]) -> list[torch.Tensor]:
    model.zero_grad()
    backward()
    found = [torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    return found


def assert_same_gradient(got: list[torch.Tensor], expected: list[torch.Tensor]) -> None:
    assert max(e.abs().max().item() for e in expected) > 1e-3
    for mine, theirs in zip(got, expected, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-6, rtol=1e-4)
