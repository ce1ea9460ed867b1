"""All benchmarks of an evaluation put together: `summary.json`, `results.csv`, and the table, beside the paper's."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from zppo.evals.outcome import Outcome
from zppo.evals.paper import paper_methods, paper_results, paper_scores
from zppo.evals.results import AVERAGES, Result, write_results
from zppo.evals.statistics import in_order, macro_averages
from zppo.evals.table import aligned
from zppo.reports.files import write_atomically

SHOWN_METHODS = ("base", "grpo+replay", "zppo", "teacher")
"""What of the paper stands beside a run when only a student is named, or the teacher."""
Paper = Mapping[str, Mapping[str, float]]
"""Some of the paper's scores: by what the column is called, then by benchmark."""


@dataclass(frozen=True)
class Label:
    """Under which names the results stand in `results.csv`."""

    student: str
    method: str


def results_of(outcomes: Sequence[Outcome], label: Label) -> list[Result]:
    """By family, in the order of the table."""
    return [
        Result(label.student, label.method, outcome.family, outcome.abbr, outcome.score)
        for family in in_order(o.family for o in outcomes)
        for outcome in outcomes
        if outcome.family == family
    ]


def write_summary(
    out: Path,
    outcomes: Sequence[Outcome],
    errors: Mapping[str, str],
    label: Label,
    settings: Mapping[str, Any],
    paper: Paper | None = None,
) -> None:
    """`families` are the macro averages over the benchmarks that were evaluated, in points.

    `paper` is written as it stands in the table, averages included: of the same benchmarks.
    """
    results = results_of(outcomes, label)
    averages = {
        family: {"average": average, "benchmarks": sum(r.family == family for r in results)}
        for family, average in macro_averages(results).items()
    }
    summary = {
        **asdict(label),
        "families": averages,
        "benchmarks": [asdict(outcome) | {"notes": outcome.notes} for outcome in outcomes],
        "errors": dict(errors),
        "settings": dict(settings),
        "paper": {name: _beside(outcomes, scores) for name, scores in (paper or {}).items()},
    }
    write_atomically(out / "summary.json", json.dumps(summary, indent=1) + "\n")
    write_results(out / "results.csv", results)


def paper_columns(choice: str) -> dict[str, dict[str, float]]:
    """Scores by benchmark of `STUDENT` (several methods) or `STUDENT/METHOD`. Raises ConfigError for unknown names."""
    student, _, method = choice.partition("/")
    methods = [method] if method else [name for name in paper_methods(student) if name in SHOWN_METHODS]
    return {f"{student} {name}": paper_scores(student, name) for name in methods}


def as_table(outcomes: Sequence[Outcome], paper: Paper | None = None) -> str:
    """A line per benchmark and per family's macro average; the paper's averages are over the same benchmarks."""
    paper = paper or {}
    lines = [["", "score", *paper, "items", "notes"]]
    for family in in_order(o.family for o in outcomes):
        own = [o for o in outcomes if o.family == family]
        for o in own:
            beside = [_points(scores.get(o.abbr)) for scores in paper.values()]
            lines.append([f"{family} {o.abbr}", _points(o.score), *beside, str(o.items), "; ".join(o.notes)])
        averages = [_points(_average(own, scores)) for scores in paper.values()]
        score, items = _points(fmean(o.score for o in own)), str(sum(o.items for o in own))
        lines.append([f"{family} average of {len(own)}", score, *averages, items, ""])
    return aligned([line[:-1] for line in lines]) if not any(line[-1] for line in lines[1:]) else _with_notes(lines)


def _with_notes(lines: Sequence[Sequence[str]]) -> str:
    table = aligned([line[:-1] for line in lines]).splitlines()
    width = max(map(len, table))
    return "\n".join(f"{row:<{width}}  {line[-1]}".rstrip() for row, line in zip(table, lines, strict=True))


def _beside(outcomes: Sequence[Outcome], scores: Mapping[str, float]) -> dict[str, Any]:
    """The paper's averages and scores of the benchmarks that were evaluated; null where it has none."""
    families = {f: [o for o in outcomes if o.family == f] for f in in_order(o.family for o in outcomes)}
    averages = {family: _average(own, scores) for family, own in families.items()}
    return {"families": averages, "benchmarks": {o.slug: scores.get(o.abbr) for o in outcomes}}


def _average(outcomes: Sequence[Outcome], scores: Mapping[str, float]) -> float | None:
    """None where a score is missing: an average over fewer benchmarks would not be comparable.

    An average that the paper prints without the scores stands beside a whole family only.
    """
    known = [scores[o.abbr] for o in outcomes if o.abbr in scores]
    if len(known) == len(outcomes):
        return fmean(known)
    family = outcomes[0].family
    whole = {r.benchmark for r in paper_results() if r.family == family and not r.is_average}
    printed = [scores[name] for name, of in AVERAGES.items() if of == family and name in scores]
    return printed[0] if printed and {o.abbr for o in outcomes} == whole else None


def _points(score: float | None) -> str:
    return "–" if score is None else f"{score:.1f}"
