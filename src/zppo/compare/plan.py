"""Runs of a grid: every cell is validated before the first one starts; no weights are read."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from zppo.compare.grid import Cell, Grid, Matching
from zppo.compare.run import CellRun
from zppo.config import Recipe
from zppo.errors import ConfigError
from zppo.recipe import load_recipe
from zppo.rewards.extraction import Extractor
from zppo.run.directory import RunDirectory

FEWEST_EVALUATIONS = 3
TRAIN = (sys.executable, "-m", "zppo.cli.main", "train")


def load_recipes(grid: Grid, matchings: Sequence[Matching]) -> dict[Cell, Recipe]:
    """The recipe of every cell, typed and checked. Raises ConfigError; loads neither torch nor transformers."""
    recipes = {cell: load_recipe(grid.recipe, grid.options(cell)) for cell in grid.cells}
    if "tokens" in matchings:
        for cell, recipe in recipes.items():
            _check_constant_rate(cell, recipe)
            _check_evaluations(cell, recipe)
    return recipes


def plan_runs(grid: Grid, recipes: Mapping[Cell, Recipe], folder: Path) -> list[CellRun]:
    """The run of every cell below `folder`.

    Raises a ZppoError for options that cannot work together, and CheckpointError if a cell's folder holds a run of
    another config.
    """
    # Imported late: torch and transformers take seconds to load.
    from zppo.training.arguments import ZPPOConfig

    for recipe in {cell.label: recipe for cell, recipe in recipes.items()}.values():  # one check for all seeds
        check_cell(recipe)
    runs = []
    for cell, recipe in recipes.items():
        directory = RunDirectory(folder / cell.name)
        config = ZPPOConfig.from_recipe(recipe, str(directory.path)).effective()
        if directory.config_file.exists():
            directory.check(config, resume=True)
        runs.append(CellRun(cell, directory, _command(grid, cell, directory), _environment(recipe)))
    return runs


def check_cell(recipe: Recipe) -> None:
    """Validate a cell as the training does. Raises a ZppoError for options that cannot work together."""
    from zppo.teacher.model import configured_teachers
    from zppo.training.checks import check_options
    from zppo.training.given import given_functions

    teachers = configured_teachers(recipe.teacher, recipe.loaded_templates)
    check_options(recipe, recipe.student.model, teachers)
    given_functions(recipe.rewards, None)
    Extractor.of(recipe.rewards.extract)


def usual_jobs(recipes: Mapping[Cell, Recipe]) -> int:
    """Default number of parallel cells: one per core on the CPU, else one."""
    on_cpu = all(recipe.training.get("use_cpu") for recipe in recipes.values())
    return min(os.cpu_count() or 1, len(recipes)) if on_cpu else 1


def _check_constant_rate(cell: Cell, recipe: Recipe) -> None:
    schedule = recipe.training.get("lr_scheduler_type", "constant")
    if schedule != "constant":
        raise ConfigError(
            f"{cell.label}: at equal tokens a run is read midway, which equals a shorter run only under a constant "
            f"learning rate, but training.lr_scheduler_type is {schedule!r}; set it to constant, or use --match steps"
        )


def _check_evaluations(cell: Cell, recipe: Recipe) -> None:
    every, steps = recipe.eval.every, recipe.rollout_steps
    if not every or -(-steps // every) < FEWEST_EVALUATIONS:
        raise ConfigError(
            f"{cell.label}: at equal tokens a run is read between two of its evaluations, so it needs at least "
            f"{FEWEST_EVALUATIONS} of them, but eval.every is {every} in {steps} rollout steps; set it to "
            f"{max(steps // 10, 1)}, or use --match steps"
        )


def _command(grid: Grid, cell: Cell, directory: RunDirectory) -> tuple[str, ...]:
    options = (f"--{option}={value}" for option, value in grid.options(cell).items())
    return (*TRAIN, grid.recipe, "--run-dir", str(directory.path), *options)


def _environment(recipe: Recipe) -> dict[str, str]:
    """Environment of a cell: one thread on the CPU, for any number of parallel cells, unless the user sets another."""
    one_thread = {"OMP_NUM_THREADS": "1"} if recipe.training.get("use_cpu") else {}
    return one_thread | dict(os.environ)
