"""What a command shows of its work, and `--quiet`."""

import argparse
import logging

from zppo.reports.progress import NoteHandler, Progress, new_progress


def add_quiet(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quiet", action="store_true", help="show results and warnings only, no progress")


def shown(quiet: bool) -> Progress:
    """Where this process shows its progress, warnings and errors: all of them in order.

    Nothing of other packages below a warning is logged: an HTTP client has a line for every request.
    """
    progress = new_progress(quiet)
    logging.basicConfig(format="%(message)s", handlers=[NoteHandler(progress)])
    logging.getLogger("zppo").setLevel(logging.WARNING if quiet else logging.INFO)
    return progress
