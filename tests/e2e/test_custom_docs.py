"""docs/custom.md is true: its files train, resume, evaluate and grade, and other code is no continuation."""

import json
import re
from pathlib import Path

import pytest
import yaml

from zppo.cli.main import main
from zppo.pocket import ASSETS

DOC = (Path(__file__).parents[2] / "docs" / "custom.md").read_text("utf-8")
EXAMPLES = dict(re.findall(r"`([\w.]+)`[^`]*?(?:\([^)]*\)[^`]*?)?:\n\n```\w+\n(.*?)```", DOC, re.DOTALL))
WORDS = ASSETS.parent / "words"
SMALL = {
    "rollout_steps": 2,
    "zone.new_questions": 4,
    "zone.group_size": 4,
    "zone.teacher_samples": 1,
    "zone.updates": 1,
    "zone.augment_fraction": 0.5,
    "sampling.max_tokens": 12,
    "eval.max_tokens": 12,
    "checkpoints.every": 1,
    "student.model": WORDS / "student",
    "prompts.templates": ASSETS.parent / "templates",
    "training": "{use_cpu: true, disable_tqdm: true, report_to: none}",
}
"""What makes the example small enough to be run here."""
OPTIONS = [f"--{name}={value}" for name, value in SMALL.items()]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, content in EXAMPLES.items():
        (tmp_path / name).write_text(content, "utf-8")
    for name in ("train", "test"):
        lines = (WORDS / f"{name}.jsonl").read_text("utf-8").splitlines(keepends=True)
        hard = [line for line in lines if json.loads(line)["level"] == "hard"]
        (tmp_path / f"{name}.jsonl").write_text("".join(hard[:8]), "utf-8")
    return tmp_path


def said(folder: Path, run: str) -> list[dict]:
    files = sorted((folder / run / "rollouts").glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


def test_the_page_has_all_three_files() -> None:
    assert EXAMPLES.keys() == {"verifier.py", "teacher.py", "recipe.yaml"}


@pytest.mark.slow
def test_the_example_trains_from_the_command_line_and_is_resumed_only_with_the_same_code(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "recipe.yaml", "--run-dir", "run", *OPTIONS]) == 0
    config = yaml.safe_load((folder / "run" / "config.yaml").read_text("utf-8"))
    assert config["rewards"]["functions"] == [f"{folder}/verifier.py:{name}" for name in ("right", "short")]
    assert set(config["programs"]) == {str(folder / "verifier.py"), str(folder / "teacher.py")}

    groups = said(folder, "run")
    rollouts = [rollout for group in groups for rollout in group["rollouts"]]
    assert {rollout["reward"] for rollout in rollouts} <= {0.0, 0.1, 1.0, 1.1}
    assert any(rollout["answer"] for rollout in rollouts)
    [shown, *_] = [c for group in groups if group["kind"] == "bcq" for c in group["candidates"] if c["is_right"]]
    assert shown["text"].startswith("the data say =")
    assert "reward/right" in json.loads((folder / "run" / "metrics.jsonl").read_text("utf-8").splitlines()[0])

    capsys.readouterr()
    resume = ["train", "recipe.yaml", "--run-dir", "run", "--resume", *OPTIONS]
    assert main(resume) == 0
    with (folder / "verifier.py").open("a", encoding="utf-8") as file:
        file.write("# another verifier\n")
    capsys.readouterr()
    assert main(resume) == 2
    assert "was started with another config (programs." in capsys.readouterr().err


@pytest.mark.slow
def test_the_example_compares_methods_under_the_own_reward(folder: Path) -> None:
    command = ["compare", "recipe.yaml", "--methods", "grpo+replay,zppo", "--seeds", "0", "--out", "out"]
    assert main([*command, *OPTIONS, "--rollout_steps=1", "--teacher.model=python:teacher.py:Solver"]) == 0
    found = json.loads((folder / "out" / "comparison.json").read_text("utf-8"))
    assert {cell["method"] for cell in found["cells"]} == {"grpo+replay", "zppo"}
    runs = sorted((folder / "out" / "cells").glob("*/config.yaml"))
    assert len(runs) == 2
    for run in runs:
        groups = said(folder, str(run.parent))
        assert {rollout["reward"] for group in groups for rollout in group["rollouts"]} <= {0.0, 0.1, 1.0, 1.1}
        assert any(rollout["answer"] for group in groups for rollout in group["rollouts"])
        assert str(folder / "verifier.py") in yaml.safe_load(run.read_text("utf-8"))["programs"]


@pytest.mark.slow
def test_the_example_evaluates_and_grades(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["eval", str(WORDS / "student"), "--data", "test.jsonl", "--function", "verifier.py:right"]
    command += ["--extract", "boxed,last_number", "--max-tokens", "12", "--out", "out"]
    assert main(command) == 0
    assert re.search(r"test: accuracy 0\.\d+ of 8 scored responses, 0 unscored; \d", capsys.readouterr().out)
    row = {"response": "3+4=7", "prompt": "3+4?", "answer": "7"}
    (folder / "responses.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    assert main(["grade", "responses.jsonl", "--function", "verifier.py:right"]) == 0
    assert "1 right, 0 wrong, 0 unscored" in capsys.readouterr().out


def test_both_ways_to_name_functions_are_refused(folder: Path) -> None:
    from zppo.errors import ConfigError
    from zppo.recipe import load_recipe
    from zppo.training.given import given_functions

    rewards = load_recipe("recipe.yaml", {"student.model": "x"}).rewards
    assert list(given_functions(rewards, None).functions) == ["right", "short"]
    with pytest.raises(ConfigError, match="leave one of them out"):
        given_functions(rewards, lambda **columns: [])
