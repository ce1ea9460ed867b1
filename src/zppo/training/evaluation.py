"""Held-out accuracy with plain prompts: overall, easy and hard questions, and per cluster.

What could not be scored (an unreachable judge, a killed comparison) takes no part in an accuracy and is counted.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Any

from zppo.engines.base import Scorer, TextEngine, ask_all, rewards_of
from zppo.engines.local import LocalText
from zppo.rewards.functions import RewardFunctions
from zppo.rewards.routing import RoutedScorer
from zppo.rollout.worker import Parts
from zppo.run.state import RunState
from zppo.run.summary import buffer_counts
from zppo.training.arguments import ZPPOConfig
from zppo.types import Prompt, Question, Sampling, reaches
from zppo.zone.prompts import Templates
from zppo.zone.replay import PromptReplayBuffer
from zppo.zone.streams import Streams

logger = logging.getLogger(__name__)


def ask(
    questions: Sequence[Question],
    engine: TextEngine,
    verdict: Scorer,
    templates: Templates,
    samples: int,
    sampling: Sampling,
    extract: Callable[[str], str | None] | None = None,
) -> tuple[dict[str, float], int]:
    """Accuracy per question id, and how many responses were unscored.

    The mean over the scored ones of `samples` responses; a question without any has no accuracy. Warns if `extract`,
    where given, finds no final answer in any response.
    """
    prompts = [Prompt("plain", q, templates.plain(q), turns=q.turns) for q in questions]
    groups = ask_all(engine, prompts, samples, sampling)
    pairs = [(g.question, r) for g in groups for r in g.rollouts]
    rewards = rewards_of(verdict, [q for q, _ in pairs], [r for _, r in pairs])
    if extract and pairs and not any(extract(r.whole) for _, r in pairs):
        cut = sum(r.finish_reason == "length" for _, r in pairs)
        logger.warning(
            "not one of %d held-out responses holds a final answer (%d were cut off at %d tokens), so that none can be "
            "right: see rewards.extract and prompts.templates (docs/symptoms.md)",
            *(len(pairs), cut, sampling.max_tokens),
        )
    by_question = defaultdict(list)
    for (question, _), reward in zip(pairs, rewards, strict=True):
        if reward is not None:
            by_question[question.id].append(reward)
    return {question: fmean(scores) for question, scores in by_question.items()}, rewards.count(None)


def levels_of(questions: Sequence[Question], accuracy: Mapping[str, float], tau: float) -> dict[str, str]:
    """`easy` or `hard` per question id: the data's `level` column, else whether the untrained student reaches `tau`.

    A question that has neither a level nor an accuracy is left out.
    """
    measured = {i: "easy" if reaches(a, tau) else "hard" for i, a in accuracy.items()}
    levels = {q.id: q.fields.get("level") or measured.get(q.id) for q in questions}
    return {i: str(level) for i, level in levels.items() if level}


def shown_of(result: Mapping[str, Any], unscored: int, counted: Mapping[str, float]) -> dict[str, float]:
    """The metrics of an evaluation: its accuracies, what was unscored, and where the judge was silent (`counted`)."""
    shown = {f"eval/{level}": result[level] for level in ("overall", "easy", "hard") if result[level] is not None}
    silent = {f"eval/{name.replace('/', '_')}": counted.get(name, 0) for name in ("judge/unreachable", "judge/cut_off")}
    return shown | {"eval/unscored": unscored} | {name: count for name, count in silent.items() if count}


def summarise(
    questions: Sequence[Question], accuracy: Mapping[str, float], levels: Mapping[str, str]
) -> dict[str, Any]:
    """`overall`, `easy`, `hard` (None where nothing of the kind was scored) and, per cluster, `easy` and `hard`."""

    def mean(chosen: Sequence[Question]) -> float | None:
        scored = [accuracy[q.id] for q in chosen if q.id in accuracy]
        return fmean(scored) if scored else None

    def by_level(chosen: Sequence[Question]) -> dict[str, float | None]:
        return {level: mean([q for q in chosen if levels.get(q.id) == level]) for level in ("easy", "hard")}

    clusters = sorted({str(q.fields["cluster"]) for q in questions if q.fields.get("cluster")})
    members = {c: [q for q in questions if q.fields.get("cluster") == c] for c in clusters}
    return {
        "overall": mean(questions),
        **by_level(questions),
        "clusters": {cluster: by_level(chosen) for cluster, chosen in members.items()},
    }


def evaluate(
    questions: Sequence[Question],
    parts: Parts,
    verdict: RoutedScorer | RewardFunctions,
    options: ZPPOConfig,
    state: RunState,
    buffer: PromptReplayBuffer,
) -> dict[str, float]:
    """Ask the held-out questions, remember the result in `state`, and return it as the metrics `eval/NAME`.

    Nothing is asked, and there are no metrics, where there are no questions.
    """
    if not questions:
        return {}
    began = time.perf_counter()
    seed = Streams(options.seed, state.step).number("evaluation")
    sampling = options.eval.at(seed, options.sampling)
    student = LocalText(parts.student, parts.renderer)
    asked = questions, student, verdict, parts.templates, options.eval.samples, sampling
    accuracy, unscored = ask(*asked, None if state.evaluations else parts.extract)  # warned of once
    counted = verdict.metrics()  # what the held-out questions were scored with belongs to no rollout step
    state.count_judge(counted)
    state.levels = state.levels or levels_of(questions, accuracy, options.zone.tau)
    result = summarise(questions, accuracy, state.levels)
    state.evaluations.append(state.counters() | buffer_counts(buffer) | result | {"unscored": unscored})
    return shown_of(result, unscored, counted) | {"time/eval": time.perf_counter() - began}
