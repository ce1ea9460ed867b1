"""From the rollouts of one gradient update to a few padded tensors of similar length."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from zppo.types import Group, Minibatch, Prompt, Rollout

SPREAD = 1.5


@dataclass
class Microbatch:
    """B rollouts right-padded to one length L, of which positions `window` (T of them) predict response tokens.

    `mask_BT` marks the real response tokens; `rollouts` are the rows, sampled after `prompts`.
    """

    prompts: list[Prompt]
    rollouts: list[Rollout]
    ids_BL: Tensor
    attention_BL: Tensor
    window_T: Tensor
    target_BT: Tensor
    mask_BT: Tensor
    advantage_B: Tensor


def with_gradient(minibatch: Minibatch) -> Minibatch:
    """The rollouts that move the weights of a policy. The others count in the mean and need no forward pass."""
    return [(group, rollout) for group, rollout in minibatch if rollout.advantage != 0.0]


def response_tokens(minibatch: Minibatch) -> int:
    """The denominator of the token-level mean: all response tokens, zero advantage included."""
    return sum(len(rollout.token_ids) for _, rollout in minibatch)


def total_tokens(minibatch: Minibatch) -> int:
    """Prompt and response tokens that one pass over the minibatch reads, padding apart."""
    return sum(map(_length, minibatch))


def microbatches(minibatch: Minibatch, max_tokens: int, pad: int, device: torch.device) -> Iterator[Microbatch]:
    """Rollouts sorted by length and cut so that rows x padded length stays within `max_tokens` (at least one row).

    A row more than `SPREAD` times as long as the shortest of its microbatch starts the next one: padding stays small.
    """
    rows: list[tuple[Group, Rollout]] = []
    for row in sorted(minibatch, key=_length):
        if rows and ((len(rows) + 1) * _length(row) > max_tokens or _length(row) > SPREAD * _length(rows[0])):
            yield _collate(rows, pad, device)
            rows = []
        rows.append(row)
    if rows:
        yield _collate(rows, pad, device)


def _length(row: tuple[Group, Rollout]) -> int:
    return len(row[0].prompt_ids) + len(row[1].token_ids)


def _collate(rows: Sequence[tuple[Group, Rollout]], pad: int, device: torch.device) -> Microbatch:
    longest = max(map(_length, rows))
    first = min(len(g.prompt_ids) for g, _ in rows) - 1
    ids = torch.full((len(rows), longest), pad)
    attention = torch.zeros((len(rows), longest), dtype=torch.long)
    mask = torch.zeros((len(rows), longest), dtype=torch.bool)
    for i, (group, rollout) in enumerate(rows):
        start, end = len(group.prompt_ids), _length((group, rollout))
        ids[i, :end] = torch.tensor(group.prompt_ids + rollout.token_ids)
        attention[i, :end] = 1
        mask[i, start:end] = True
    return Microbatch(
        prompts=[g.prompt for g, _ in rows],
        rollouts=[r for _, r in rows],
        ids_BL=ids.to(device),
        attention_BL=attention.to(device),
        window_T=torch.arange(first, longest - 1, device=device),
        target_BT=ids[:, first + 1 :].to(device),
        mask_BT=mask[:, first + 1 :].to(device),
        advantage_B=torch.tensor([r.advantage for _, r in rows], dtype=torch.float32, device=device),
    )
