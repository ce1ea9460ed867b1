"""Rollout steps from a few words, for the tests of alarms."""

import json
from collections.abc import Sequence
from typing import Any

from zppo.alarms import Alarms
from zppo.alarms.watch import Alarm
from zppo.config import RunOptions
from zppo.types import Group, Kind, Prompt, Question, Rollout, StepBatch
from zppo.zone.audit import audit_counts, audit_metrics
from zppo.zone.metrics import signal_metrics, step_metrics


def rollout(answer: str | None, gold: str = "9", cut: bool = False, unscored: bool = False, tokens: int = 9) -> Rollout:
    text = "so it is" if answer is None else rf"so \boxed{{{answer}}}"
    reward = None if unscored else float(answer == gold)
    return Rollout([1] * tokens, text, "length" if cut else "stop", reward=reward, answer=answer)


def group(*rollouts: Rollout, id: str = "q", kind: Kind = "plain", gold: str = "9") -> Group:
    return Group(Prompt(kind, Question(id, f"{id}?", gold), f"{id}?"), list(rollouts))


def answers(*given: str | None, id: str = "q", kind: Kind = "plain", gold: str = "9") -> Group:
    return group(*(rollout(each, gold) for each in given), id=id, kind=kind, gold=gold)


HEALTHY = (answers("9", "21", "9", "8"), answers("9", "9", "9", "9", id="r"))


def step(*groups: Group, teacher: Sequence[Group] = (), minibatches: bool = True, **metrics: float) -> StepBatch:
    """Metrics are those of the groups; `plain=0.5` and the like go over them (see `KEYS`)."""
    plain = [g for g in groups if g.prompt.kind in ("plain", "replayed")]
    aided = [g for g in groups if g not in plain]
    computed = step_metrics(plain or list(groups), aided, teacher, {}, {}, 0.5) | signal_metrics(groups, groups)
    computed |= audit_metrics(audit_counts(aided, {})) | {"tokens/gradient": 100, "loss/entropy": 1.0}
    computed |= {KEYS[name]: value for name, value in metrics.items()}
    rows = [(g, r) for g in groups for r in g.rollouts] if minibatches else []
    return StepBatch(list(groups), [rows], computed, teacher=teacher)


KEYS = {
    "plain": "accuracy/plain",
    "entropy": "loss/entropy",
    "tokens": "response/tokens_mean",
    "trained": "tokens/gradient",
    "unreachable": "judge/unreachable",
    "killed": "grader/timeouts",
    "judged": "judge/calls",
    "malformed": "judge/malformed",
    "parroting": "audit/parroting",
}


def watched(batches: Sequence[StepBatch], **options: Any) -> list[dict[str, Alarm]]:
    """The alarms of each step by name. The memory goes through JSON between steps, as through a checkpoint."""
    found, memory = [], {}
    for number, batch in enumerate(batches, start=1):
        alarms = Alarms(RunOptions(**options), json.loads(json.dumps(memory)))
        found.append({alarm.name: alarm for alarm in alarms.observe(number, batch, batch.metrics)})
        memory = alarms.state_dict()
    return found
