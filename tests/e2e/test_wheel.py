"""The wheel holds what `zppo demo` needs, and little else."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
BUILD = (sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w")
TINY = ("--rollout_steps", "1", "--zone.new_questions", "8", "--zone.updates", "1", "--eval.every", "0")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that nothing of an earlier build gets in and nothing is left in the source tree."""
    copy, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    left = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "src", copy / "src", ignore=left)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    subprocess.run([*BUILD, str(out), str(copy)], check=True)
    (file,) = out.iterdir()
    return file


def test_the_wheel_is_small_and_leaves_the_pair_for_words_and_reports_of_builds_out(wheel: Path) -> None:
    assert wheel.stat().st_size < 12_000_000
    names = zipfile.ZipFile(wheel).namelist()
    assert not [name for name in names if "pocket/words" in name or name.endswith("build.json")]


def test_the_demo_runs_from_the_wheel_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    site, empty = tmp_path / "site", tmp_path / "empty"
    zipfile.ZipFile(wheel).extractall(site)
    empty.mkdir()
    environment = os.environ | {"PYTHONPATH": str(site), "OMP_NUM_THREADS": "1"}
    demo = [sys.executable, "-m", "zppo.cli.main", "demo", *TINY]
    told = subprocess.run(demo, cwd=empty, env=environment, check=True, capture_output=True, text=True).stdout
    assert "report: runs/demo/report.html" in told
    config = (empty / "runs/demo/config.yaml").read_text("utf-8")
    assert str(site / "zppo/pocket/assets/student") in config and str(ROOT) not in config
    assert len((empty / "runs/demo/metrics.jsonl").read_text("utf-8").splitlines()) == 1
    assert json.loads((empty / "runs/demo/summary.json").read_text("utf-8"))
