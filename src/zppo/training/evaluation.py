"""Held-out accuracy with plain prompts: overall, easy and hard questions, and per cluster.

What could not be scored (an unreachable judge, a killed comparison) takes no part in an accuracy and is counted.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from zppo.engines.base import TextEngine, Verdict, ask_all, rewards_of
from zppo.types import Prompt, Question, Sampling
from zppo.zone.prompts import Templates


def ask(
    questions: Sequence[Question],
    engine: TextEngine,
    verdict: Verdict,
    templates: Templates,
    samples: int,
    sampling: Sampling,
) -> tuple[dict[str, float], int]:
    """Accuracy per question id, and how many responses were unscored.

    The mean over the scored ones of `samples` responses; a question without any has no accuracy.
    """
    prompts = [Prompt("plain", q, templates.plain(q)) for q in questions]
    groups = ask_all(engine, prompts, samples, sampling)
    pairs = [(g.question, r) for g in groups for r in g.rollouts]
    rewards = rewards_of(verdict, [q for q, _ in pairs], [r for _, r in pairs])
    by_question = defaultdict(list)
    for (question, _), reward in zip(pairs, rewards, strict=True):
        if reward is not None:
            by_question[question.id].append(reward)
    return {question: fmean(scores) for question, scores in by_question.items()}, rewards.count(None)


def levels_of(questions: Sequence[Question], accuracy: Mapping[str, float], tau: float) -> dict[str, str]:
    """`easy` or `hard` per question id: the data's `level` column, else whether the untrained student reaches `tau`.

    A question that has neither a level nor an accuracy is left out.
    """
    measured = {i: "hard" if a < tau else "easy" for i, a in accuracy.items()}
    levels = {q.id: q.fields.get("level") or measured.get(q.id) for q in questions}
    return {i: str(level) for i, level in levels.items() if level}


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
