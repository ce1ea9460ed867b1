"""One gradient update on one minibatch: forward, loss, backward over microbatches (method section 4)."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import torch
from torch import Tensor
from transformers import PreTrainedModel

from zppo.config import SamplingConfig, UpdateConfig
from zppo.models.vision import Vision
from zppo.training.forward import Frozen, response_logits, rollout_logprobs, shared_vision
from zppo.training.imitation import Imitation
from zppo.training.loss import Clipping, Mean, entropy, policy_loss, response_logprobs
from zppo.training.microbatch import Microbatch, microbatches, total_tokens, with_gradient
from zppo.training.old_logprobs import OldLogprobs
from zppo.types import Minibatch


class Update(Protocol):
    """The loss of a trainer."""

    def before_step(self, model: PreTrainedModel, minibatches: Sequence[Minibatch]) -> None:
        """Called once per rollout step, before the first of its gradient updates, with the minibatches of all."""

    def trained(self, minibatch: Minibatch) -> Minibatch:
        """The rollouts that get a forward and a backward pass."""
        ...

    def accumulate(self, model: PreTrainedModel, minibatch: Minibatch, backward: Callable[[Tensor], None]) -> Tensor:
        """Run `backward` on the minibatch's loss, piece by piece; returns the loss (detached scalar).

        The loss is 0, and nothing is run, when no rollout of the minibatch is trained on.
        """
        ...

    def metrics(self) -> dict[str, float]:
        """Metrics since the last call.

        Among them are `tokens/gradient`, the response tokens trained on, and prompt + response tokens: of rollouts
        trained on (`tokens/trained`), of passes of the student without gradient (`tokens/remembered`) and, where there
        are any, of passes of a teacher (`tokens/teacher_forward`).
        """
        ...


class PolicyUpdate:
    """Accumulates the gradient of the clipped surrogate over a minibatch and counts what happened; an `Update`.

    `vision` shows the student the media of its prompts, where there are any. `teacher`, if given, is asked how likely
    the rollouts that imitate it were (see `Imitation`); it must use the student's token ids. `counts` sums over
    response tokens that were trained on: `tokens`, `entropy`, `clip_low`, `clip_high`, `clip_dual`; plus `loss` (sum
    over updates), `updates`, and prompt + response tokens by kind of pass: `trained`, `remembered`, `teacher_forward`.
    """

    def __init__(
        self,
        config: UpdateConfig,
        sampling: SamplingConfig,
        pad: int,
        vision: Vision | None = None,
        teacher: Frozen | None = None,
    ) -> None:
        self.counts: dict[str, float] = defaultdict(float)
        self._config = config
        self._sampling = sampling
        self._pad = pad
        self._vision = vision
        self._teacher = teacher
        self._imitation = Imitation(config.clip_low, config.clip_high)
        self.old = OldLogprobs()

    def before_step(self, model: PreTrainedModel, minibatches: Sequence[Minibatch]) -> None:
        """Compute the old log-probs for all updates but the first, which trains the policy that sampled."""
        self.old.begin_step(minibatches[0])
        for minibatch in minibatches[1:]:
            self.remember_policy(model, minibatch)
        if self._teacher is not None:
            imitated = [row for minibatch in minibatches for row in self.trained(minibatch) if row[1].injected]
            teacher, temperature = self._teacher, self._sampling.temperature
            micros = self._microbatches(teacher.model, imitated)
            self._imitation.begin_step(rollout_logprobs(teacher.model, micros, temperature, teacher.vision))
            self.counts["teacher_forward"] += total_tokens(imitated)

    def remember_policy(self, model: PreTrainedModel, minibatch: Minibatch) -> None:
        """Keep the current policy's log-probs as the old ones, for an update after the policy has moved."""
        trained = self.trained(minibatch)
        micros = self._microbatches(model, trained)
        with torch.no_grad(), shared_vision(self._vision, model, trained):
            self.old.keep(rollout_logprobs(model, micros, self._sampling.temperature, self._vision))
        self.counts["remembered"] += total_tokens(trained)

    def trained(self, minibatch: Minibatch) -> Minibatch:
        return with_gradient(minibatch)

    def accumulate(self, model: PreTrainedModel, minibatch: Minibatch, backward: Callable[[Tensor], None]) -> Tensor:
        """Run `backward` on the minibatch's loss, piece by piece; returns the loss (detached scalar).

        The loss is the mean of the token losses that `config.aggregation` names. Rollouts with zero advantage count in
        its denominator alone. Raises RuntimeError for a rollout without old log-probs.
        """
        mean = Mean.over(minibatch, self._config.aggregation, self._sampling.max_tokens)
        trained = self.trained(minibatch)
        total = torch.zeros((), device=model.device)
        with shared_vision(self._vision, model, trained):
            for micro in self._microbatches(model, trained):
                total += self._pass(model, micro, mean, backward)
        self.counts["trained"] += total_tokens(trained)
        self.counts["loss"] += float(total)
        self.counts["updates"] += 1
        return total

    def metrics(self) -> dict[str, float]:
        """Metrics since the last call; token means are over the tokens that were trained on."""
        counts, self.counts = self.counts, defaultdict(float)
        tokens = max(counts["tokens"], 1)
        metrics = {
            "loss/policy": counts["loss"] / max(counts["updates"], 1),
            "loss/entropy": counts["entropy"] / tokens,
            "loss/clip_low": counts["clip_low"] / tokens,
            "loss/clip_high": counts["clip_high"] / tokens,
            "loss/clip_dual": counts["clip_dual"] / tokens,
            "tokens/gradient": counts["tokens"],
            "tokens/trained": counts["trained"],
            "tokens/remembered": counts["remembered"],
        }
        if counts["teacher_forward"]:
            metrics["tokens/teacher_forward"] = counts["teacher_forward"]
        return metrics | self._imitation.metrics()

    def _pass(
        self, model: PreTrainedModel, micro: Microbatch, mean: Mean, backward: Callable[[Tensor], None]
    ) -> Tensor:
        """One forward and one backward pass; its part of the loss (detached scalar)."""
        logits_BTV = response_logits(model, micro, self._vision)
        logp_BT = response_logprobs(logits_BTV, micro.target_BT, self._sampling.temperature)
        old_logp_BT, config = self.old.of(micro, logp_BT), self._config
        loss_BT, clipping = policy_loss(
            logp_BT, old_logp_BT, micro.advantage_B, config.clip_low, config.clip_high, config.dual_clip
        )
        loss = mean.part(loss_BT, micro)
        backward(loss)
        # Afterwards, when the activations are gone.
        self._observe(micro, entropy(logits_BTV, self._sampling.temperature), clipping)
        self._imitation.observe(micro, logp_BT, old_logp_BT, clipping)
        return loss.detach()

    def _microbatches(self, model: PreTrainedModel, minibatch: Minibatch) -> Iterator[Microbatch]:
        return microbatches(minibatch, self._config.microbatch_tokens, self._pad, model.device)

    def _observe(self, micro: Microbatch, entropy_BT: Tensor, clipping: Clipping) -> None:
        self._count("entropy", entropy_BT, micro)
        for name in ("low", "high", "dual"):
            self._count(f"clip_{name}", getattr(clipping, name), micro)
        self.counts["tokens"] += int(micro.mask_BT.sum())

    def _count(self, name: str, values_BT: Tensor, micro: Microbatch) -> None:
        self.counts[name] += float((values_BT * micro.mask_BT).sum())
