"""A run is prolonged, thinned out, stopped early, continued by its folder alone; and says nothing that is secret."""

import json
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tinyrun
import torch
import yaml
from test_resume import StopAfter
from tinyrun import STEPS, UPDATES, differences, result, trainer, write_recipe

from zppo.errors import CheckpointError
from zppo.reports.checkpoints import checkpoints_in
from zppo.reports.lock import locked

pytestmark = pytest.mark.slow
SECRET = "hf_verysecret"


def zppo(*arguments: Any, before: Callable[[], None] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, tinyrun.__file__, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, preexec_fn=before)


def names(run: Path) -> list[str]:
    return [checkpoint.name for checkpoint in checkpoints_in(run / "checkpoints")]


def test_a_run_that_is_prolonged_equals_a_long_one(
    student_folder: Path, straight: dict[str, Any], tmp_path: Path
) -> None:
    """Resumed twice in a row. The end of a run asks the held-out questions once more than a longer run does there."""
    run = tmp_path / "run"
    for steps in (2, 4, STEPS):
        recipe = write_recipe(tmp_path, student_folder)
        options = yaml.safe_load(recipe.read_text("utf-8")) | {"rollout_steps": steps}
        recipe.write_text(yaml.safe_dump(options), "utf-8")
        trainer(recipe, run).train(resume_from_checkpoint=steps > 2)
    assert differences(result(run), straight) == []
    assert yaml.safe_load((run / "config.yaml").read_text("utf-8"))["rollout_steps"] == STEPS


def test_a_run_does_not_become_shorter_than_it_is(student_folder: Path, tmp_path: Path) -> None:
    recipe, run = write_recipe(tmp_path, student_folder), tmp_path / "run"
    trainer(recipe, run, callbacks=[StopAfter(3 * UPDATES)]).train()
    recipe.write_text(recipe.read_text("utf-8").replace(f"rollout_steps: {STEPS}", "rollout_steps: 2"), "utf-8")
    with pytest.raises(CheckpointError, match=r"rollout_steps is 2, but 3 rollout steps of .* are finished"):
        trainer(recipe, run).train(resume_from_checkpoint=True)
    assert names(run) == ["checkpoint-2", "checkpoint-3"]
    assert yaml.safe_load((run / "config.yaml").read_text("utf-8"))["rollout_steps"] == STEPS


def test_a_run_is_continued_by_its_folder_alone(recipe: Path, straight: dict[str, Any], tmp_path: Path) -> None:
    run = tmp_path / "run"
    done = zppo("train", recipe, "--run-dir", run, "--rollout_steps", "3", "--reports.reliance", "0")
    assert done.returncode == 0, done.stderr
    assert re.search(rf"checkpoint-3: [\d.]+ [kM]B in {run}/checkpoints", done.stderr)
    (run / "checkpoints" / "checkpoint-3" / "optimizer.pt").unlink()

    damaged = zppo("resume", run, "--rollout_steps", STEPS)
    assert damaged.returncode == 2 and "Traceback" not in damaged.stderr
    advice = f"zppo resume {run} --checkpoint checkpoint-2"
    assert damaged.stderr.splitlines()[-1].endswith(advice)

    options = ["--rollout_steps", STEPS, "--reports.reliance", "2"]
    done = zppo(*advice.split()[1:], *options)
    assert done.returncode == 0, done.stderr
    assert "checkpoint-5" in (run / "report.html").read_text("utf-8")
    found = differences(result(run), straight)
    assert [place for place in found if not place.startswith("/metrics")] == []  # its first steps measured no reliance


def test_a_second_process_is_refused_in_one_line(recipe: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with locked(run / ".lock"):
        done = zppo("train", recipe, "--run-dir", run)
    assert done.returncode == 2
    assert done.stderr.startswith(f"zppo: {run} is being written by process ") and done.stderr.count("\n") == 1


def test_older_checkpoints_keep_only_their_weights(
    student_folder: Path, straight: dict[str, Any], tmp_path: Path
) -> None:
    from transformers import AutoModelForCausalLM

    recipe, run = write_recipe(tmp_path, student_folder, checkpoints={"weights_only": True}), tmp_path / "run"
    trainer(recipe, run, callbacks=[StopAfter(3 * UPDATES)]).train()
    trainer(recipe, run).train(resume_from_checkpoint=True)
    assert names(run) == ["checkpoint-4", "checkpoint-5"]
    older = run / "checkpoints" / "checkpoint-4"
    assert not {"optimizer.pt", "scheduler.pt", "rng_state.pth"} & {file.name for file in older.iterdir()}
    AutoModelForCausalLM.from_pretrained(older)
    assert differences(result(run), straight) == []


def test_early_stopping_keeps_the_best_checkpoint_and_the_newest(
    student_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accuracies = iter([0.1, 0.2, 0.5, 0.4, 0.5, 0.9])
    monkeypatch.setattr(
        "zppo.training.trainer.ask", lambda questions, *_: (dict.fromkeys(ids(questions), next(accuracies)), 0)
    )
    changes = {"eval": {"every": 1, "early_stopping_patience": 2}, "checkpoints": {"every": 5, "keep": 1}}
    recipe, run = write_recipe(tmp_path, student_folder, **changes), tmp_path / "run"  # type: ignore[arg-type]
    trainer(recipe, run).train()
    assert names(run) == ["checkpoint-2", "checkpoint-4"]
    assert json.loads((run / "summary.json").read_text("utf-8"))["rollout_steps"] == 4

    recipe.write_text(recipe.read_text("utf-8").replace("early_stopping_patience: 2", "early_stopping_patience: 3"))
    trainer(recipe, run).train(resume_from_checkpoint=True)
    assert names(run) == ["checkpoint-5"]


def ids(questions: Any) -> list[str]:
    return [question.id for question in questions]


def test_no_file_of_a_run_holds_a_secret(
    student_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recipe, run = write_recipe(tmp_path, student_folder), tmp_path / "run"
    options = yaml.safe_load(recipe.read_text("utf-8"))
    options["training"]["hub_token"], options["rollout_steps"] = SECRET, 1
    recipe.write_text(yaml.safe_dump(options), "utf-8")
    given = trainer(recipe, run)
    given.train()
    assert given.args.hub_token == SECRET
    from zppo.reports.html import write_report

    write_report(given.run_directory)
    holding = [file for file in run.rglob("*") if file.is_file() and SECRET.encode() in file.read_bytes()]
    assert holding == [] and SECRET not in caplog.text and SECRET not in json.dumps(given.args.to_dict(), default=str)
    saved = torch.load(run / "checkpoints" / "checkpoint-1" / "training_args.bin", weights_only=False)
    assert (saved.hub_token, saved.learning_rate) == ("***", 1e-3)

    refused = zppo("resume", run)
    assert "does not keep training.hub_token, which is a secret; give it again" in refused.stderr


def test_a_limit_on_file_sizes_ends_a_run_in_one_line_with_a_checkpoint_to_go_on_from(
    recipe: Path, straight: dict[str, Any], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    assert zppo("train", recipe, "--run-dir", run, "--rollout_steps", "2").returncode == 0
    largest = max(file.stat().st_size for file in (run / "checkpoints" / "checkpoint-2").iterdir())

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest // 2, largest // 2))

    done = zppo("resume", run, "--rollout_steps", STEPS, before=limit)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"zppo: {run} cannot be written (") and f"zppo resume {run}" in last
    assert zppo("resume", run).returncode == 0
    assert differences(result(run), straight) == []


def test_a_checkpoint_is_used_as_the_docs_say(straight_run: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "after-training.md").read_text("utf-8")
    code = text.split("```python\n")[1].split("```")[0].replace("runs/first/checkpoints/checkpoint-200", "FOLDER")
    folder = straight_run / "checkpoints" / f"checkpoint-{STEPS}"
    front = (folder / "README.md").read_text("utf-8").split("---\n")[1]
    assert yaml.safe_load(front)["library_name"] == "transformers"
    done = subprocess.run([sys.executable, "-c", code.replace("FOLDER", str(folder))], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
