"""A comparison as Markdown tables."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Literal

from zppo.compare.comparison import Comparison, LabelSummary, by_label
from zppo.compare.grid import Matching
from zppo.compare.reading import LEVELS, Reading
from zppo.compare.statistics import RESAMPLES, Difference, Spread
from zppo.reports.audit import audit_tables
from zppo.reports.fates import COURSES, VISITS, share

MOST_COLUMNS = 11
COSTS = ("student_tokens", "teacher_tokens", "gradient_tokens", "seconds", "flops")
NOTHING = "–"
FEW_SEEDS = 10
READING = (
    "`hard`, `easy`, `overall`: held-out accuracy there; `average hard`: mean over equally spaced points (of steps or "
    "of tokens) up to there, the start left out."
)


def markdown(comparison: Comparison) -> str:
    """All tables: results, graduation, clusters and costs at each matching, then learning curves, then every cell."""
    parts = []
    for matching in comparison.matchings:
        parts += _tables_at(comparison, matching)
    parts += [
        "#### Learning curves: held-out hard accuracy at each rollout step, mean over seeds",
        curve_table(by_label(comparison.grid, comparison.whole)),
        "#### Every cell",
        cell_table(comparison.readings),
    ]
    return "\n\n".join(parts) + "\n"


def result_table(summaries: Sequence[LabelSummary], baseline: str, seeds: int) -> str:
    """Accuracy at the reading point, and the average hard accuracy with its difference to the baseline."""
    header = ["label", "hard", "easy", "overall", "average hard", f"minus {baseline}, paired [95 %]", "wins"]
    rows = []
    for summary in summaries:
        accuracy = [_spread(summary.accuracy[level]) for level in ("hard", "easy", "overall")]
        difference = None if summary.label == baseline else summary.difference
        wins = f"{difference.wins}/{seeds}" if difference else NOTHING
        rows.append([summary.label, *accuracy, _spread(summary.average["hard"]), _difference(difference), wins])
    return table(header, rows)


def curve_table(readings: Mapping[str, Sequence[Reading]]) -> str:
    """Mean hard accuracy of each label at (at most `MOST_COLUMNS` of) the evaluations, first and last among them."""
    curves = {label: _mean_curve(seeds) for label, seeds in readings.items()}
    steps = _thinned(sorted({step for curve in curves.values() for step in curve}))
    rows = [[label, *(_accuracy(curve.get(step)) for step in steps)] for label, curve in curves.items()]
    return table(["label", *(f"step {step}" for step in steps)], rows)


def graduation_table(readings: Mapping[str, Sequence[Reading]], of: Literal["admitted", "replayed"]) -> str:
    """Graduates by entry accuracy, summed over seeds, for the labels that admitted questions.

    The denominator is all admitted questions, or those replayed at least once.
    """
    entries = sorted({entry for seeds in readings.values() for r in seeds for entry in r.admitted}, key=float)
    rows = []
    for label, seeds in readings.items():
        whole, graduated = summed(getattr(r, of) for r in seeds), summed(r.graduated for r in seeds)
        if any(r.admitted for r in seeds):
            rows.append([label, *(share(graduated[entry], whole[entry]) for entry in entries)])
    return table(["label", *(f"entered at {100 * float(entry):g}%" for entry in entries)], rows) if rows else ""


def course_table(readings: Mapping[str, Sequence[Reading]]) -> str:
    """Questions that left the buffer, by scored visits: graduated, improved without graduating, never improved.

    Shares in percent, summed over seeds; a dash if no question left after that many visits.
    """
    rows = []
    for label, seeds in readings.items():
        names = dict.fromkeys(visits for r in seeds for visits in r.left_by_visits)
        left = {visits: summed(r.left_by_visits.get(visits, {}) for r in seeds) for visits in names}
        if left:
            rows.append([label, *(_courses(left.get(visits, {})) for visits in VISITS)])
    return table(["label", *(f"{visits} visits" for visits in VISITS)], rows) if rows else ""


def summed(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return total


def cluster_table(readings: Mapping[str, Sequence[Reading]]) -> str:
    """Accuracy on the easy and hard questions of each cluster, before and after training; means over seeds."""
    every = [reading for seeds in readings.values() for reading in seeds]
    rows = []
    for level in ("hard", "easy"):
        for cluster in every[0].clusters:
            before = _known_mean([r.clusters_before[cluster][level] for r in every])
            after = [_known_mean([r.clusters[cluster][level] for r in seeds]) for seeds in readings.values()]
            if before is not None:
                rows.append([cluster, level, *(_accuracy(value) for value in (before, *after))])
    return table(["cluster", "level", "before", *readings], rows) if rows else ""


def cost_table(readings: Mapping[str, Sequence[Reading]], baseline: str) -> str:
    """Costs: means over seeds, and in parentheses their ratio to the baseline."""
    means = {
        label: {cost: fmean(getattr(r, cost) for r in seeds) for cost in COSTS} for label, seeds in readings.items()
    }
    rows = [
        [label, *(_cost(cost, mean[cost], means[baseline][cost]) for cost in COSTS)] for label, mean in means.items()
    ]
    return table(["label", *(_words(cost) for cost in COSTS)], rows)


def cell_table(readings: Sequence[Reading]) -> str:
    """Every field of every cell."""
    header = ["label", "seed", "matching", "rollout steps", *(_words(cost) for cost in COSTS), *LEVELS]
    header += [*(f"average {level}" for level in LEVELS), "graduated/admitted", "hard by step"]
    return table(header, [_cell_row(reading) for reading in readings])


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)


def _tables_at(comparison: Comparison, matching: Matching) -> list[str]:
    readings, baseline, seeds = comparison.at(matching), comparison.baseline, comparison.grid.seeds
    summaries = [summary for summary in comparison.summaries if summary.matching == matching]
    parts = [_title(comparison, matching), result_table(summaries, baseline, len(seeds)), _note(len(seeds))]
    for title, found in _buffer_tables(readings).items():
        parts += [title, found] if found else []
    for audit in audit_tables({label: summed(r.audit for r in seeds) for label, seeds in readings.items()}):
        parts += [f"{audit.title}: final answers of scored aided rollouts, summed over seeds:"]
        parts += [table(["label", *audit.header[1:]], audit.rows)]
    clusters = cluster_table(readings)
    if clusters:
        parts += ["Held-out accuracy on each cluster, mean over seeds:", clusters]
    return [
        *parts,
        f"Cost of a run, mean over seeds (in parentheses: times {baseline}):",
        cost_table(readings, baseline),
    ]


def _buffer_tables(readings: Mapping[str, Sequence[Reading]]) -> dict[str, str]:
    """Tables by title; a table is empty if no label has a buffer."""
    by = "by plain accuracy at entry, summed over seeds:"
    return {
        f"Graduated / admitted questions {by}": graduation_table(readings, "admitted"),
        f"Graduated / admitted questions that were replayed at least once, {by}": graduation_table(
            readings, "replayed"
        ),
        "Questions that left the buffer, by scored visits since entry: graduated / improved without graduating / never "
        "improved (%), summed over seeds:": course_table(readings),
    }


def _title(comparison: Comparison, matching: Matching) -> str:
    if matching == "tokens":
        return f"#### Equal student tokens: every run where it has sampled {comparison.budget:,} of them"
    steps = sorted({reading.rollout_steps for reading in comparison.whole})
    if len(steps) == 1:
        return f"#### Equal rollout steps: every run after {steps[0]} of them"
    return f"#### Every run at its end, after {steps[0]} to {steps[-1]} rollout steps"


def _note(seeds: int) -> str:
    if seeds == 1:
        return f"{READING} One seed: no spread, no interval."
    narrow = f"; with {seeds} seeds it is too narrow" if seeds < FEW_SEEDS else ""
    return (
        f"{READING} Mean ± standard deviation over {seeds} seeds; the interval is a percentile bootstrap of the paired "
        f"difference over seeds ({RESAMPLES:,} resamples){narrow}."
    )


def _mean_curve(seeds: Sequence[Reading]) -> dict[int, float]:
    """Mean hard accuracy by step, at the steps that all seeds have."""
    values = [{row["step"]: row["hard"] for row in r.curve if row["hard"] is not None} for r in seeds]
    return {step: fmean(v[step] for v in values) for step in values[0] if all(step in v for v in values)}


def _known_mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _thinned(steps: Sequence[int]) -> list[int]:
    last, columns = len(steps) - 1, min(len(steps), MOST_COLUMNS)
    return [steps[round(i * last / max(columns - 1, 1))] for i in range(columns)]


def _cell_row(r: Reading) -> list[str]:
    buffer = ", ".join(f"{entry}: {r.graduated.get(entry, 0)}/{count}" for entry, count in r.admitted.items())
    curve = ", ".join(f"{row['step']}: {_accuracy(row['hard'])}" for row in r.curve)
    numbers = [r.accuracy[level] for level in LEVELS] + [r.average[level] for level in LEVELS]
    costs = [_amount(cost, getattr(r, cost)) for cost in COSTS]
    row = [r.label, str(r.seed), r.matching, str(r.rollout_steps), *costs, *(_accuracy(number) for number in numbers)]
    return [*row, buffer or NOTHING, curve]


def _words(field: str) -> str:
    return "FLOPs" if field == "flops" else field.replace("_", " ")


def _accuracy(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.3f}"


def _spread(spread: Spread | None) -> str:
    if spread is None:
        return NOTHING
    return f"{spread.mean:.3f}" if spread.sd is None else f"{spread.mean:.3f} ± {spread.sd:.3f}"


def _difference(difference: Difference | None) -> str:
    if difference is None:
        return NOTHING
    if difference.low is None or difference.high is None:
        return _signed(difference.mean)
    return f"{_signed(difference.mean)} [{_signed(difference.low)}, {_signed(difference.high)}]"


def _signed(value: float) -> str:
    """Number with sign and three decimals; zero after rounding is +0.000."""
    return f"{round(value, 3) + 0.0:+.3f}"


def _courses(counts: Mapping[str, int]) -> str:
    total = sum(counts.values())
    return " / ".join(f"{100 * counts.get(c, 0) / total:.0f}" for c in COURSES) if total else NOTHING


def _cost(cost: str, mean: float, baseline: float) -> str:
    return f"{_amount(cost, mean)} ({mean / baseline:.2f}x)" if baseline else _amount(cost, mean)


def _amount(cost: str, value: float) -> str:
    """Format of a cost: `1.23e12` for FLOPs, `1,234` for the others."""
    if cost != "flops":
        return f"{value:,.0f}"
    digits, _, exponent = f"{value:.2e}".partition("e")
    return f"{digits}e{int(exponent)}"
