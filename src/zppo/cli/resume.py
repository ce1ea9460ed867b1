"""`zppo resume RUN_DIR`: continue a run under the options that its `config.yaml` holds."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from zppo.cli.recipe import load_recipe, parse_overrides
from zppo.cli.shown import add_quiet
from zppo.config import Recipe
from zppo.errors import CheckpointError
from zppo.masking import masked_options

DESCRIPTION = (
    "Continues from the newest checkpoint under the options that the run was started with. Options that decide nothing "
    "of what the run learns from may be given anew, such as --rollout_steps 400 (docs/runs.md lists them)."
)
Train = Callable[[Recipe, str, bool | str, bool], int]


def add_resume(commands: Any, train: Train) -> None:
    """`train(recipe, run_dir, checkpoint, quiet)` continues a run; True stands for its newest checkpoint."""
    resume = commands.add_parser(
        "resume",
        help="continue a run",
        usage="zppo resume RUN_DIR [--checkpoint NAME] [--quiet] [--section.key value ...]",
        description=DESCRIPTION,
        allow_abbrev=False,
    )
    resume.add_argument("run_dir", metavar="RUN_DIR")
    older = "continue from this one, such as checkpoint-40; newer ones are removed (default: the newest)"
    resume.add_argument("--checkpoint", metavar="NAME", help=older)
    add_quiet(resume)
    resume.set_defaults(run=lambda options, rest: _resume(options, rest, train))


def _resume(options: argparse.Namespace, rest: Sequence[str], train: Train) -> int:
    recipe = recipe_of(Path(options.run_dir), rest)
    return train(recipe, options.run_dir, options.checkpoint or True, options.quiet)


def recipe_of(run_dir: Path, arguments: Sequence[str]) -> Recipe:
    """The options of a run, with those of the command line put over them.

    Raises CheckpointError for a folder without a run, one whose data or model no option names, and for a secret, which
    `config.yaml` does not keep, that is not given again.
    """
    file = run_dir / "config.yaml"
    if not file.is_file():
        raise CheckpointError(f"{run_dir} holds no run to resume: there is no {file}")
    try:
        config = yaml.safe_load(file.read_text("utf-8"))
        named = (config["data"]["train"], config["student"]["model"])
    except (yaml.YAMLError, UnicodeDecodeError, LookupError, TypeError) as error:
        raise CheckpointError(f"{file} is damaged: {' '.join(str(error).split())}") from error
    if not all(named):
        raise CheckpointError(
            f"{run_dir} was started in Python, with data or a model that {file.name} cannot name; continue it there, "
            "by train(resume_from_checkpoint=True)"
        )
    overrides = parse_overrides(arguments)
    for name in masked_options(config):
        if name not in overrides:
            raise CheckpointError(f"{file} does not keep {name}, which is a secret; give it again: --{name} VALUE")
    return load_recipe(file, overrides)
