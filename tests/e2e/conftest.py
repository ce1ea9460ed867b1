"""One recipe and one run that nobody stopped, to which all others are compared."""

from pathlib import Path
from typing import Any

import pytest
from sighted import new_processor, new_sighted
from tinyrun import result, trainer, write_recipe


@pytest.fixture(scope="session")
def recipe(tmp_path_factory: pytest.TempPathFactory, student_folder: Path) -> Path:
    return write_recipe(tmp_path_factory.mktemp("recipe"), student_folder)


@pytest.fixture(scope="session")
def sighted_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that is shown images and videos."""
    folder = tmp_path_factory.mktemp("sighted") / "student"
    processor = new_processor()
    new_sighted(processor).save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def straight_run(recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("straight") / "run"
    trainer(recipe, run).train()
    return run


@pytest.fixture(scope="session")
def straight(straight_run: Path) -> dict[str, Any]:
    return result(straight_run)
