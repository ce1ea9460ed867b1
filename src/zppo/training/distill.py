"""Distillation: the student's token distributions follow the teacher's (method section 8).

N response positions, H hidden size, V vocabulary entries.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

from zppo.config import SamplingConfig, UpdateConfig
from zppo.errors import ConfigError, TeacherError
from zppo.models.vision import Vision
from zppo.training.forward import Frozen, last_states, response_states, shared_vision
from zppo.training.loss import AnyAggregation, Mean, entropy, jsd
from zppo.training.microbatch import Microbatch, microbatches, response_tokens, total_tokens
from zppo.types import Minibatch

PROBE = 4


class Distillation:
    """Accumulates the gradient of the Jensen-Shannon divergence between student and teacher; an `Update`.

    Both models read the same token ids; every response token of the minibatch counts, whatever its advantage. The
    distributions over the vocabulary exist for `config.distill_positions` positions at a time: the backward pass makes
    them again from the last hidden states. `vision` shows the student the media of its prompts. `by_question`: the mean
    is over each response's tokens, then a question's responses, then questions (off-policy), not by
    `config.aggregation`. Raises TeacherError if the teacher's logits cannot be made that way. `counts` sums `entropy`
    and `agreement` over response tokens, `loss` over updates.
    """

    def __init__(
        self,
        teacher: Frozen,
        config: UpdateConfig,
        sampling: SamplingConfig,
        pad: int,
        vision: Vision | None = None,
        by_question: bool = False,
    ) -> None:
        check_head(teacher.model, "teacher.model")
        self.counts: dict[str, float] = defaultdict(float)
        self._teacher = teacher
        self._vision = vision
        self._config = config
        self._aggregation: AnyAggregation = "question" if by_question else config.aggregation
        self._sampling = sampling
        self._pad = pad

    def before_step(self, model: PreTrainedModel, minibatches: Sequence[Minibatch]) -> None:
        """Nothing: the divergence is between two policies of now."""

    def trained(self, minibatch: Minibatch) -> Minibatch:
        return minibatch

    def accumulate(self, model: PreTrainedModel, minibatch: Minibatch, backward: Callable[[Tensor], None]) -> Tensor:
        """Run `backward` on the minibatch's loss, piece by piece; returns the loss (detached scalar)."""
        mean = Mean.over(minibatch, self._aggregation, self._sampling.max_tokens)
        total = torch.zeros((), device=model.device)
        with shared_vision(self._vision, model, minibatch):
            for micro in microbatches(minibatch, self._config.microbatch_tokens, self._pad, model.device):
                loss = mean.part(self._divergence(model, micro), micro)
                backward(loss)
                total += loss.detach()
        self.counts["loss"] += float(total)
        self.counts["updates"] += 1
        self.counts["tokens"] += response_tokens(minibatch)
        self.counts["read"] += total_tokens(minibatch)
        return total

    def metrics(self) -> dict[str, float]:
        """Metrics since the last call; `loss/agreement` is the share of tokens with the same most likely token."""
        counts, self.counts = self.counts, defaultdict(float)
        tokens = max(counts["tokens"], 1)
        return {
            "loss/jsd": counts["loss"] / max(counts["updates"], 1),
            "loss/entropy": counts["entropy"] / tokens,
            "loss/agreement": counts["agreement"] / tokens,
            "tokens/gradient": counts["tokens"],
            "tokens/trained": counts["read"],
            "tokens/remembered": 0.0,
            "tokens/teacher_forward": counts["read"],
        }

    def _divergence(self, student: PreTrainedModel, micro: Microbatch) -> Tensor:
        """Divergence [B, T] at every response position, 0 where the mask is off."""
        student_NH = response_states(student, micro, self._vision)
        with torch.no_grad():
            teacher_NH = response_states(self._teacher.model, micro, self._teacher.vision)
        head, size, pieces = student.get_output_embeddings(), self._config.distill_positions, []
        for student_nH, teacher_nH in zip(student_NH.split(size), teacher_NH.split(size), strict=True):
            jsd_n, entropy_n, agrees_n = checkpoint(
                self._compare, head, student_nH, teacher_nH, use_reentrant=False, preserve_rng_state=False
            )
            pieces.append(jsd_n)
            self.counts["entropy"] += float(entropy_n.sum())
            self.counts["agreement"] += float(agrees_n.sum())
        jsd_N = torch.cat(pieces)
        return jsd_N.new_zeros(micro.mask_BT.shape).masked_scatter(micro.mask_BT, jsd_N)

    def _compare(self, head: torch.nn.Module, student_NH: Tensor, teacher_NH: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(divergence, student's entropy, whether both prefer the same token), each [N], of one chunk.

        The divergence comes first: a backward pass runs this again, and stops where it has what it needs.
        """
        student_NV = head(student_NH)
        with torch.no_grad():
            teacher_NV = self._teacher.model.get_output_embeddings()(teacher_NH)
        # Models of one family pad their vocabulary to different widths; no token stands in the padding.
        width = min(student_NV.shape[-1], teacher_NV.shape[-1])
        student_NV, teacher_NV = student_NV[:, :width], teacher_NV[:, :width]
        jsd_N = jsd(student_NV, teacher_NV, self._sampling.temperature)
        agrees_N = student_NV.argmax(-1) == teacher_NV.argmax(-1)
        return jsd_N, entropy(student_NV, self._sampling.temperature), agrees_N


@torch.no_grad()
def check_head(model: PreTrainedModel, option: str) -> None:
    """Refuse a model whose logits are not its LM head on its last hidden states (soft-capped or scaled ones).

    Raises ConfigError, or TeacherError for the teacher, naming the option and the kind of model.
    """
    ids_BL = torch.arange(PROBE, device=model.device).unsqueeze(0)
    head, was_training = model.get_output_embeddings(), model.training
    has_trunk = head is not None and model.base_model is not model
    model.eval()
    logits_BLV = model(input_ids=ids_BL, use_cache=False).logits
    head_BLV = head(last_states(model, input_ids=ids_BL, use_cache=False)) if has_trunk else None
    model.train(was_training)
    if head_BLV is None or not torch.allclose(head_BLV.float(), logits_BLV.float(), rtol=1e-5, atol=1e-6):
        error = TeacherError if option.startswith("teacher") else ConfigError
        raise error(
            f"{option}: the logits of a model of kind {model.config.model_type!r} are not those of an LM head on its "
            "trunk (soft-capped or scaled, perhaps), which distillation does not follow; take a model of another kind, "
            "or another method"
        )
