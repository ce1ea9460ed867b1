"""The `zppo` command."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from zppo.cli.corpus import add_corpus
from zppo.cli.data import add_data
from zppo.cli.demo import add_demo
from zppo.cli.eval import add_eval
from zppo.cli.grade import add_grade
from zppo.cli.recipe import load_recipe, parse_overrides
from zppo.cli.resume import add_resume
from zppo.cli.shown import add_quiet, shown
from zppo.cli.stats import add_stats
from zppo.cli.train_help import TrainHelp
from zppo.cli.unforeseen import line_of, wants_trace
from zppo.config import Recipe
from zppo.errors import BlindError, ConfigError, ZppoError

CONTINUES = {
    "train": "; the same command with --resume continues from the last checkpoint",
    "resume": "; the same command continues from the last checkpoint",
    "demo": "; the same command with --resume continues from the last checkpoint",
    "compare": "; the same command continues, finished cells are not run again",
    "corpus": "; the same command continues",
    "eval": "; the same command continues, nothing is asked twice",
}
"""What to do after Ctrl-C."""
BLIND = 3
"""Exit status of training that ended for want of signal."""
COMPARE = (
    "Every combination of method, seed and varied option is a cell: an ordinary run of zppo train. Options such as "
    "--zone.tau 0.4 go over the recipe of every cell. A cell that fails leaves the others, but nothing is compared "
    "until all are finished. The same command continues what was interrupted, runs again what failed and leaves "
    "finished cells alone."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. An error that the user can mend is one line on standard error and exit status 2.

    Any other error is one line too, with the file that holds its trace, and exit status 1; with ZPPO_TRACEBACK set it
    is raised. Training that ended for want of signal (`alarms.stop_when_blind`) has exit status 3.
    """
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    try:
        if rest and options.command not in ("train", "demo", "resume", "compare", "data"):
            raise ConfigError(f"unknown argument {rest[0]!r}; see zppo {options.command} --help")
        return options.run(options, rest)
    except ZppoError as error:
        print(f"zppo: {error}", file=sys.stderr)
        return BLIND if isinstance(error, BlindError) else 2
    except KeyboardInterrupt:
        print(f"zppo: stopped{CONTINUES.get(options.command, '')}", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is still to be flushed
        return 1
    except Exception as error:
        if wants_trace():
            raise
        folder = getattr(options, "run_dir", None) or getattr(options, "out", None)
        print(f"zppo: {line_of(error, Path(folder) if folder else None)}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="zppo",
        description="Zone of Proximal Policy Optimization: data, train, compare, eval, grade, report; corpus, pocket.",
    )
    parser.add_argument("--version", action="version", version=f"zppo {version('zppo')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    train = commands.add_parser(
        "train",
        help="train a student by a recipe",
        usage="zppo train RECIPE [--section.key value ...] [--run-dir DIR] [--resume] [--quiet]",
        description="Options such as --zone.tau 0.4 or --seed 3 go over those of the recipe.",
        allow_abbrev=False,
        add_help=False,
    )
    train.add_argument("-h", "--help", action=TrainHelp)
    train.add_argument("recipe", help="YAML file, or pocket: the recipe of zppo demo")
    train.add_argument("--run-dir", help="where to write the run (default: runs/RECIPE-METHOD-SEED)")
    train.add_argument("--resume", action="store_true", help="continue the run in the run directory")
    add_quiet(train)
    train.set_defaults(run=_train)
    add_resume(commands, _run)
    add_demo(commands, _train)
    _add_compare(commands)
    add_data(commands)
    add_grade(commands)
    add_corpus(commands)
    add_eval(commands)
    add_stats(commands)
    report = commands.add_parser("report", help="write report.html for a run directory")
    report.add_argument("run_dir", metavar="RUN_DIR")
    report.set_defaults(run=_report)
    pocket = commands.add_parser("pocket", help="the small offline setting").add_subparsers(required=True)
    build = pocket.add_parser("build", help="train the pocket's teacher and student from random weights")
    build.add_argument("--out", type=Path, required=True, help="folder to write")
    build.add_argument("--seed", type=int, default=0)
    build.set_defaults(run=_pocket_build)
    return parser


def _add_compare(commands: Any) -> None:
    compare = commands.add_parser(
        "compare",
        help="run several methods with several seeds and compare them",
        usage="zppo compare RECIPE --methods A,B --seeds 0,1,2 [options] [--section.key value ...]",
        description=COMPARE,
        allow_abbrev=False,
    )
    compare.add_argument("recipe", help="YAML file, or pocket: the recipe of zppo demo")
    compare.add_argument("--methods", required=True, help="such as grpo,grpo+replay,zppo")
    compare.add_argument("--seeds", required=True, help="such as 0,1,2")
    varied = "compare values of an option, such as zone.tau=0.25,0.5; given several times: all combinations"
    compare.add_argument("--vary", action="append", default=[], metavar="OPTION=V1,V2", help=varied)
    match = "steps: read every cell at its end (default); tokens: where it has sampled as many student tokens as the "
    match += "cheapest cell of all; both. The runs are the same"
    compare.add_argument("--match", choices=("steps", "tokens", "both"), default="steps", help=match)
    compare.add_argument("--baseline", metavar="LABEL", help="default: grpo+replay, or else the first label")
    written = "where to write comparison.json, comparison.md and curves.png (default: runs/compare-RECIPE)"
    compare.add_argument("--out", type=Path, metavar="DIR", help=written)
    cells = "folder of the runs (default: OUT/cells); comparisons that name the same one share them"
    compare.add_argument("--cells", type=Path, metavar="DIR", help=cells)
    jobs = "cells side by side (default: one; with training.use_cpu one per core, each with one thread unless "
    jobs += "OMP_NUM_THREADS is set)"
    compare.add_argument("--jobs", type=int, metavar="N", help=jobs)
    add_quiet(compare)
    compare.set_defaults(run=_compare)


def _train(options: argparse.Namespace, rest: Sequence[str]) -> int:
    recipe = load_recipe(options.recipe, parse_overrides(rest))
    run_dir = options.run_dir = options.run_dir or f"runs/{Path(options.recipe).stem}-{recipe.method}-{recipe.seed}"
    return _run(recipe, run_dir, options.resume, options.quiet)


def _run(recipe: Recipe, run_dir: str, resume: bool | str, quiet: bool) -> int:
    """Train in `run_dir`, from its newest checkpoint or the one that `resume` names."""
    with shown(quiet or bool(recipe.training.get("disable_tqdm"))) as progress:
        progress.phase("loading torch and transformers")
        # Imported late: a mistake in the recipe should be answered before torch is loaded.
        from transformers.utils.logging import disable_progress_bar, set_verbosity_error

        from zppo.reports.lock import check_free
        from zppo.reports.rundir import RunDirectory
        from zppo.reports.table import before_after_table
        from zppo.training.arguments import ZPPOConfig
        from zppo.training.trainer import ZPPOTrainer

        set_verbosity_error()
        disable_progress_bar()
        run, args = RunDirectory(run_dir), ZPPOConfig.from_recipe(recipe, run_dir)
        check_free(run.lock_file)
        run.check(args.effective(), bool(resume))
        if resume:
            run.checkpoint(resume if isinstance(resume, str) else None)
        try:
            ZPPOTrainer(args=args, progress=progress).train(resume_from_checkpoint=resume)
        except BlindError:
            print(f"report: {run.report_file}")
            raise
    print(before_after_table(run.summary()))
    print(f"\nreport: {run.report_file}")
    return 0


def _compare(options: argparse.Namespace, rest: Sequence[str]) -> int:
    from zppo.compare.grid import MATCHINGS, parse_grid
    from zppo.compare.plan import load_recipes, plan_runs, usual_jobs

    matchings = MATCHINGS[options.match]
    grid = parse_grid(options.recipe, options.methods, options.seeds, options.vary, parse_overrides(rest))
    baseline, recipes = grid.baseline(options.baseline), load_recipes(grid, matchings)
    jobs = usual_jobs(recipes) if options.jobs is None else options.jobs
    if jobs < 1:
        raise ConfigError(f"--jobs is {jobs}; at least one cell must run at a time")
    out = options.out or Path(f"runs/compare-{Path(options.recipe).stem}")
    with shown(options.quiet) as progress:
        progress.phase("checking the cells")
        runs = plan_runs(grid, recipes, options.cells or out / "cells")
        # Imported late: a mistake should be answered before matplotlib is loaded.
        from zppo.compare.comparison import compared
        from zppo.compare.report import write_comparison
        from zppo.compare.run import run_cells, start_process

        run_cells(runs, jobs, start_process, progress)
    comparison = compared(grid, baseline, matchings, {run.cell: run.directory.summary() for run in runs})
    print(write_comparison(comparison, out), end="")
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
