"""Options of `zppo eval` and `zppo grade` for scoring, and the check for own rows."""

import argparse
from collections.abc import Collection
from pathlib import Path
from typing import Any

from zppo.rewards.extraction import Extractor
from zppo.rewards.functions import RewardFunctions, load_functions

OPTIONS = ("extract", "function", "columns", "split")


def add_scoring(group: Any) -> None:
    """Add the scoring options that `zppo eval` and `zppo grade` share."""
    extract = "how final answers are read, as rewards.extract (default: boxed); the first that finds one gives it"
    group.add_argument("--extract", metavar="NAME[,NAME]", help=extract)
    function = "reward function, FILE.py:FUNCTION or PACKAGE.MODULE:FUNCTION, instead of the rules; several add up"
    group.add_argument("--function", action="append", metavar="FILE:FUNCTION", help=function)


def add_rows(group: Any) -> None:
    add_scoring(group)
    group.add_argument("--columns", metavar="YAML", help="as data.columns, such as '{question: problem}'")
    group.add_argument("--split", metavar="NAME", help="of a dataset on the Hub or a folder (default: test)")


def scoring(options: argparse.Namespace) -> tuple[Extractor, RewardFunctions | None]:
    """The extractor and the reward functions. Raises ConfigError for code that cannot be loaded."""
    extract = Extractor.of(options.extract or "boxed", "--extract")
    return extract, load_functions(options.function, option="--function") if options.function else None


def is_own(options: argparse.Namespace, known: Collection[str]) -> bool:
    """True if `--data` is own rows, not a folder of benchmarks."""
    if options.data is None or options.suite or options.benchmarks:
        return False
    return not any((Path(options.data) / slug).is_dir() for slug in known)
