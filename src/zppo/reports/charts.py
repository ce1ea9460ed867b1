"""Drawings: each function fills one matplotlib axes from the record of a run."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from zppo.reports.record import Record, thinned

LIGHT = {
    "ink": "#44494f",
    "grid": "#dfe2e5",
    "plain": "#2c6fbb",
    "replayed": "#8957b5",
    "bcq": "#218a5b",
    "ncq": "#cf6f1e",
    "easy": "#7c8794",
    "hard": "#c23b4a",
}
"""Colours by role. In a page they become CSS variables of the same names, so that a dark page can replace them."""
DARK = {
    "ink": "#c3c8ce",
    "grid": "#363b41",
    "plain": "#62a3ec",
    "replayed": "#b98be0",
    "bcq": "#4cc38a",
    "ncq": "#f0954a",
    "easy": "#98a3b0",
    "hard": "#f0707d",
}

Series = Mapping[str, tuple[str, str]]
"""Metric key -> label and colour."""
KINDS: Series = {
    "plain": ("plain, new", "plain"),
    "replayed": ("plain, replayed", "replayed"),
    "bcq": ("BCQ", "bcq"),
    "ncq": ("NCQ", "ncq"),
    "hint": ("hint", "bcq"),
    "prefix": ("prefix", "bcq"),
}
"""No method asks both a BCQ and one of the two that share its colour."""
REPEATS: Series = {
    "audit/follows_correct": ("BCQ: correct", "bcq"),
    "audit/follows_wrong": ("BCQ: wrong", "hard"),
    "audit/parroting": ("NCQ: parroting", "ncq"),
}
RELIANCE: Series = {"reliance/bcq": ("BCQ", "bcq"), "reliance/ncq": ("NCQ", "ncq")}
PHASES: Series = {
    "time/rollout": ("rollouts", "plain"),
    "time/teacher": ("teacher", "bcq"),
    "time/scoring": ("verdicts", "easy"),
    "time/reliance": ("help reliance", "hard"),
    "time/update": ("updates", "ncq"),
    "time/eval": ("evaluation", "replayed"),
}


def smoothing(record: Record) -> int:
    """Number of neighbouring steps averaged in the thick lines."""
    return max(1, len(record.rows) // 20)


def draw_accuracy(ax: Axes, record: Record) -> None:
    series = {f"accuracy/{kind}": style for kind, style in KINDS.items()}
    _lines(ax, record, series, smoothing(record))
    for level, marker in (("easy", "o"), ("hard", "D")):
        points = [(e["step"], e[level]) for e in record.evaluations if e.get(level) is not None]
        if points:
            ax.plot(*zip(*points, strict=True), ":", marker=marker, ms=4.5, c=LIGHT[level], label=f"held-out {level}")
    _share_axis(ax, "accuracy")


def draw_prompts(ax: Axes, record: Record) -> None:
    _stacked(ax, record, {f"zone/{kind}_prompts": style for kind, style in KINDS.items()})
    ax.set(ylabel="prompts", ylim=(0, None))


def draw_shares(ax: Axes, record: Record) -> None:
    """Draw the shares of questions. Hard is a broad band: it nearly equals NCQ-eligible, and lines would overlap."""
    _lines(ax, record, {"zone/hard_fraction": ("hard", "hard")}, lw=5, alpha=0.3)
    _lines(ax, record, {"zone/ncq_eligible": ("NCQ-eligible", "ncq")})
    if record.total("tokens/teacher"):  # no question is eligible where no teacher was asked
        _lines(ax, record, {"zone/bcq_eligible": ("BCQ-eligible", "bcq")})
    _share_axis(ax, "share of questions")


def draw_buffer(ax: Axes, record: Record) -> None:
    _stacked(ax, record, {"buffer/size": ("in the buffer", "replayed")}, alpha=0.35)
    series = {
        "buffer/admitted_total": ("admitted", "plain"),
        "buffer/graduated_total": ("graduated", "bcq"),
        "buffer/evicted_total": ("evicted", "hard"),
    }
    _lines(ax, record, series)
    ax.set(ylabel="questions", ylim=(0, None))


def draw_entries(ax: Axes, record: Record) -> None:
    """Bars by entry accuracy, the lowest on top, labelled `graduated of admitted (ratio)`.

    The denominator is all admitted questions, including those never replayed.
    """
    admitted, graduated = record.summary["admitted"], record.summary["graduated"]
    entries = sorted(admitted, key=float)
    left = [graduated.get(entry, 0) for entry in entries]
    came = [admitted[entry] for entry in entries]
    ax.barh(range(len(entries)), came, color=LIGHT["easy"], alpha=0.35, label="admitted")
    ax.barh(range(len(entries)), left, color=LIGHT["bcq"], label="graduated")
    for y, (out, total) in enumerate(zip(left, came, strict=True)):
        words = f"{out} of {total} ({out / total:.0%})"
        ax.annotate(words, (total, y), xytext=(5, 0), textcoords="offset points", va="center")
    ax.set_yticks(range(len(entries)), [f"{100 * float(entry):g}%" for entry in entries])
    ax.set_xlim(0, 1.45 * max(came))
    ax.invert_yaxis()
    ax.set(xlabel="questions", ylabel="plain accuracy at entry")
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.grid(False, axis="y")


def draw_repeats(ax: Axes, record: Record) -> None:
    _lines(ax, record, REPEATS, smoothing(record))
    _share_axis(ax, "share of rollouts")


def draw_reliance(ax: Axes, record: Record) -> None:
    ax.axhline(0, c=LIGHT["easy"], lw=0.8)
    _lines(ax, record, RELIANCE, smoothing(record))
    ax.set_ylabel("nats per token")


def draw_trivial(ax: Axes, record: Record) -> None:
    _lines(ax, record, {"zone/trivial_groups": ("trivial groups", "hard")}, smoothing(record))
    _share_axis(ax, "share of groups")


def draw_entropy(ax: Axes, record: Record) -> None:
    _lines(ax, record, {"loss/entropy": ("entropy", "plain")}, smoothing(record))
    ax.set(ylabel="nats per token", ylim=(0, None))


def draw_seconds(ax: Axes, record: Record) -> None:
    _stacked(ax, record, PHASES)
    ax.set(ylabel="seconds per step", ylim=(0, None))


def _lines(ax: Axes, record: Record, series: Series, window: int = 1, **style: Any) -> None:
    """Each series over the steps in which it exists; with a window, thin for the steps and thick for the mean."""
    rows, _ = thinned(record.rows)
    for key, (label, colour) in series.items():
        points = [(row["step"], row[key]) for row in rows if key in row]
        if not points:
            continue
        steps, values = zip(*points, strict=True)
        alone = "o" if len(points) == 1 else None
        if window > 1:
            ax.plot(steps, values, c=LIGHT[colour], lw=0.7, alpha=0.3)
        ax.plot(steps, _smooth(values, window), c=LIGHT[colour], marker=alone, label=label, **style)


def _smooth(values: Sequence[float], window: int) -> list[float]:
    """Mean of the `window` values around each, fewer at the ends."""
    before, after = (window - 1) // 2, window // 2
    return [fmean(values[max(0, i - before) : i + after + 1]) for i in range(len(values))]


def _stacked(ax: Axes, record: Record, series: Series, alpha: float = 0.85) -> None:
    rows, each = thinned(record.rows)
    edges = [rows[0]["step"] - each + 0.5, *(row["step"] + 0.5 for row in rows)]
    floor = [0.0] * len(rows)
    for key, (label, colour) in series.items():
        if not any(row.get(key) for row in rows):
            continue
        top = [low + row.get(key, 0) for low, row in zip(floor, rows, strict=True)]
        ax.stairs(top, edges, baseline=floor, fill=True, color=LIGHT[colour], alpha=alpha, lw=0, label=label)
        floor = top
    ax.set_xlim(edges[0], edges[-1])


def _share_axis(ax: Axes, label: str) -> None:
    ax.set_ylabel(label)
    ax.set_ylim(-0.02, 1.02)
    ax.yaxis.set_major_formatter(PercentFormatter(1))


def step_axis(ax: Axes) -> None:
    ax.set_xlabel("rollout step")
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
