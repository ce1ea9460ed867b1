"""One gradient update against a plain reference: one rollout at a time, all rollouts forwarded."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import torch
from rows import assert_same_gradient, gradient, rollouts, token_logits, token_logprobs
from rows import moved as moved_copy

from zppo.config import Aggregation, SamplingConfig, UpdateConfig
from zppo.training.update import PolicyUpdate
from zppo.types import Minibatch

TIGHT = UpdateConfig(clip_low=0.05, clip_high=0.08, dual_clip=1.2, microbatch_tokens=64)
"""Clips so close that a slightly moved policy meets all of them."""
LIMIT = 14
"""Longest response that was allowed, in tokens."""


def new_update(temperature: float = 1.0, config: UpdateConfig = TIGHT, pad: int = 0) -> PolicyUpdate:
    return PolicyUpdate(config, SamplingConfig(LIMIT, temperature), pad)


@pytest.fixture(scope="module")
def model(new_model: Callable[..., Any]) -> Any:
    return new_model(seed=3)


@pytest.fixture(scope="module")
def moved(model: Any) -> Any:
    return moved_copy(model)


def reference_loss(
    model: Any, minibatch: Minibatch, config: UpdateConfig, temperature: float, sampler: Any = None
) -> torch.Tensor:
    """All rollouts, zero advantage included; every token on its own; then the mean that `config` names.

    `sampler` is the policy that sampled them, `model` itself if there is none.
    """
    losses = []
    for group, rollout in minibatch:
        logp = token_logprobs(model, group, rollout, temperature)
        old = token_logprobs(sampler or model, group, rollout, temperature).tolist()
        losses.append([])
        for now, then in zip(logp, old, strict=True):
            ratio, advantage = (now - then).exp(), rollout.advantage
            surrogate = torch.min(ratio * advantage, ratio.clamp(1 - config.clip_low, 1 + config.clip_high) * advantage)
            if advantage < 0:
                surrogate = surrogate.clamp(min=config.dual_clip * advantage)
            losses[-1].append(-surrogate)
    if config.aggregation == "sequence":
        return sum(sum(tokens) / len(tokens) for tokens in losses) / len(losses)
    count = len(losses) * LIMIT if config.aggregation == "constant" else sum(map(len, losses))
    return sum(sum(tokens) for tokens in losses) / count


def accumulated(update: PolicyUpdate, model: Any, minibatch: Minibatch) -> torch.Tensor:
    """The loss of the first update of a step."""
    update.before_step(model, [minibatch])
    return update.accumulate(model, minibatch, torch.Tensor.backward)


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
    update = new_update(temperature)
    update.before_step(model, [minibatch])
    got = gradient(model, lambda: update.accumulate(model, minibatch, torch.Tensor.backward))
    expected = gradient(model, lambda: reference_loss(model, minibatch, TIGHT, temperature).backward())
    assert_same_gradient(got, expected)


@pytest.mark.parametrize("aggregation", ["token", "sequence", "constant"])
@pytest.mark.parametrize("temperature", [0.7, 1.0])
def test_gradient_of_a_later_update_equals_the_full_reference(
    model: Any, moved: Any, temperature: float, aggregation: Aggregation
) -> None:
    minibatch, config = rollouts(18), replace(TIGHT, aggregation=aggregation)
    update = new_update(temperature, config)
    update.remember_policy(model, minibatch)
    got = gradient(moved, lambda: update.accumulate(moved, minibatch, torch.Tensor.backward))
    counts = dict(update.counts)
    loss = reference_loss(moved, minibatch, config, temperature, model)
    assert counts["loss"] == pytest.approx(loss.item(), abs=1e-6)
    assert_same_gradient(got, gradient(moved, loss.backward))
    assert min(counts[f"clip_{name}"] for name in ("low", "high", "dual")) > 0


@pytest.mark.parametrize("microbatch_tokens", [1, 64, 100_000])
def test_gradient_and_counts_do_not_depend_on_the_microbatch_size(
    model: Any, moved: Any, microbatch_tokens: int
) -> None:
    def run(tokens: int) -> tuple[list[torch.Tensor], dict[str, float]]:
        minibatch, update = rollouts(18), new_update(config=replace(TIGHT, microbatch_tokens=tokens))
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
        runs.append(gradient(model, lambda p=pad: accumulated(new_update(config=config, pad=p), model, rollouts(12))))
    assert_same_gradient(*runs)


def test_rollouts_with_zero_advantage_cause_no_forward_pass(model: Any) -> None:
    minibatch = rollouts(18)
    update = new_update()
    with forward_rows(model) as rows:
        accumulated(update, model, minibatch)
        assert sum(rows) == 12
        rows.clear()
        update.remember_policy(model, minibatch)
        assert sum(rows) == 12
    model.zero_grad()
    assert all(len(update.old.known(r) or ()) == len(r.token_ids) for _, r in minibatch if r.advantage)


def test_a_minibatch_without_signal_needs_no_model_at_all(model: Any) -> None:
    update = new_update()
    with forward_rows(model) as rows:
        loss = update.accumulate(model, rollouts(6, advantages=(0.0,)), torch.Tensor.backward)
    assert (rows, loss.item()) == ([], 0.0)
    assert all(p.grad is None for p in model.parameters())
    assert set(update.metrics().values()) == {0.0}


@pytest.mark.parametrize("temperature", [0.7, 1.0])
def test_remembered_logprobs_are_those_of_the_policy_that_sampled(model: Any, temperature: float) -> None:
    minibatch = rollouts(12, advantages=(-1.0, 1.0))
    update = new_update(temperature)
    update.remember_policy(model, minibatch)
    for group, rollout in minibatch:
        expected = token_logprobs(model, group, rollout, temperature)
        torch.testing.assert_close(torch.tensor(update.old.known(rollout)), expected.detach(), atol=1e-5, rtol=1e-5)
        assert rollout.logprobs is None, "the sampler's are left alone"


def test_an_unmoved_policy_has_ratio_one_and_no_clipping(model: Any) -> None:
    minibatch, update = rollouts(12), new_update()
    update.remember_policy(model, minibatch)
    loss = update.accumulate(model, minibatch, torch.Tensor.backward)
    model.zero_grad()
    tokens = [(len(r.token_ids), r.advantage) for _, r in minibatch]
    assert loss.item() == pytest.approx(-sum(n * a for n, a in tokens) / sum(n for n, _ in tokens), abs=1e-5)
    metrics = update.metrics()
    assert [metrics[f"loss/clip_{name}"] for name in ("low", "high", "dual")] == [0, 0, 0]


def test_clip_shares_and_entropy_are_means_over_trained_tokens(model: Any, moved: Any) -> None:
    minibatch, update = rollouts(18), new_update(0.9)
    update.remember_policy(model, minibatch)
    update.accumulate(moved, minibatch, torch.Tensor.backward)
    moved.zero_grad()
    trained = [(g, r) for g, r in minibatch if r.advantage]
    low = high = dual = 0
    entropies = []
    with torch.no_grad():
        for group, rollout in trained:
            policy = torch.distributions.Categorical(logits=token_logits(moved, group, rollout) / 0.9)
            entropies += policy.entropy().tolist()
            ratios = (policy.log_prob(torch.tensor(rollout.token_ids)) - torch.tensor(update.old.known(rollout))).exp()
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
    update = new_update()
    losses = [accumulated(update, model, rollouts(n)).item() for n in (7, 12)]
    model.zero_grad()
    assert update.metrics()["loss/policy"] == pytest.approx(sum(losses) / 2)
    again = accumulated(update, model, rollouts(5)).item()
    model.zero_grad()
    assert update.metrics()["loss/policy"] == pytest.approx(again)


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [("token", -(3 * 2 + 1 * -1) / 6), ("sequence", -(2 - 1) / 3), ("constant", -(3 * 2 + 1 * -1) / (3 * LIMIT))],
)
def test_rollouts_without_advantage_count_in_every_mean(model: Any, aggregation: Aggregation, expected: float) -> None:
    """Where the policy has not moved, the loss of a token is minus its advantage."""
    minibatch = rollouts(3, advantages=(2.0, -1.0, 0.0))
    for (_, rollout), length in zip(minibatch, (3, 1, 2), strict=True):
        rollout.token_ids = rollout.token_ids[:1] * length
    loss = accumulated(new_update(config=replace(TIGHT, aggregation=aggregation)), model, minibatch)
    model.zero_grad()
    assert loss.item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("aggregation", ["token", "sequence", "constant"])
def test_an_empty_minibatch_has_the_loss_zero(model: Any, aggregation: Aggregation) -> None:
    update = new_update(config=replace(TIGHT, aggregation=aggregation))
    update.before_step(model, [[], []])
    with forward_rows(model) as rows:
        loss = update.accumulate(model, [], torch.Tensor.backward)
    assert (rows, loss.item()) == ([], 0.0)
    assert set(update.metrics().values()) == {0.0}


def test_before_a_step_old_logprobs_are_computed_for_all_updates_but_the_first(model: Any) -> None:
    step, update, other = [rollouts(12, seed=n) for n in range(3)], new_update(), new_update()
    update.before_step(model, step)
    for minibatch in step[1:]:
        other.remember_policy(model, minibatch)
    assert all(update.old.known(rollout) is None for _, rollout in step[0])
    trained = [rollout for minibatch in step[1:] for _, rollout in minibatch if rollout.advantage]
    assert [update.old.known(rollout) for rollout in trained] == [other.old.known(rollout) for rollout in trained]


def test_a_rollout_without_old_logprobs_is_an_error_and_never_taken_for_on_policy(model: Any) -> None:
    update, minibatch = new_update(), rollouts(12)
    update.before_step(model, [rollouts(12, seed=2)])
    with pytest.raises(RuntimeError, match="no old log-probs"):
        update.accumulate(model, minibatch, torch.Tensor.backward)


def test_tokens_are_counted_by_the_kind_of_pass(model: Any) -> None:
    step, update = [rollouts(12, seed=n) for n in range(2)], new_update()
    update.before_step(model, step)
    update.accumulate(model, step[0], torch.Tensor.backward)
    model.zero_grad()
    first, second = (
        [(len(g.prompt_ids), len(r.token_ids)) for g, r in minibatch if r.advantage != 0.0] for minibatch in step
    )
    metrics = update.metrics()
    assert metrics["tokens/gradient"] == sum(response for _, response in first)
    assert metrics["tokens/trained"] == sum(map(sum, first))
    assert metrics["tokens/remembered"] == sum(map(sum, second))
    assert "tokens/teacher_forward" not in metrics


def test_the_end_token_carries_loss_where_batches_are_padded_with_it(model: Any) -> None:
    """What is padding is known from lengths, not from the token."""
    minibatch, end = rollouts(6), 7
    for _, rollout in minibatch:
        rollout.token_ids[-1] = end
    same, other = (gradient(model, lambda pad=pad: run(model, minibatch, pad)) for pad in (end, 0))
    assert_same_gradient(same, other)
    without = [(group, replace(rollout, token_ids=[*rollout.token_ids[:-1], end + 1])) for group, rollout in minibatch]
    assert any(
        (a - b).abs().max() > 1e-4 for a, b in zip(same, gradient(model, lambda: run(model, without, end)), strict=True)
    )


def run(model: Any, minibatch: Minibatch, pad: int) -> None:
    accumulated(new_update(pad=pad), model, minibatch)
