"""The figures of a report, as inline SVG with the page's colours, and as one picture for a README."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import StepPatch

from zppo.reports.charts import (
    LIGHT,
    RELIANCE,
    REPEATS,
    draw_accuracy,
    draw_buffer,
    draw_entries,
    draw_entropy,
    draw_prompts,
    draw_reliance,
    draw_repeats,
    draw_seconds,
    draw_shares,
    draw_trivial,
    step_axis,
)
from zppo.reports.record import Record, read_record
from zppo.run.directory import RunDirectory


@dataclass(frozen=True)
class Plot:
    """A figure of the report: panels one above the other. `missing` gives the reason when `present` is false."""

    name: str
    title: str
    caption: str
    panels: Sequence[Callable[[Axes, Record], None]]
    height: float = 2.9
    present: Callable[[Record], bool] = lambda record: True
    missing: str = ""


@dataclass(frozen=True)
class Picture:
    """A drawn figure: `svg` has no fixed size, `description` is its text alternative."""

    plot: Plot
    svg: str
    description: str


TALL = 4.4
PLOTS = (
    Plot(
        "accuracy",
        "Accuracy",
        "Look for held-out hard accuracy that rises while easy accuracy holds, and for BCQ accuracy above that of "
        "replayed questions: the help in the prompt is used.",
        (draw_accuracy,),
        TALL,
    ),
    Plot(
        "zone",
        "The zone",
        "Look for a falling share of hard questions; BCQ-eligible below NCQ-eligible shows where no right answer came "
        "from the teacher either: it found none, or could not be reached (shares are taken before the cap on prompts).",
        (draw_prompts, draw_shares),
        TALL,
    ),
    Plot(
        "buffer",
        "The replay buffer",
        "Look for graduations that keep rising; evictions mean that questions left unsolved because the buffer was "
        "full.",
        (draw_buffer,),
        present=lambda record: record.last("buffer/admitted_total") > 0,
        missing="No question entered a replay buffer in this run.",
    ),
    Plot(
        "entries",
        "Graduation by entry accuracy",
        "Look at the 0% bar: not one response was right when the student first met these questions, so every graduate "
        "there is something it has learnt. The share is of all admitted questions, whether or not they were replayed.",
        (draw_entries,),
        present=lambda record: bool(record.summary["admitted"]),
        missing="No admissions to count yet: there was no replay buffer, or there is no checkpoint to read them from.",
    ),
    Plot(
        "repeats",
        "What aided rollouts repeat",
        "Look for BCQ rollouts whose answer is the correct candidate's, not the wrong one's, and for little parroting: "
        "NCQ rollouts whose answer their prompt lists as wrong (83% with the paper's smallest student, 2% or less with "
        "the others).",
        (draw_repeats,),
        present=lambda record: any(key in row for row in record.rows for key in REPEATS),
        missing="No rollout behind a BCQ or an NCQ was scored in this run.",
    ),
    Plot(
        "reliance",
        "Help reliance",
        "Log-probability of right aided responses with the shown candidates in the prompt, minus without them. Above "
        "zero they lean on the candidates; near zero they are as likely without help.",
        (draw_reliance,),
        present=lambda record: any(key in row for row in record.rows for key in RELIANCE),
        missing="Nothing was measured: no aided response was right, or reports.reliance is 0.",
    ),
    Plot(
        "signal",
        "Signal",
        "Look for few trivial groups (all rewards equal, so nothing to learn from) and for an entropy that falls "
        "slowly, not to zero.",
        (draw_trivial, draw_entropy),
        TALL,
    ),
    Plot(
        "seconds",
        "Where the time goes",
        "Look at how much of a step the teacher takes beside the student's own rollouts and updates.",
        (draw_seconds,),
        TALL,
    ),
)


def pictures(record: Record) -> list[Picture | Plot]:
    """Every figure of the report in order; a plot without data stays a Plot."""
    return [_picture(plot, record) if plot.present(record) else plot for plot in PLOTS]


def overview(run: RunDirectory, path: str | Path) -> None:
    """Save accuracy, zone and buffer side by side as one picture (PNG or SVG, by the file's ending).

    Raises CheckpointError when there is no run, or none of its rollout steps is finished.
    """
    record = read_record(run)
    panels = {"Accuracy": draw_accuracy, "Prompts per step": draw_prompts, "Replay buffer": draw_buffer}
    with _style():
        figure = Figure(figsize=(13, 3.9), layout="constrained", facecolor="white")
        for ax, (title, draw) in zip(figure.subplots(1, 3), panels.items(), strict=True):
            _draw(ax, draw, record)
            ax.set_title(title, x=-0.16, pad=42, loc="left", weight="bold")
            step_axis(ax)
        figure.savefig(path, dpi=160)


def _picture(plot: Plot, record: Record) -> Picture:
    with _style():
        figure = Figure(figsize=(4.6, plot.height), layout="constrained")
        axes = figure.subplots(len(plot.panels), 1, squeeze=False, sharex=True)[:, 0]
        for ax, draw in zip(axes, plot.panels, strict=True):
            _draw(ax, draw, record)
        if plot.panels != (draw_entries,):
            step_axis(figure.axes[-1])
        buffer = StringIO()
        figure.savefig(buffer, format="svg", transparent=True)
    return Picture(plot, _inline(buffer.getvalue()), f"{plot.title}. {_in_words(figure)}")


def _draw(ax: Axes, draw: Callable[[Axes, Record], None], record: Record) -> None:
    draw(ax, record)
    ax.set_axisbelow(True)
    ax.legend(loc="lower left", bbox_to_anchor=(-0.18, 1), ncols=3, borderpad=0.2, columnspacing=1.1, handlelength=1.5)


def _in_words(figure: Figure) -> str:
    """The text alternative of a figure: all text in it, or the first and last value of each series."""
    words = []
    for ax in figure.axes:
        for tick, text in zip(ax.get_yticklabels(), ax.texts, strict=False):
            words.append(f"entry accuracy {tick.get_text()}: {text.get_text().strip()}")
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            values = _values(handle)
            if values:
                words.append(f"{label}: {values[0]:.3g} to {values[-1]:.3g}")
    return "; ".join(words)


def _values(handle: Any) -> list[float]:
    if isinstance(handle, Line2D):
        return [float(y) for y in np.asarray(handle.get_ydata())]
    if isinstance(handle, StepPatch):
        top, _, floor = handle.get_data()
        return list(top - floor)
    return []


@contextmanager
def _style() -> Iterator[None]:
    options = {
        "svg.fonttype": "none",
        "svg.hashsalt": "zppo",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": LIGHT["grid"],
        "legend.frameon": False,
        "lines.linewidth": 1.8,
    } | dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), LIGHT["ink"])
    with matplotlib.rc_context(options):
        yield


def _inline(svg: str) -> str:
    """The bare svg element for a page: no header, no metadata, only ids that are referred to, colours as variables."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<(metadata|style)\b.*?</\1>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' (?:xmlns(?::\w+)?|width|height|version)="[^"]*"', "", svg, count=5)
    svg = re.sub(r'<g id="[^"]*">', "<g>", svg)
    for name, colour in LIGHT.items():
        svg = svg.replace(colour, f"var(--{name})")
    return svg
