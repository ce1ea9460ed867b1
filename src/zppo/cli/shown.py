"""Progress output of commands, and `--quiet`."""

import argparse
import logging

from zppo.reports.progress import NoteHandler, Progress, new_progress


def add_quiet(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quiet", action="store_true", help="show results and warnings only, no progress")


def shown(quiet: bool) -> Progress:
    """The output of this process's progress, warnings and errors, in order.

    Other packages log warnings and errors only: an HTTP client logs a line for every request.
    """
    progress = new_progress(quiet)
    logging.basicConfig(format="%(message)s", handlers=[NoteHandler(progress)])
    logging.getLogger("zppo").setLevel(logging.WARNING if quiet else logging.INFO)
    return progress
