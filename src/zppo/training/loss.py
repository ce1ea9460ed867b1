"""Pure tensor functions of the update (method section 4).

B rollouts, T response positions, N positions of any rollouts, V vocabulary entries.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from zppo.config import Aggregation
from zppo.training.microbatch import Microbatch, response_tokens
from zppo.types import Minibatch

AnyAggregation = Aggregation | Literal["question"]


@dataclass(frozen=True)
class Clipping:
    """Response tokens without gradient because of a clip; boolean tensors of shape [B, T]."""

    low: Tensor
    high: Tensor
    dual: Tensor


@dataclass(frozen=True)
class Mean:
    """Mean of the token losses of a minibatch: `update.aggregation`, or `question` for off-policy
    distillation (method section 8).

    `divisors` has, by rollout identity, the number that its token losses are divided by first (None: by nothing).
    Rollouts that need no forward pass count in the `denominator` all the same.
    """

    denominator: int
    divisors: Mapping[int, int] | None = None

    @classmethod
    def over(cls, minibatch: Minibatch, aggregation: AnyAggregation, max_tokens: int) -> "Mean":
        """The mean over all rollouts of `minibatch`; `max_tokens` is the longest response that was allowed.

        `question`: within each rollout, then over the rollouts of a question, then over the questions that have any.
        """
        tokens = {id(rollout): max(len(rollout.token_ids), 1) for _, rollout in minibatch}
        of_question = Counter(group.question.id for group, _ in minibatch)
        of_both = {id(rollout): tokens[id(rollout)] * of_question[group.question.id] for group, rollout in minibatch}
        denominator, divisors = {
            "token": (response_tokens(minibatch), None),
            "sequence": (len(minibatch), tokens),
            "constant": (len(minibatch) * max_tokens, None),
            "question": (len(of_question), of_both),
        }[aggregation]
        return cls(max(denominator, 1), divisors)

    def part(self, loss_BT: Tensor, micro: Microbatch) -> Tensor:
        """Contribution of some rollouts to the loss of their minibatch (scalar); the contributions sum to it."""
        masked_BT = loss_BT * micro.mask_BT
        if self.divisors is not None:
            masked_BT = masked_BT / masked_BT.new_tensor([[self.divisors[id(r)]] for r in micro.rollouts])
        return masked_BT.sum() / self.denominator


def response_logprobs(logits_BTV: Tensor, ids_BT: Tensor, temperature: float) -> Tensor:
    """Log-probabilities [B, T], in fp32, of the sampled ids under the policy that sampled at `temperature`."""
    scaled_BTV = logits_BTV.float() / temperature
    chosen_BT = scaled_BTV.gather(-1, ids_BT.unsqueeze(-1)).squeeze(-1)
    return chosen_BT - scaled_BTV.logsumexp(-1)


@torch.no_grad()
def entropy(logits_BTV: Tensor, temperature: float) -> Tensor:
    """Entropy [B, T] (any leading shape) of the sampling distribution, in nats."""
    logp_BTV = torch.log_softmax(logits_BTV.float() / temperature, -1)
    return -(logp_BTV.exp() * logp_BTV).sum(-1)


def policy_loss(
    logp_BT: Tensor, old_logp_BT: Tensor, advantage_B: Tensor, clip_low: float, clip_high: float, dual_clip: float
) -> tuple[Tensor, Clipping]:
    """Clipped surrogate per token, to be minimised: `-min(rho A, clip(rho, 1 - low, 1 + high) A)`.

    For negative advantages the loss is bounded by `-dual_clip * A` (dual clip, arXiv 1912.09729). Returns the losses
    [B, T], not yet masked or averaged.
    """
    advantage_B1 = advantage_B.unsqueeze(-1)
    ratio_BT = torch.exp(logp_BT - old_logp_BT)
    plain_BT = ratio_BT * advantage_B1
    clipped_BT = ratio_BT.clamp(1 - clip_low, 1 + clip_high) * advantage_B1
    surrogate_BT = torch.minimum(plain_BT, clipped_BT)
    bounded_BT = torch.where(advantage_B1 < 0, torch.maximum(surrogate_BT, dual_clip * advantage_B1), surrogate_BT)
    clipping = Clipping(
        low=(advantage_B1 < 0) & (ratio_BT < 1 - clip_low),
        high=(advantage_B1 > 0) & (ratio_BT > 1 + clip_high),
        dual=(advantage_B1 < 0) & (ratio_BT > dual_clip),
    )
    return -bounded_BT, clipping


def jsd(student_logits_NV: Tensor, teacher_logits_NV: Tensor, temperature: float) -> Tensor:
    """Jensen-Shannon divergence [N] between two sampling distributions, in nats and fp32.

    `(KL(p || m) + KL(q || m)) / 2` with `m = (p + q) / 2`: symmetric, between 0 and ln 2 (method section 8).
    """
    logp_NV = torch.log_softmax(student_logits_NV.float() / temperature, -1)
    logq_NV = torch.log_softmax(teacher_logits_NV.float() / temperature, -1)
    logm_NV = torch.logaddexp(logp_NV, logq_NV) - math.log(2)
    student_kl_N = (logp_NV.exp() * (logp_NV - logm_NV)).sum(-1)
    teacher_kl_N = (logq_NV.exp() * (logq_NV - logm_NV)).sum(-1)
    return (student_kl_N + teacher_kl_N) / 2
