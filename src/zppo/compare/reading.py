"""Reading of a finished run: one row of a comparison, at the end of the run or at a budget of student tokens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from zppo.compare.grid import Cell, Matching
from zppo.errors import CompareError
from zppo.reports.fates import by_visits

LEVELS = ("overall", "easy", "hard")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Reading:
    """Numbers of one cell at the point at which it is read.

    `curve` has the evaluations up to that point, which is its last row. `average` is the mean accuracy without the
    start: at equal steps over the evaluations, at equal tokens over as many equal shares of the budget. At the level
    `hard` it is the primary measure. Accuracies are None if there are no such questions. `graduated`, `admitted` and
    `replayed` are counts by entry accuracy, `left_by_visits` counts of the questions that left by scored visits and
    course, `audit` counts of the match audit. `clusters` has the accuracy of easy and hard questions of each cluster,
    `clusters_before` the same before training.
    """

    label: str
    method: str
    seed: int
    options: dict[str, str]
    matching: Matching
    rollout_steps: int
    student_tokens: int
    teacher_tokens: int
    gradient_tokens: int
    seconds: float
    flops: float
    accuracy: dict[str, float | None]
    average: dict[str, float | None]
    graduated: dict[str, int]
    admitted: dict[str, int]
    replayed: dict[str, int]
    left_by_visits: dict[str, dict[str, int]]
    audit: dict[str, int]
    clusters: dict[str, dict[str, float | None]]
    clusters_before: dict[str, dict[str, float | None]]
    curve: list[dict[str, Any]]


def read_cell(cell: Cell, summary: Row, budget: int | None = None) -> Reading:
    """Reading of a cell at the end of its run, or at `budget` student tokens."""
    every = summary["evaluations"]
    rows = every if budget is None else evaluations_within(every, budget)
    end, spaced = rows[-1], rows[1:] if budget is None else spaced_in_tokens(every, budget)
    return Reading(
        label=cell.label,
        method=cell.method,
        seed=cell.seed,
        options=dict(cell.varied),
        matching="steps" if budget is None else "tokens",
        rollout_steps=end["step"],
        student_tokens=end["student_tokens"],
        teacher_tokens=end["teacher_tokens"],
        gradient_tokens=end["gradient_tokens"],
        seconds=round(end["seconds"], 1),
        flops=end["flops"],
        accuracy={level: end[level] for level in LEVELS},
        average={level: _mean([row[level] for row in spaced]) for level in LEVELS},
        graduated=dict(end["graduated"]),
        admitted=dict(end["admitted"]),
        replayed=dict(end["replayed"]),
        left_by_visits=by_visits(end["left_by_visits"]),
        audit=dict(end["audit"]),
        clusters=dict(end["clusters"]),
        clusters_before=dict(every[0]["clusters"]),
        curve=[{key: row[key] for key in ("step", "student_tokens", *LEVELS)} for row in rows],
    )


def token_budget(summaries: Mapping[Cell, Row]) -> int:
    """Student tokens of the cheapest run. Raises CompareError if that run has sampled none."""
    tokens = {cell: summary["evaluations"][-1]["student_tokens"] for cell, summary in summaries.items()}
    cheapest = min(tokens, key=lambda cell: tokens[cell])
    if not tokens[cheapest]:
        raise CompareError(
            f"{cheapest.label} seed {cheapest.seed} has sampled no student tokens, so there is no budget at which to "
            "read the others; use --match steps"
        )
    return tokens[cheapest]


def evaluations_within(evaluations: Sequence[Row], budget: int) -> list[Row]:
    """The evaluations up to `budget` student tokens, ending with one at exactly that many.

    If there is none, it is interpolated between its neighbours. `budget` is at most the tokens of the last one.
    """
    within = [row for row in evaluations if row["student_tokens"] <= budget]
    last = within[-1]
    if last["student_tokens"] == budget:
        return within
    beyond = evaluations[len(within)]
    share = (budget - last["student_tokens"]) / (beyond["student_tokens"] - last["student_tokens"])
    return [*within, interpolated(last, beyond, share)]


def spaced_in_tokens(evaluations: Sequence[Row], budget: int) -> list[Row]:
    """Evaluations at 1/n, 2/n, ... n/n of `budget`, with n the number of evaluations after the first."""
    points = len(evaluations) - 1
    return [evaluations_within(evaluations, round(budget * i / points))[-1] for i in range(1, points + 1)]


def interpolated(one: Any, other: Any, share: float) -> Any:
    """Linear interpolation of all numbers of two evaluations at `share` (0 to 1); integers are rounded.

    A missing count is 0, and so are all counts of a missing mapping.
    """
    if isinstance(other, Mapping):
        one = one or {}
        return {key: interpolated(one.get(key, 0), other.get(key, 0), share) for key in {**one, **other}}
    if one is None or other is None:
        return None
    value = (1 - share) * one + share * other
    return round(value) if isinstance(one, int) and isinstance(other, int) else value


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known and len(known) == len(values) else None
