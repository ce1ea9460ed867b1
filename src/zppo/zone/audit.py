"""Match audit of aided rollouts: the answer that a rollout's final answer repeats (method section 9).

Answers are compared by their normal form (`zone/answers.py`). Counts add up over steps and runs; a share is taken from
a sum of counts, never from a mean of shares.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from zppo.types import Group
from zppo.zone.answers import normal_form

MATCHES = {"bcq": ("correct", "wrong", "neither"), "ncq": ("listed", "teacher", "neither")}
"""The possible matches of an aided rollout's answer, by kind of prompt: the correct or the wrong candidate of a BCQ, a
listed wrong answer of an NCQ, or the teacher's, which an NCQ does not show."""
VERDICTS = ("right", "wrong")


def count_name(kind: str, verdict: str, match: str) -> str:
    return f"{kind}_{verdict}_matches_{match}"


COUNTS = tuple(count_name(k, v, m) for k, matches in MATCHES.items() for v, m in product(VERDICTS, matches))


def audit_counts(groups: Iterable[Group], teacher_answers: Mapping[str, Sequence[str]]) -> Counter[str]:
    """Scored BCQ and NCQ rollouts by kind, verdict and match, under the names of `COUNTS`.

    `teacher_answers` holds the final answers of the teacher's right responses in the same step, by question id. An
    answer that matches both counts for the first of `MATCHES`; a missing or an empty one matches neither. A kind
    without a scored rollout has no counts, any other has all six.
    """
    counts: Counter[str] = Counter()
    for group in groups:
        kind = group.prompt.kind
        scored = [r for r in group.rollouts if r.reward is not None]
        if kind not in MATCHES or not scored:
            continue
        counts.update(dict.fromkeys((name for name in COUNTS if name.startswith(kind)), 0))
        answers = _compared(group, teacher_answers.get(group.question.id, ()))
        for rollout in scored:
            form = normal_form(rollout.answer or "")
            match = next((name for name, forms in answers.items() if form and form in forms), "neither")
            counts[count_name(kind, "right" if rollout.is_right else "wrong", match)] += 1
    return counts


def audit_metrics(counts: Mapping[str, int]) -> dict[str, float]:
    """The counts of a step and three shares; a share is absent where there is no such rollout.

    `audit/follows_correct`, `audit/follows_wrong`: BCQ rollouts that match the correct and the wrong candidate;
    `audit/parroting`: NCQ rollouts that repeat a listed wrong answer.
    """
    metrics: dict[str, float] = {f"audit/{name}": count for name, count in counts.items()}
    followed = (
        ("follows_correct", "bcq", "correct"),
        ("follows_wrong", "bcq", "wrong"),
        ("parroting", "ncq", "listed"),
    )
    for name, kind, match in followed:
        rollouts = sum(count for key, count in counts.items() if key.startswith(kind))
        if rollouts:
            matching = sum(counts[count_name(kind, verdict, match)] for verdict in VERDICTS)
            metrics[f"audit/{name}"] = matching / rollouts
    return metrics


def _compared(group: Group, teacher_answers: Sequence[str]) -> dict[str, set[str]]:
    """Normal forms of the answers that can be matched, by name, in order of precedence."""
    shown = group.prompt.candidates
    right, wrong = ({normal_form(c.answer or "") for c in shown if c.is_right is verdict} for verdict in (True, False))
    if group.prompt.kind == "bcq":
        return {"correct": right, "wrong": wrong}
    return {"listed": wrong, "teacher": {normal_form(answer) for answer in teacher_answers}}
