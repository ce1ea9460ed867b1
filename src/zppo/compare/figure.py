"""Learning curves of a comparison: hard held-out accuracy against rollout steps and against student tokens."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator, PercentFormatter

from zppo.compare.comparison import Comparison, by_label
from zppo.compare.reading import Reading
from zppo.reports.charts import LIGHT, step_axis

MOST_BANDS = 8
MARKERS = "os^Dv<>PX*"


def draw_curves(comparison: Comparison, path: Path) -> None:
    """Save both panels as one PNG: a line for the mean over seeds, a band from the lowest to the highest seed.

    With more than `MOST_BANDS` labels, bands would overlap and are not drawn.
    """
    curves = by_label(comparison.grid, comparison.whole)
    palette = matplotlib.colormaps["tab10" if len(curves) <= 10 else "tab20"]
    figure = Figure(figsize=(12, 4.2), layout="constrained", facecolor="white")
    by_step, by_tokens = figure.subplots(1, 2, sharey=True)
    for number, (label, seeds) in enumerate(curves.items()):
        style = {"color": palette(number % palette.N), "marker": MARKERS[number % len(MARKERS)], "label": label}
        _draw(by_step, seeds, "step", style, len(curves) <= MOST_BANDS)
        _draw(by_tokens, seeds, "student_tokens", style, len(curves) <= MOST_BANDS)
    step_axis(by_step)
    by_step.set_ylabel("held-out hard accuracy")
    by_step.yaxis.set_major_formatter(PercentFormatter(1))
    by_tokens.set_xlabel("student tokens sampled")
    by_tokens.xaxis.set_major_locator(MaxNLocator(6))
    by_tokens.xaxis.set_major_formatter(EngFormatter(sep=""))
    if comparison.budget is not None:
        by_tokens.axvline(comparison.budget, color=LIGHT["ink"], lw=1, ls=":", zorder=1)
    for ax in (by_step, by_tokens):
        _tidy(ax)
    figure.legend(*by_step.get_legend_handles_labels(), loc="outside right center", frameon=False)
    figure.savefig(path, dpi=160)


def _draw(ax: Axes, seeds: Sequence[Reading], axis: str, style: dict[str, Any], band: bool) -> None:
    """Draw one label. On the token axis, each evaluation is at the mean over its seeds."""
    evaluations = [
        rows for rows in zip(*(r.curve for r in seeds), strict=True) if all(r["hard"] is not None for r in rows)
    ]
    if not evaluations:
        return
    x = [fmean(row[axis] for row in rows) for rows in evaluations]
    hard = [[row["hard"] for row in rows] for rows in evaluations]
    ax.plot(x, [fmean(values) for values in hard], lw=1.8, ms=4, **style)
    if band:
        ax.fill_between(x, [min(v) for v in hard], [max(v) for v in hard], color=style["color"], alpha=0.13, lw=0)


def _tidy(ax: Axes) -> None:
    ax.set_ylim(-0.02, 1.02)
    ax.grid(color=LIGHT["grid"])
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
