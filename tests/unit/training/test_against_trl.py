"""The policy loss and its gradient are those of TRL's GRPOTrainer on the same rollouts."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from rows import gradient, moved, rollouts
from torch.nn.utils.rnn import pad_sequence
from trl import GRPOConfig, GRPOTrainer

from zppo.config import Aggregation, SamplingConfig, UpdateConfig
from zppo.training.update import PolicyUpdate
from zppo.types import Minibatch

LOW, HIGH, DUAL = 0.2, 0.28, 10.0
LIMIT = 14
"""Longest response that was allowed, in tokens."""


@pytest.fixture(scope="module")
def sampled(new_model: Callable[..., Any]) -> Any:
    """The policy that made the rollouts."""
    return new_model(seed=3)


@pytest.fixture(scope="module")
def trained(sampled: Any) -> Any:
    """The policy that is trained on them, so far away that all clips are met."""
    return moved(sampled, distance=1.2)


def new_trainer(model: Any, tokenizer: Any, folder: Path, loss_type: str, temperature: float) -> GRPOTrainer:
    """TRL's trainer on a copy of the model, which it changes."""
    args = GRPOConfig(
        output_dir=str(folder),
        loss_type=loss_type,
        epsilon=LOW,
        epsilon_high=HIGH,
        delta=DUAL,
        beta=0.0,
        temperature=temperature,
        max_completion_length=LIMIT,
        use_cpu=True,
        bf16=False,
        report_to="none",
    )
    return GRPOTrainer(
        copy.deepcopy(model),
        reward_funcs=lambda completions, **_: [0.0] * len(completions),
        args=args,
        train_dataset=Dataset.from_dict({"prompt": ["?"] * 8}),
        processing_class=tokenizer,
    )


def as_trl_wants(minibatch: Minibatch, update: PolicyUpdate) -> dict[str, torch.Tensor]:
    """Prompts padded on the left, responses and their remembered log-probabilities on the right."""
    prompts = [torch.tensor(group.prompt_ids) for group, _ in minibatch]
    responses = [torch.tensor(rollout.token_ids) for _, rollout in minibatch]
    old = [torch.tensor(update.old.known(r) if r.advantage else [0.0] * len(r.token_ids)) for _, r in minibatch]

    def padded(rows: list[torch.Tensor], side: str = "right") -> torch.Tensor:
        return pad_sequence(rows, batch_first=True, padding_side=side)

    return {
        "prompt_ids": padded(prompts, "left"),
        "prompt_mask": padded([torch.ones_like(row) for row in prompts], "left"),
        "completion_ids": padded(responses),
        "completion_mask": padded([torch.ones_like(row) for row in responses]),
        "old_per_token_logps": padded(old),
        "advantages": torch.tensor([rollout.advantage for _, rollout in minibatch]),
        "num_items_in_batch": torch.tensor(sum(map(len, responses))),
    }


@pytest.mark.filterwarnings("ignore:`gradient_checkpointing` is deprecated")  # TRL sets it by default
@pytest.mark.parametrize("temperature", [0.8, 1.0])
@pytest.mark.parametrize(
    ("aggregation", "loss_type"), [("token", "dapo"), ("sequence", "grpo"), ("constant", "dr_grpo")]
)
def test_loss_and_gradient_equal_trls(
    sampled: Any,
    trained: Any,
    tokenizer: Any,
    tmp_path: Path,
    aggregation: Aggregation,
    loss_type: str,
    temperature: float,
) -> None:
    minibatch = rollouts(24)
    config = UpdateConfig(LOW, HIGH, DUAL, aggregation, microbatch_tokens=64)
    update, losses = PolicyUpdate(config, SamplingConfig(LIMIT, temperature), 0), []
    update.before_step(sampled, [[], minibatch])
    mine = gradient(trained, lambda: losses.append(update.accumulate(trained, minibatch, torch.Tensor.backward)))

    trainer = new_trainer(trained, tokenizer, tmp_path, loss_type, temperature)
    model = trainer.model.eval()  # in training, TRL's means span its gradient accumulation
    loss = trainer._compute_loss(model, as_trl_wants(minibatch, update))
    theirs = gradient(model, loss.backward)

    torch.testing.assert_close(losses[0], loss.detach(), atol=1e-5, rtol=0)
    assert max(g.abs().max() for g in theirs) > 1e-2
    for one, other in zip(mine, theirs, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)
    metrics = update.metrics()
    assert min(metrics[f"loss/clip_{name}"] for name in ("low", "high", "dual")) > 0
