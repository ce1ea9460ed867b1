"""The match audit of a run as the paper's two tables (method section 9), and its counts from a run's dumps."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from zppo.errors import CheckpointError
from zppo.reports.table import NOTHING, Line, Table
from zppo.run.directory import RunDirectory
from zppo.types import Candidate, Group, Prompt, Question, Rollout
from zppo.zone.audit import MATCHES, VERDICTS, audit_counts, count_name

HEADERS: Mapping[str, Line] = {
    "bcq": (
        "",
        "rollouts: right / wrong",
        "right ones match: correct, wrong candidate, neither (%)",
        "wrong ones: likewise (%)",
        "accuracy (%)",
    ),
    "ncq": (
        "",
        "rollouts",
        "match a listed wrong answer (%)",
        "the teacher's, not shown (%)",
        "neither (%)",
        "accuracy (%)",
    ),
}
PAPER: Mapping[str, Sequence[Line]] = {
    "bcq": (
        ("paper, 0.8B", "450 / 206", "90.7, 3.3, 6.0", "0.0, 90.3, 9.7", "68.6"),
        ("paper, 2B", "271 / 177", "79.7, 0.0, 20.3", "0.0, 77.4, 22.6", "60.5"),
        ("paper, 4B", "97 / 151", "78.4, 0.0, 21.6", "0.0, 97.4, 2.6", "39.1"),
        ("paper, 9B", "64 / 112", "84.4, 0.0, 15.6", "2.7, 86.6, 10.7", "36.4"),
    ),
    "ncq": (
        ("paper, 0.8B", "1,656", "82.7", "0.4", "16.9", "1.2"),
        ("paper, 2B", "1,872", "2.2", "4.8", "92.9", "22.1"),
        ("paper, 4B", "2,056", "0.7", "3.7", "95.5", "35.2"),
        ("paper, 9B", "2,136", "0.2", "1.8", "98.0", "30.5"),
    ),
}
"""The last three dumps of each of the paper's students, as printed in the paper."""


def audit_tables(counts_by_label: Mapping[str, Mapping[str, int]]) -> list[Table]:
    """One table for each kind of prompt with rollouts under any label; the paper's rows come last."""
    tables = []
    for kind, row_of in (("bcq", _bcq_row), ("ncq", _ncq_row)):
        rows = [row_of(label, c) for label, c in counts_by_label.items() if any(_counts(c, kind, v) for v in VERDICTS)]
        if rows:
            tables.append(Table(f"{kind.upper()} audit", HEADERS[kind], [*rows, *PAPER[kind]]))
    return tables


def audit_of(run: RunDirectory) -> Counter[str]:
    """The counts of a whole run by the names of `zone.audit.COUNTS`, from its dumps: the sums of its metrics.

    Raises CheckpointError if there are no dumps, or if they lack the candidates of aided prompts.
    """
    if not run.rollouts.is_dir():
        raise CheckpointError(f"{run.path} has no folder {run.rollouts.name}/ to audit; name the directory of a run")
    counts: Counter[str] = Counter()
    for step, row in run.groups():
        if row["kind"] not in MATCHES:
            continue
        if "candidates" not in row:
            raise CheckpointError(
                f"{run.path}: step {step} was dumped without the candidates of its {row['kind'].upper()} groups, by an "
                "earlier version; such a run cannot be audited"
            )
        counts.update(audit_counts([_group(row)], {row["question_id"]: row.get("teacher_answers", ())}))
    return counts


def _group(row: Mapping[str, Any]) -> Group:
    """The fields of a dumped aided group that the audit needs."""
    question = Question(row["question_id"], row["question"], row["answer"])
    candidates = tuple(Candidate(c["text"], c["answer"], c["is_right"]) for c in row["candidates"])
    rollouts = [Rollout([], r["text"], reward=r["reward"], answer=r["answer"]) for r in row["rollouts"]]
    return Group(Prompt(row["kind"], question, row["prompt"], candidates=candidates), rollouts)


def _counts(counts: Mapping[str, int], kind: str, verdict: str) -> list[int]:
    """Counts of the rollouts of a kind and verdict by match; [] if there are none."""
    found = [counts.get(count_name(kind, verdict, match), 0) for match in MATCHES[kind]]
    return found if any(found) else []


def _bcq_row(label: str, counts: Mapping[str, int]) -> Line:
    right, wrong = (_counts(counts, "bcq", verdict) for verdict in VERDICTS)
    rollouts = f"{sum(right):,} / {sum(wrong):,}"
    return (label, rollouts, ", ".join(_percent(right)), ", ".join(_percent(wrong)), _accuracy(right, wrong))


def _ncq_row(label: str, counts: Mapping[str, int]) -> Line:
    right, wrong = (_counts(counts, "ncq", verdict) or [0] * len(MATCHES["ncq"]) for verdict in VERDICTS)
    both = [r + w for r, w in zip(right, wrong, strict=True)]
    return (label, f"{sum(both):,}", *_percent(both), _accuracy(right, wrong))


def _percent(counts: Sequence[int]) -> list[str]:
    return [f"{100 * count / sum(counts):.1f}" for count in counts] or [NOTHING]


def _accuracy(right: Sequence[int], wrong: Sequence[int]) -> str:
    return f"{100 * sum(right) / (sum(right) + sum(wrong)):.1f}"
