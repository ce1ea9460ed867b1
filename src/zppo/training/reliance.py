"""Help reliance: how much likelier a right aided response is with the shown candidates than without them."""

import random
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from time import perf_counter
from typing import Any

import torch

from zppo.config import RunOptions
from zppo.engines.transformers import TransformersEngine
from zppo.training.forward import rollout_logprobs, shared_vision
from zppo.training.microbatch import microbatches
from zppo.types import Group, Minibatch

AIDED = ("bcq", "ncq")
Autocast = Callable[[], AbstractContextManager[Any]]


class HelpReliance:
    """Reads right responses of a few BCQ and NCQ groups once behind their own prompt and once behind the plain one.

    Reliance is the mean over response tokens of log pi(token | aided prompt) - log pi(token | plain prompt), in nats,
    at the sampling temperature. Above 0 the response leans on the candidates; at 0 it is as likely without them. Up to
    `options.reports.reliance` groups of each kind are measured; 0 switches the measurement off. `autocast` is the
    precision of the updates' passes.
    """

    def __init__(self, options: RunOptions, student: TransformersEngine, autocast: Autocast = nullcontext) -> None:
        self._options = options
        self._student = student
        self._autocast = autocast

    def measure(self, groups: Sequence[Group], rng: random.Random) -> dict[str, float]:
        """`reliance/KIND`, the tokens it is a mean over, and the seconds spent; empty if nothing is measured.

        `groups` are all groups of a rollout step, before its first update. `rng` draws among those that have a right
        response. The model computes in evaluation mode, without gradient, and is left as it was.
        """
        began = perf_counter()
        plain = {g.question.id: g for g in groups if g.prompt.kind in ("plain", "replayed")}
        aided = {kind: [row for g in self._drawn(groups, kind, rng) for row in _right(g)] for kind in AIDED}
        # Copies, as a rollout is read twice.
        unaided = {k: [(plain[g.question.id], replace(r)) for g, r in rows] for k, rows in aided.items()}
        rows = [row for several in (aided, unaided) for kind in AIDED for row in several[kind]]
        if not rows:
            return {}
        logprob, metrics = self._logprobs(rows), dict[str, float]()
        for kind in (kind for kind in AIDED if aided[kind]):
            tokens = sum(len(rollout.token_ids) for _, rollout in aided[kind])
            with_help, without = (sum(logprob[id(r)] for _, r in several[kind]) for several in (aided, unaided))
            metrics |= {f"reliance/{kind}": (with_help - without) / tokens, f"reliance/{kind}_tokens": tokens}
        return metrics | {"time/reliance": perf_counter() - began}

    def _drawn(self, groups: Sequence[Group], kind: str, rng: random.Random) -> list[Group]:
        able = [g for g in groups if g.prompt.kind == kind and _right(g)]
        return rng.sample(able, min(self._options.reports.reliance, len(able)))

    def _logprobs(self, rows: Minibatch) -> dict[int, float]:
        """Log-probability of each response behind the prompt of its row's group, by the rollout's `id`."""
        model, vision = self._student.model, self._student.vision
        micros = microbatches(rows, self._options.update.microbatch_tokens, self._student.renderer.pad, model.device)
        was_training = model.training
        model.eval()
        try:
            with torch.no_grad(), self._autocast(), shared_vision(vision, model, rows):
                read = rollout_logprobs(model, micros, self._options.sampling.temperature, vision)
                return {id(rollout): sum(logprobs) for rollout, logprobs in read}
        finally:
            model.train(was_training)


def _right(group: Group) -> Minibatch:
    return [(group, rollout) for rollout in group.rollouts if rollout.is_right and rollout.token_ids]
