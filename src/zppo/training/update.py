"""One gradient update on one minibatch: forward, loss, backward over microbatches (method section 4)."""

from collections import defaultdict
from collections.abc import Callable

import torch
from torch import Tensor
from transformers import PreTrainedModel

from zppo.config import UpdateConfig
from zppo.training.loss import entropy, policy_loss, response_logprobs
from zppo.training.microbatch import Microbatch, microbatches, response_tokens, with_gradient
from zppo.types import Minibatch


class PolicyUpdate:
    """Accumulates the gradient of a minibatch and counts what happened.

    `counts` sums over response tokens that were trained on: `tokens`, `entropy`, `clip_low`, `clip_high`,
    `clip_dual`; plus `loss` (sum over updates) and `updates`.
    """

    def __init__(self, config: UpdateConfig, temperature: float, pad: int) -> None:
        self.counts: dict[str, float] = defaultdict(float)
        self._config = config
        self._temperature = temperature
        self._pad = pad

    def remember_policy(self, model: PreTrainedModel, minibatch: Minibatch) -> None:
        """Store the current policy's log-probabilities in the rollouts, for an update after the policy has moved."""
        for micro in self._microbatches(model, minibatch):
            with torch.no_grad():
                logp_BT = response_logprobs(_logits(model, micro), micro.target_BT, self._temperature)
            for rollout, row, mask in zip(micro.rollouts, logp_BT, micro.mask_BT, strict=True):
                rollout.logprobs = row[mask].tolist()

    def accumulate(self, model: PreTrainedModel, minibatch: Minibatch, backward: Callable[[Tensor], None]) -> Tensor:
        """Run `backward` on the minibatch's loss, piece by piece; returns the loss (detached scalar).

        The loss is the sum of the token losses over the minibatch's response-token count. Rollouts with zero
        advantage contribute to the count alone. Where a rollout has no stored log-probabilities, the current policy
        is the one that sampled it, and the ratio is 1.
        """
        denominator = response_tokens(minibatch)
        total = torch.zeros((), device=model.device)
        for micro in self._microbatches(model, minibatch):
            logits_BTV = _logits(model, micro)
            logp_BT = response_logprobs(logits_BTV, micro.target_BT, self._temperature)
            config = self._config
            loss_BT, clipping = policy_loss(
                logp_BT,
                _old_logprobs(micro, logp_BT),
                micro.advantage_B,
                config.clip_low,
                config.clip_high,
                config.dual_clip,
            )
            loss = (loss_BT * micro.mask_BT).sum() / denominator
            backward(loss)
            total += loss.detach()
            self._count("entropy", entropy(logits_BTV, self._temperature), micro)
            for name in ("low", "high", "dual"):
                self._count(f"clip_{name}", getattr(clipping, name), micro)
            self.counts["tokens"] += int(micro.mask_BT.sum())
        self.counts["loss"] += float(total)
        self.counts["updates"] += 1
        return total

    def metrics(self) -> dict[str, float]:
        """Metrics since the last call; token means are over the tokens that were trained on."""
        counts, self.counts = self.counts, defaultdict(float)
        tokens = max(counts["tokens"], 1)
        return {
            "loss/policy": counts["loss"] / max(counts["updates"], 1),
            "loss/entropy": counts["entropy"] / tokens,
            "loss/clip_low": counts["clip_low"] / tokens,
            "loss/clip_high": counts["clip_high"] / tokens,
            "loss/clip_dual": counts["clip_dual"] / tokens,
            "tokens/gradient": counts["tokens"],
        }

    def _microbatches(self, model: PreTrainedModel, minibatch: Minibatch):
        return microbatches(with_gradient(minibatch), self._config.microbatch_tokens, self._pad, model.device)

    def _count(self, name: str, values_BT: Tensor, micro: Microbatch) -> None:
        self.counts[name] += float((values_BT * micro.mask_BT).sum())


def _logits(model: PreTrainedModel, micro: Microbatch) -> Tensor:
    """Logits [B, T, V] at the positions that predict the response."""
    return model(
        input_ids=micro.ids_BL, attention_mask=micro.attention_BL, logits_to_keep=micro.window_T, use_cache=False
    ).logits


def _old_logprobs(micro: Microbatch, logp_BT: Tensor) -> Tensor:
    """Log-probabilities [B, T] under the policy that sampled."""
    if any(r.logprobs is None for r in micro.rollouts):
        return logp_BT.detach()
    old_BT = torch.zeros_like(logp_BT)
    for row, mask, rollout in zip(old_BT, micro.mask_BT, micro.rollouts, strict=True):
        row[mask] = torch.tensor(rollout.logprobs, dtype=row.dtype, device=row.device)
    return old_BT
