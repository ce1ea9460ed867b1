"""`zppo demo` and the recipe that travels in the package."""

import argparse
import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import pytest

from zppo.cli import main as command
from zppo.cli.recipe import load_recipe
from zppo.pocket import ASSETS


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        command.main(["--version"])
    assert end.value.code == 0 and capsys.readouterr().out == f"zppo {version('zppo')}\n"


def test_the_shipped_recipe_is_known_by_its_name_in_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = load_recipe("pocket", {"zone.tau": "0.4"})
    assert (recipe.student.model, recipe.teacher.model) == (str(ASSETS / "student"), str(ASSETS / "teacher"))
    assert (recipe.data.train, recipe.data.eval) == (str(ASSETS / "train.jsonl"), str(ASSETS / "test.jsonl"))
    assert recipe.prompts.templates == str(ASSETS.parent / "templates") and recipe.zone.tau == 0.4


@pytest.mark.parametrize(("given", "threads"), [(None, "1"), ("2", "2")])
def test_the_demo_trains_the_shipped_recipe_on_one_thread_unless_told_otherwise(
    given: str | None, threads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", given or "")
    if given is None:
        monkeypatch.delenv("OMP_NUM_THREADS")
    seen: list[object] = []

    def train(options: argparse.Namespace, rest: Sequence[str]) -> int:
        seen.extend([options.recipe, options.run_dir, options.resume, *rest, os.environ["OMP_NUM_THREADS"]])
        return 0

    monkeypatch.setattr(command, "_train", train)
    assert command.main(["demo", "--seed", "3", "--resume"]) == 0
    assert seen == ["pocket", "runs/demo", True, "--seed", "3", threads]


def test_an_unknown_option_of_the_demo_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["demo", "--zone.tua", "0.4"]) == 2
    assert "unknown option zone.tua; did you mean 'tau'?" in capsys.readouterr().err


def test_a_missing_recipe_names_the_shipped_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["train", "recipes/pocket.yaml"]) == 2
    assert "there is no such recipe; the one of zppo demo is called pocket" in capsys.readouterr().err
