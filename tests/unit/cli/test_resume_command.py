"""`zppo resume` reads the options of a run back, and asks for what they do not hold."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from zppo.cli.main import main
from zppo.cli.resume import recipe_of
from zppo.errors import CheckpointError, ConfigError
from zppo.masking import masked
from zppo.training.arguments import ZPPOConfig


def written(run: Path, **options: Any) -> dict[str, Any]:
    """A run directory with the config of a run that was started by a recipe."""
    given = {"student": {"model": "org/student"}, "data": {"train": "train.jsonl", "eval": "test.jsonl"}} | options
    run.mkdir()
    (run / "config.yaml").write_text(yaml.safe_dump(given), "utf-8")
    config = ZPPOConfig.from_recipe(recipe_of(run, []), str(run)).effective()
    (run / "config.yaml").write_text(yaml.safe_dump(config), "utf-8")
    return config


def test_the_options_of_a_run_come_back_as_they_were(tmp_path: Path) -> None:
    training = {"learning_rate": 1e-5, "use_cpu": True, "lr_scheduler_type": "cosine"}
    config = written(tmp_path / "run", seed=4, method="grpo+replay", zone={"tau": 0.25}, training=training)
    again = ZPPOConfig.from_recipe(recipe_of(tmp_path / "run", []), "elsewhere").effective()
    assert again == config and again["zone"]["tau"] == 0.25
    longer = recipe_of(tmp_path / "run", ["--rollout_steps", "400", "--checkpoints.weights_only", "true"])
    assert (longer.rollout_steps, longer.checkpoints.weights_only, longer.seed) == (400, True, 4)


def test_a_secret_must_be_given_again(tmp_path: Path) -> None:
    run = tmp_path / "run"
    config = written(run, training={"use_cpu": True})
    config["training"]["hub_token"] = "hf_1"
    (run / "config.yaml").write_text(yaml.safe_dump(masked(config)), "utf-8")
    with pytest.raises(CheckpointError, match=r"does not keep training\.hub_token, .*: --training\.hub_token VALUE"):
        recipe_of(run, [])
    assert recipe_of(run, ["--training.hub_token", "hf_2"]).training["hub_token"] == "hf_2"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "holds no run to resume"),
        ("data: {train: a", r"config\.yaml is damaged"),
        ("data: {}", r"config\.yaml is damaged"),
        ("[1]", r"config\.yaml is damaged"),
        ("data: {train: '', eval: ''}\nstudent: {model: ''}", r"was started in Python, .*resume_from_checkpoint=True"),
    ],
)
def test_a_folder_that_cannot_be_continued_is_refused(text: str | None, problem: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "config.yaml").write_text(text, "utf-8")
    with pytest.raises(CheckpointError, match=problem) as error:
        recipe_of(tmp_path, [])
    assert "\n" not in str(error.value)


def test_unknown_options_are_refused_as_in_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path / "run", training={"use_cpu": True})
    with pytest.raises(ConfigError, match="did you mean 'rollout_steps'"):
        recipe_of(tmp_path / "run", ["--rollout_step", "4"])
    assert main(["resume", str(tmp_path / "nothing")]) == 2
    assert capsys.readouterr().err.startswith(f"zppo: {tmp_path / 'nothing'} holds no run to resume")
