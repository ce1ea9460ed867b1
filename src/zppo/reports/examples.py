"""Worked examples: the groups of a few hard questions in one rollout step.

The rollout dumps of a long run are large, so they are read twice, group by group: first to list the hard questions,
then only the steps of the chosen ones.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Literal, NamedTuple

from zppo.run.directory import RunDirectory
from zppo.types import KINDS, MEDIA_MARK, RIGHT

Row = Mapping[str, Any]
Mark = Literal["right", "wrong", "unscored"]
UNAIDED = ("plain", "replayed")
LONGEST = 24_000
"""Characters of a text in a report: head and tail, as the final answer stands at the end."""


class Solved(NamedTuple):
    """A replay in which the student reached tau unaided, so that the question left the buffer."""

    step: int
    right: int
    of: int


class Visit(NamedTuple):
    """A hard question at one step. `aids` are its BCQ and NCQ groups, `helped` those with a right rollout."""

    step: int
    question_id: str
    cluster: str | None
    aids: frozenset[str] = frozenset()
    helped: frozenset[str] = frozenset()


@dataclass
class Survey:
    """All visits of a run, and the first replay that solved each question."""

    visits: list[Visit] = field(default_factory=list)
    solved: dict[str, Solved] = field(default_factory=dict)

    def solved_after(self, visit: Visit) -> Solved | None:
        solved = self.solved.get(visit.question_id)
        return solved if solved is not None and solved.step > visit.step else None


@dataclass(frozen=True)
class Shown:
    """One group of an example: its prompt and one of its rollouts."""

    kind: str
    prompt: str
    right: int
    of: int
    text: str
    mark: Mark


@dataclass(frozen=True)
class Example:
    """One question at one step. `answers` are the final answers of the plain rollouts, the most frequent first."""

    step: int
    cluster: str | None
    question: str
    gold: str
    answers: Sequence[tuple[str | None, int, Mark]]
    groups: Sequence[Shown]
    solved: Solved | None


def worked_examples(run: RunDirectory, tau: float, count: int = 5) -> list[Example]:
    """Up to `count` hard questions in the order of their steps; questions with BCQ and NCQ groups if there are any."""
    survey = take_survey(run, tau)
    chosen = {(v.step, v.question_id): v for v in choose(survey, count)}
    rows = defaultdict(list)
    for step, row in run.groups(steps={v.step for v in chosen.values()}):
        if (step, row["question_id"]) in chosen:
            rows[step, row["question_id"]].append(row)
    return [_example(visit, rows[key], survey.solved_after(visit)) for key, visit in chosen.items()]


def take_survey(run: RunDirectory, tau: float) -> Survey:
    survey = Survey()
    for step, groups in groupby(run.groups(), key=lambda pair: pair[0]):
        survey.visits += _visits(step, (row for _, row in groups), tau, survey.solved)
    return survey


def choose(survey: Survey, count: int) -> list[Visit]:
    """The best visits of different questions, spread over clusters and steps, in the order of their steps."""
    left = [v for v in survey.visits if v.aids] or survey.visits
    chosen: list[Visit] = []
    while left and len(chosen) < count:
        best = max(left, key=lambda v: _preference(v, chosen, survey))
        chosen.append(best)
        left = [v for v in left if v.question_id != best.question_id]
    return sorted(chosen, key=lambda v: v.step)


def _preference(visit: Visit, chosen: Sequence[Visit], survey: Survey) -> tuple[int, ...]:
    """Sort key: both kinds of aid, then a later unaided success, then successes with aid, then variety."""
    return (
        len(visit.aids),
        survey.solved_after(visit) is not None,
        len(visit.helped),
        -sum(visit.cluster == other.cluster for other in chosen),
        min((abs(visit.step - other.step) for other in chosen), default=0),
    )


def _visits(step: int, rows: Iterable[Row], tau: float, solved: dict[str, Solved]) -> list[Visit]:
    """The hard questions of a step; questions solved on replay are added to `solved`."""
    hard: dict[str, Visit] = {}
    for row in rows:
        name, kind, accuracy = row["question_id"], row["kind"], row["accuracy"]
        known = hard.get(name)
        if known is not None and kind not in UNAIDED:
            successes = {kind} if _count(row, "right") else set()
            hard[name] = known._replace(aids=known.aids | {kind}, helped=known.helped | successes)
        elif kind in UNAIDED and accuracy is not None and accuracy < tau:
            hard[name] = Visit(step, name, row.get("cluster"))
        elif kind == "replayed" and accuracy is not None:
            solved.setdefault(name, Solved(step, _count(row, "right"), len(_own(row))))
    return list(hard.values())


def _example(visit: Visit, rows: Sequence[Row], solved: Solved | None) -> Example:
    rows = sorted(rows, key=lambda row: KINDS.index(row["kind"]))
    plain = rows[0]
    answers = Counter((r["answer"], _mark(r)) for r in _own(plain))
    return Example(
        visit.step,
        visit.cluster,
        _named(plain["question"], plain),
        plain["answer"],
        [(answer, count, mark) for (answer, mark), count in answers.most_common()],
        [_shown(row) for row in rows],
        solved,
    )


def _shown(row: Row) -> Shown:
    """The group with one rollout: of a plain group a wrong one (most frequent wrong answer), else a right one."""
    wanted: Mark = "wrong" if row["kind"] in UNAIDED else "right"
    stated = Counter(r["answer"] for r in _own(row) if r["answer"] is not None and _mark(r) == wanted)
    rollout = max(_own(row), key=lambda r: (_mark(r) == wanted, stated[r["answer"]]))
    return Shown(
        row["kind"],
        _clipped(
            _named(row["prompt"], row)
            + (f"\n[every response begins with:]\n{row['prefix']}" if "prefix" in row else "")
        ),
        _count(row, "right"),
        len(_own(row)),
        _clipped(rollout["text"]),
        _mark(rollout),
    )


def _named(text: str, row: Row) -> str:
    """The text with the name of each image or video in its place."""
    names = iter(row.get("media", ()))
    return re.sub(MEDIA_MARK, lambda mark: f"[{next(names, '?')}]", text)


def _mark(rollout: Row) -> Mark:
    if rollout["reward"] is None:
        return "unscored"
    return "right" if rollout["reward"] > RIGHT else "wrong"


def _own(row: Row) -> list[Row]:
    """The student's rollouts of a group, without injected responses."""
    return [r for r in row["rollouts"] if not r.get("injected")]


def _count(row: Row, mark: Mark) -> int:
    return sum(_mark(r) == mark for r in _own(row))


def _clipped(text: str, longest: int = LONGEST) -> str:
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]}\n[… {len(text) - 2 * half:,} characters left out …]\n{text[-half:]}"
