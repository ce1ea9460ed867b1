"""The `zppo` command."""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from zppo.cli.recipe import load_recipe, option_lines, parse_overrides
from zppo.errors import ConfigError, ZppoError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. An error that the user can mend is one line on standard error and exit status 2."""
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    try:
        if rest and options.command != "train":
            raise ConfigError(f"unknown argument {rest[0]!r}; see zppo {options.command} --help")
        return options.run(options, rest)
    except ZppoError as error:
        print(f"zppo: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("zppo: stopped; the same command with --resume continues from the last checkpoint", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="zppo", description="Zone of Proximal Policy Optimization: train, report, rebuild the pocket."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    train = commands.add_parser(
        "train",
        help="train a student by a recipe",
        usage="zppo train RECIPE [--section.key value ...] [--run-dir DIR] [--resume]",
        description="Options such as --zone.tau 0.4 or --seed 3 go over those of the recipe.",
        epilog=f"options of a recipe and their defaults (zppo.config says what they mean):\n{option_lines()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    train.add_argument("recipe", help="YAML file")
    train.add_argument("--run-dir", help="where to write the run (default: runs/RECIPE-METHOD-SEED)")
    train.add_argument("--resume", action="store_true", help="continue the run in the run directory")
    train.set_defaults(run=_train)
    report = commands.add_parser("report", help="write report.html for a run directory")
    report.add_argument("run_dir", metavar="RUN_DIR")
    report.set_defaults(run=_report)
    pocket = commands.add_parser("pocket", help="the small offline setting").add_subparsers(required=True)
    build = pocket.add_parser("build", help="train the pocket's teacher and student from random weights")
    build.add_argument("--out", type=Path, required=True, help="folder to write")
    build.add_argument("--seed", type=int, default=0)
    build.set_defaults(run=_pocket_build)
    return parser


def _train(options: argparse.Namespace, rest: Sequence[str]) -> int:
    recipe = load_recipe(options.recipe, parse_overrides(rest))
    run_dir = options.run_dir or f"runs/{Path(options.recipe).stem}-{recipe.method}-{recipe.seed}"
    # Imported late: a mistake in the recipe should be answered before torch is loaded.
    from transformers.utils.logging import disable_progress_bar, set_verbosity_error

    from zppo.reports.html import write_report
    from zppo.reports.rundir import RunDirectory
    from zppo.reports.table import before_after_table
    from zppo.training.arguments import ZPPOConfig
    from zppo.training.trainer import ZPPOTrainer

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    set_verbosity_error()
    disable_progress_bar()
    run, args = RunDirectory(run_dir), ZPPOConfig.from_recipe(recipe, run_dir)
    run.check(args.effective(), options.resume)
    ZPPOTrainer(args=args).train(resume_from_checkpoint=options.resume)
    print(before_after_table(run.summary()))
    print(f"\nreport: {write_report(run)}")
    return 0


def _report(options: argparse.Namespace, rest: Sequence[str]) -> int:
    from zppo.reports.html import write_report
    from zppo.reports.rundir import RunDirectory

    print(write_report(RunDirectory(options.run_dir)))
    return 0


def _pocket_build(options: argparse.Namespace, rest: Sequence[str]) -> int:
    from zppo.pocket.build import build_pocket

    build_pocket(options.out, options.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
