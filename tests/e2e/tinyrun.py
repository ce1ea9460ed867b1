"""A run of a few seconds that goes through every part, and how to compare two such runs bit for bit.

As a program it is `zppo` with the reward below: `python tinyrun.py train RECIPE ...`.
"""

import json
import os
import shutil
import signal
import sys
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors.torch import load_file

STEPS, UPDATES = 5, 2
OPTIONS: dict[str, Any] = {
    "rollout_steps": STEPS,
    "seed": 6,
    "student": {"dtype": "float32"},
    "teacher": {"dtype": "float32", "compression": "none"},
    "zone": {
        "new_questions": 4,
        "group_size": 4,
        "teacher_samples": 2,
        "replay_fraction": 0.5,
        "augment_fraction": 0.5,
        "buffer_size": 3,
        "updates": UPDATES,
    },
    "sampling": {"max_tokens": 6},
    "eval": {"every": 2, "max_tokens": 6},
    "checkpoints": {"every": 1, "keep": 2},
    "training": {"use_cpu": True, "learning_rate": 1e-3, "disable_tqdm": True, "report_to": "none"},
}
"""Seven questions and four a step: an epoch ends within the run and questions come back while they are buffered."""


def luck(prompts: list[str], completions: list[str], **columns: Any) -> list[float | None]:
    """A third right, a few unscored, the rest wrong: the same in every process."""
    marks = [zlib.crc32(f"{p}|{c}".encode()) % 30 for p, c in zip(prompts, completions, strict=True)]
    return [None if m == 29 else float(m < 10) for m in marks]


def rows(count: int, first: int = 0) -> list[dict[str, Any]]:
    numbers = range(first, first + count)
    return [{"id": f"q{i}", "prompt": f"{i}+{i}?", "answer": str(2 * i), "cluster": "ab"[i % 2]} for i in numbers]


def write_recipe(folder: Path, student: Path, /, method: str = "zppo", **changes: Mapping[str, Any]) -> Path:
    """Data files and a recipe in `folder`; `changes` go over the options of a section."""
    for name, data in (("train", rows(7)), ("test", rows(4, 50))):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in data), "utf-8")
    options = {name: dict(value) if isinstance(value, dict) else value for name, value in OPTIONS.items()}
    options["student"]["model"] = options["teacher"]["model"] = str(student)
    options["method"] = method
    options["data"] = {"train": "train.jsonl", "eval": "test.jsonl"}
    for section, values in changes.items():
        options[section] = options.get(section, {}) | values
    recipe = folder / "tiny.yaml"
    recipe.write_text(yaml.safe_dump(options), "utf-8")
    return recipe


def trainer(recipe: Path, run: Path, **options: Any) -> Any:
    from zppo.recipe import load_recipe
    from zppo.training.arguments import ZPPOConfig
    from zppo.training.trainer import ZPPOTrainer

    args = ZPPOConfig.from_recipe(load_recipe(recipe, {}), str(run))
    return ZPPOTrainer(args=args, **{"reward_funcs": luck} | options)


def result(run: Path, step: int = STEPS) -> dict[str, Any]:
    """All that a run of so many rollout steps leaves behind and that does not depend on the clock."""
    checkpoint = run / "checkpoints" / f"checkpoint-{step}"
    state = json.loads((checkpoint / "zppo_state.json").read_text("utf-8"))
    summary = json.loads((run / "summary.json").read_text("utf-8"))
    for timed in (state["run"], summary, *state["run"]["evaluations"], *summary["evaluations"]):
        timed.pop("seconds")
    state["run"].pop("given")  # objects of Python stand for what the command line names
    metrics = [json.loads(line) for line in (run / "metrics.jsonl").read_text("utf-8").splitlines()]
    return {
        "weights": load_file(checkpoint / "model.safetensors"),
        "optimizer": torch.load(checkpoint / "optimizer.pt", weights_only=True),
        "scheduler": torch.load(checkpoint / "scheduler.pt", weights_only=True),
        "rng": torch.load(checkpoint / "rng_state.pth", weights_only=False),
        "state": state,
        "summary": summary,
        "metrics": [{k: v for k, v in row.items() if not k.startswith("time/")} for row in metrics],
        "alarms": (run / "alarms.jsonl").read_text("utf-8"),
        "rollouts": {file.name: file.read_text("utf-8") for file in sorted((run / "rollouts").iterdir())},
        "checkpoints": sorted(folder.name for folder in (run / "checkpoints").glob("checkpoint-*")),
    }


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """The places where two results are not equal in every bit."""
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return [] if one.dtype == other.dtype and torch.equal(one, other) else [where]
    if isinstance(one, dict) and isinstance(other, dict):
        missing = [f"{where}/{key}" for key in one.keys() ^ other.keys()]
        return missing + [d for k in one.keys() & other.keys() for d in differences(one[k], other[k], f"{where}/{k}")]
    if isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        return [d for i, (a, b) in enumerate(zip(one, other, strict=True)) for d in differences(a, b, f"{where}/{i}")]
    same = one == other
    return [] if (same if isinstance(same, bool) else same.all()) else [where]


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _killing(function: Callable[..., Any], at: int, where: str) -> Callable[..., Any]:
    """`function`, killing the process just before or after its `at`-th call."""
    calls = 0

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at and where == "before":
            _die()
        value = function(*args, **kwargs)
        if calls == at and where == "after":
            _die()
        return value

    return wrapped


def _torn_write(method: Callable[..., Any], at: int) -> Callable[..., Any]:
    """`RunDirectory.log_metrics` that is killed in the middle of its `at`-th row."""
    calls = 0

    def wrapped(self: Any, row: Mapping[str, Any]) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            with self.metrics_file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row)[:40])
            _die()
        method(self, row)

    return wrapped


def arm(target: str, at: int, where: str) -> None:
    """Kill this process at the `at`-th use of `target` by what writes a run directory."""
    from zppo.run.directory import RunDirectory

    if target == "metrics":
        RunDirectory.log_metrics = _torn_write(RunDirectory.log_metrics, at)  # type: ignore[method-assign]
        return
    owner = {"rename": os, "replace": os, "save": torch, "rmtree": shutil, "unlink": Path}[target]
    setattr(owner, target, _killing(getattr(owner, target), at, where))


def main(arguments: list[str]) -> int:
    from zppo.cli.main import main as zppo
    from zppo.training import resolve as module

    torch.set_num_threads(1)
    given = module.as_scorer
    module.as_scorer = lambda functions: given(luck)
    return zppo(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
