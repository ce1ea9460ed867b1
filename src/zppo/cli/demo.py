"""`zppo demo`: a run on what the package holds, models, questions and recipe."""

import argparse
import os
from collections.abc import Callable, Sequence
from typing import Any

from zppo.cli.shown import add_quiet

Train = Callable[[argparse.Namespace, Sequence[str]], int]

ABOUT = (
    "A student of 1.0M parameters trains with ZPPO on questions about words, images and videos that it gets wrong at "
    "first: 120 rollout steps, some minutes on one CPU core, no network. Options such as --method grpo+replay or "
    "--rollout_steps 20 go over those of its recipe, which every command that takes a recipe knows as pocket."
)


def add_demo(commands: Any, train: Train) -> None:
    """Add the command to argparse's `commands`; `train` is the command it shares its options and its run with."""
    demo = commands.add_parser(
        "demo",
        help="see a small student learn, from what the package holds",
        usage="zppo demo [--section.key value ...] [--run-dir DIR] [--resume] [--quiet]",
        description=ABOUT,
        allow_abbrev=False,
    )
    demo.add_argument("--run-dir", default="runs/demo", help="where to write the run (default: %(default)s)")
    demo.add_argument("--resume", action="store_true", help="continue the run in the run directory")

    add_quiet(demo)

    def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
        # At this size one thread is as fast as two, and gives the same bits whatever the number of cores. OpenMP reads
        # the variable when torch is loaded, which has not happened yet.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        return train(options, rest)

    demo.set_defaults(run=run, recipe="pocket")
