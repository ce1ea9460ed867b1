"""Pure tensor functions of the update (method section 4). B rollouts, T response positions, V vocabulary entries."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Clipping:
    """Which response tokens a clip silenced; boolean tensors of shape [B, T]."""

    low: Tensor
    high: Tensor
    dual: Tensor


def response_logprobs(logits_BTV: Tensor, ids_BT: Tensor, temperature: float) -> Tensor:
    """Log-probabilities [B, T], in fp32, of the sampled ids under the policy that sampled at `temperature`."""
    scaled_BTV = logits_BTV.float() / temperature
    chosen_BT = scaled_BTV.gather(-1, ids_BT.unsqueeze(-1)).squeeze(-1)
    return chosen_BT - scaled_BTV.logsumexp(-1)


@torch.no_grad()
def entropy(logits_BTV: Tensor, temperature: float) -> Tensor:
    """Entropy [B, T] of the sampling distribution, in nats."""
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
