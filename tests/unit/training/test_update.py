"""One gradient update against a plain reference: one rollout at a time, all rollouts forwarded."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import torch

from zppo.config import UpdateConfig
from zppo.training.update import PolicyUpdate
from zppo.types import Group, Minibatch, Prompt, Question, Rollout

TIGHT = UpdateConfig(clip_low=0.05, clip_high=0.08, dual_clip=1.2, microbatch_tokens=64)
"""Clips so close that a slightly moved policy meets all of them."""


@pytest.fixture(scope="module")
def model(new_model: Callable[..., Any]) -> Any:
    return new_model(seed=3)


@pytest.fixture(scope="module")
def moved(new_model: Callable[..., Any]) -> Any:
    """The same model after some updates."""
    made = new_model(seed=3)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.1 * parameter.abs().mean() * torch.randn(parameter.shape, generator=generator))
    return made


def rollouts(count: int, advantages: tuple[float, ...] = (-1.5, -0.4, 0.0, 0.0, 0.4, 1.5)) -> Minibatch:
    rng = random.Random(1)
    question, rows = Question("q", "q", "a"), []
    for i in range(count):
        prompt = [rng.randrange(5, 400) for _ in range(rng.randint(2, 12))]
        response = [rng.randrange(5, 400) for _ in range(rng.randint(1, 14))]
        rollout = Rollout(response, "", advantage=advantages[i % len(advantages)])
        rows.append((Group(Prompt("plain", question, "q"), [rollout], prompt), rollout))
    return rows


def token_logprobs(model: Any, group: Group, rollout: Rollout, temperature: float) -> torch.Tensor:
    """Log-probabilities of one response, by one unpadded forward pass over everything."""
    ids = torch.tensor([group.prompt_ids + rollout.token_ids])
    logp = torch.log_softmax(model(input_ids=ids).logits[0] / temperature, -1)
    start = len(group.prompt_ids)
    return torch.stack([logp[start + i - 1, token] for i, token in enumerate(rollout.token_ids)])


def reference_loss(model: Any, minibatch: Minibatch, config: UpdateConfig, temperature: float) -> torch.Tensor:
    """All rollouts, zero advantage included; every token on its own; one mean over all response tokens."""
    losses = []
    for group, rollout in minibatch:
        logp = token_logprobs(model, group, rollout, temperature)
        old = logp.tolist() if rollout.logprobs is None else rollout.logprobs
        for now, then in zip(logp, old, strict=True):
            ratio, advantage = (now - then).exp(), rollout.advantage
            surrogate = torch.min(ratio * advantage, ratio.clamp(1 - config.clip_low, 1 + config.clip_high) * advantage)
            if advantage < 0:
                surrogate = surrogate.clamp(min=config.dual_clip * advantage)
            losses.append(-surrogate)
    return torch.stack(losses).mean()


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


@contextmanager
def forward_rows(model: Any) -> Iterator[list[int]]:
    """The number of rows of every forward pass."""
    rows: list[int] = []
    hook = model.register_forward_pre_hook(
        lambda module, args, kwargs: rows.append(len(kwargs["input_ids"])), with_kwargs=True
    )
    yield rows
    hook.remove()


@pytest.mark.parametrize("temperature", [0.7, 1.0])
def test_gradient_of_the_first_update_equals_the_full_reference(model: Any, temperature: float) -> None:
    minibatch = rollouts(18)
    update = PolicyUpdate(TIGHT, temperature, 0)
    got = gradient(model, lambda: update.accumulate(model, minibatch, torch.Tensor.backward))
    expected = gradient(model, lambda: reference_loss(model, minibatch, TIGHT, temperature).backward())
    assert_same_gradient(got, expected)


@pytest.mark.parametrize("temperature", [0.7, 1.0])
def test_gradient_of_a_later_update_equals_the_full_reference(model: Any, moved: Any, temperature: float) -> None:
    minibatch = rollouts(18)
    update = PolicyUpdate(TIGHT, temperature, 0)
    update.remember_policy(model, minibatch)
    got = gradient(moved, lambda: update.accumulate(moved, minibatch, torch.Tensor.backward))
    counts = dict(update.counts)
    with torch.no_grad():
        for group, rollout in minibatch:
            rollout.logprobs = token_logprobs(model, group, rollout, temperature).tolist()
    loss = reference_loss(moved, minibatch, TIGHT, temperature)
    assert counts["loss"] == pytest.approx(loss.item(), abs=1e-6)
    assert_same_gradient(got, gradient(moved, loss.backward))
    assert min(counts[f"clip_{name}"] for name in ("low", "high", "dual")) > 0


@pytest.mark.parametrize("microbatch_tokens", [1, 64, 100_000])
def test_gradient_and_counts_do_not_depend_on_the_microbatch_size(
    model: Any, moved: Any, microbatch_tokens: int
) -> None:
    def run(tokens: int) -> tuple[list[torch.Tensor], dict[str, float]]:
        minibatch, update = rollouts(18), PolicyUpdate(replace(TIGHT, microbatch_tokens=tokens), 1.0, 0)
        update.remember_policy(model, minibatch)
        got = gradient(moved, lambda: update.accumulate(moved, minibatch, torch.Tensor.backward))
        return got, dict(update.counts)

    (one, counts), (other, expected) = run(microbatch_tokens), run(200)
    assert_same_gradient(one, other)
    assert counts == pytest.approx(expected, rel=1e-4)


def test_padding_token_and_padding_length_do_not_matter(model: Any) -> None:
    config = replace(TIGHT, microbatch_tokens=100_000)
    runs = []
    for pad in (0, 77):
        update = PolicyUpdate(config, 1.0, pad)
        runs.append(gradient(model, lambda u=update: u.accumulate(model, rollouts(12), torch.Tensor.backward)))
    assert_same_gradient(*runs)


def test_rollouts_with_zero_advantage_cause_no_forward_pass(model: Any) -> None:
    minibatch = rollouts(18)
    update = PolicyUpdate(TIGHT, 1.0, 0)
    with forward_rows(model) as rows:
        update.accumulate(model, minibatch, torch.Tensor.backward)
        assert sum(rows) == 12
        rows.clear()
        update.remember_policy(model, minibatch)
        assert sum(rows) == 12
    model.zero_grad()
    assert all((r.logprobs is None) == (r.advantage == 0) for _, r in minibatch)


def test_a_minibatch_without_signal_needs_no_model_at_all(model: Any) -> None:
    update = PolicyUpdate(TIGHT, 1.0, 0)
    with forward_rows(model) as rows:
        loss = update.accumulate(model, rollouts(6, advantages=(0.0,)), torch.Tensor.backward)
    assert (rows, loss.item()) == ([], 0.0)
    assert all(p.grad is None for p in model.parameters())
    assert set(update.metrics().values()) == {0.0}


@pytest.mark.parametrize("temperature", [0.7, 1.0])
def test_remembered_logprobs_are_those_of_the_policy_that_sampled(model: Any, temperature: float) -> None:
    minibatch = rollouts(12, advantages=(-1.0, 1.0))
    PolicyUpdate(TIGHT, temperature, 0).remember_policy(model, minibatch)
    for group, rollout in minibatch:
        expected = token_logprobs(model, group, rollout, temperature)
        torch.testing.assert_close(torch.tensor(rollout.logprobs), expected.detach(), atol=1e-5, rtol=1e-5)


def test_an_unmoved_policy_has_ratio_one_and_no_clipping(model: Any) -> None:
    minibatch, update = rollouts(12), PolicyUpdate(TIGHT, 1.0, 0)
    update.remember_policy(model, minibatch)
    loss = update.accumulate(model, minibatch, torch.Tensor.backward)
    model.zero_grad()
    tokens = [(len(r.token_ids), r.advantage) for _, r in minibatch]
    assert loss.item() == pytest.approx(-sum(n * a for n, a in tokens) / sum(n for n, _ in tokens), abs=1e-5)
    metrics = update.metrics()
    assert [metrics[f"loss/clip_{name}"] for name in ("low", "high", "dual")] == [0, 0, 0]


def test_clip_shares_and_entropy_are_means_over_trained_tokens(model: Any, moved: Any) -> None:
    minibatch, update = rollouts(18), PolicyUpdate(TIGHT, 0.9, 0)
    update.remember_policy(model, minibatch)
    update.accumulate(moved, minibatch, torch.Tensor.backward)
    moved.zero_grad()
    trained = [(g, r) for g, r in minibatch if r.advantage]
    low = high = dual = 0
    entropies = []
    with torch.no_grad():
        for group, rollout in trained:
            ids = torch.tensor([group.prompt_ids + rollout.token_ids])
            logits = moved(input_ids=ids).logits[0, len(group.prompt_ids) - 1 : -1] / 0.9
            policy = torch.distributions.Categorical(logits=logits)
            entropies += policy.entropy().tolist()
            ratios = (policy.log_prob(torch.tensor(rollout.token_ids)) - torch.tensor(rollout.logprobs)).exp()
            low += int(((ratios < 1 - TIGHT.clip_low) & (rollout.advantage < 0)).sum())
            high += int(((ratios > 1 + TIGHT.clip_high) & (rollout.advantage > 0)).sum())
            dual += int(((ratios > TIGHT.dual_clip) & (rollout.advantage < 0)).sum())
    metrics, tokens = update.metrics(), len(entropies)
    assert metrics["tokens/gradient"] == tokens == sum(len(r.token_ids) for _, r in trained)
    assert metrics["loss/entropy"] == pytest.approx(sum(entropies) / tokens, rel=1e-4)
    shares = [metrics[f"loss/clip_{name}"] for name in ("low", "high", "dual")]
    assert shares == pytest.approx([low / tokens, high / tokens, dual / tokens])
    assert min(low, high, dual) > 0


def test_metrics_average_the_loss_over_updates_and_start_afresh(model: Any) -> None:
    update = PolicyUpdate(TIGHT, 1.0, 0)
    losses = [update.accumulate(model, rollouts(n), torch.Tensor.backward).item() for n in (7, 12)]
    model.zero_grad()
    assert update.metrics()["loss/policy"] == pytest.approx(sum(losses) / 2)
    again = update.accumulate(model, rollouts(5), torch.Tensor.backward).item()
    model.zero_grad()
    assert update.metrics()["loss/policy"] == pytest.approx(again)
