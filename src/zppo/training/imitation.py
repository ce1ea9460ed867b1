"""Teacher responses trained on as if the student had sampled them: how far from its policy they are."""

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor

from zppo.training.loss import Clipping
from zppo.training.microbatch import Microbatch
from zppo.types import Rollout


class Imitation:
    """Measures the tokens of rollouts that are `injected`; a step without them costs and reports nothing.

    The clipped loss compares the policy with the student's own probabilities from before the step, so it cannot see
    that another policy sampled these tokens. `drift` and `off_policy` show what it does not see.
    """

    def __init__(self, clip_low: float, clip_high: float) -> None:
        self._low, self._high = clip_low, clip_high
        self._counts: dict[str, float] = defaultdict(float)
        self._teacher_logprobs: dict[int, list[float]] = {}

    def begin_step(self, teacher_logprobs: Iterable[tuple[Rollout, list[float]]]) -> None:
        """Take the teacher's log-probabilities of the step's imitated rollouts (none when they are not known)."""
        self._teacher_logprobs = {id(rollout): logprobs for rollout, logprobs in teacher_logprobs}

    @torch.no_grad()
    def observe(self, micro: Microbatch, logp_BT: Tensor, old_logp_BT: Tensor, clipping: Clipping) -> None:
        """Count the imitated rows of a microbatch, as the clipped loss has just seen them."""
        counts = self._counts
        for row, rollout in enumerate(micro.rollouts):
            if not rollout.injected:
                continue
            mask_T = micro.mask_BT[row]
            old_N = old_logp_BT[row, mask_T]
            counts["rollouts"] += 1
            counts["tokens"] += len(old_N)
            counts["ratio"] += float(torch.exp(logp_BT[row, mask_T] - old_N).sum())
            counts["clip_high"] += float(clipping.high[row, mask_T].sum())
            counts["surprise"] -= float(old_N.sum())
            if id(rollout) in self._teacher_logprobs:
                drift_N = old_N.new_tensor(self._teacher_logprobs[id(rollout)]) - old_N
                counts["compared"] += len(drift_N)
                counts["drift"] += float(drift_N.sum())
                ratio_N = torch.exp(-drift_N)
                counts["off_policy"] += float(((ratio_N < 1 - self._low) | (ratio_N > 1 + self._high)).sum())

    def metrics(self) -> dict[str, float]:
        """Token means since the last call; empty when nothing was imitated.

        `ratio`, `clip_high`: pi_theta / pi_old in the clipped loss, and the share of tokens that it clips; `surprise`:
        -log pi_old (nats). With the teacher's log-probabilities, `drift`: log pi_teacher - log pi_old (nats, a sample
        of how far the student is from the teacher), and `off_policy`: the share of tokens whose true importance ratio,
        pi_old / pi_teacher, lies outside the clip range. (Its mean would say nothing: it is 1 by expectation.)
        """
        counts, self._counts = self._counts, defaultdict(float)
        if not counts["rollouts"]:
            return {}
        metrics = {"imitation/rollouts": counts["rollouts"]}
        for name in ("ratio", "clip_high", "surprise"):
            metrics[f"imitation/{name}"] = counts[name] / counts["tokens"]
        if counts["compared"]:
            for name in ("drift", "off_policy"):
                metrics[f"imitation/{name}"] = counts[name] / counts["compared"]
        return metrics
