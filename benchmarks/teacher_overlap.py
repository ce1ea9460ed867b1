"""How long a step waits for a slow teacher: asked after the rollouts, asked early, and asked steps ahead.

    OMP_NUM_THREADS=1 python benchmarks/teacher_overlap.py

ZPPO on the pocket, with everything real but the teacher: it knows the gold answers and gives them one question after
the other, at a pace at which the hard questions of a usual step take it 1x or 3x the time of the student's rollouts.
The share is `time/teacher_share`, the median over steps; the first two are left out.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from statistics import fmean, median
from typing import Any

from zppo import ZPPOConfig, ZPPOTrainer
from zppo.cli.recipe import load_recipe
from zppo.teacher.remote import RemoteTeacher
from zppo.types import Group, Prompt, Question, Rollout, Sampling
from zppo.zone.prompts import Templates

RECIPE = Path(__file__).parents[1] / "recipes/pocket.yaml"
WARM_UP = 2
COLUMNS = ("teacher", "asked", "share of a step spent waiting", "seconds per step", "given up unanswered, per step")


class Oracle:
    """Answers in the order of asking, `pace` seconds a question; what was given up costs it nothing."""

    def __init__(self, pace: float) -> None:
        self.pace = pace
        self._waiting: list[tuple[Future[Group], Group]] = []
        self._more = threading.Condition()
        threading.Thread(target=self._work, daemon=True).start()

    def check(self) -> None: ...

    def submit(self, prompt: Prompt, n: int, sampling: Sampling) -> "Future[Group]":
        rollouts = [Rollout([], f"so</think>\\boxed{{{prompt.question.answer}}}") for _ in range(n)]
        future: Future[Group] = Future()
        with self._more:
            self._waiting.append((future, Group(prompt, rollouts)))
            self._more.notify()
        return future

    def generate(self, prompts: Sequence[Prompt], n: int, sampling: Sampling) -> list[Group]:
        return [future.result() for future in [self.submit(prompt, n, sampling) for prompt in prompts]]

    def metrics(self) -> dict[str, float]:
        return {}

    def _work(self) -> None:
        while True:
            with self._more:
                self._more.wait_for(lambda: self._waiting)
                future, group = self._waiting.pop(0)
            if future.set_running_or_notify_cancel():
                time.sleep(self.pace)
                future.set_result(group)


class Patient:
    """The same teacher, asked when all hard questions are known."""

    def __init__(self, teacher: RemoteTeacher) -> None:
        self._teacher = teacher

    def respond(self, questions: Sequence[Question], n: int, sampling: Sampling) -> list[Group]:
        return self._teacher.respond(questions, n, sampling)


def run(pace: float, ahead: int | None, steps: int) -> list[dict[str, Any]]:
    """Metrics of the steps after the warm-up; `ahead` None asks late."""
    recipe = load_recipe(
        RECIPE, {"rollout_steps": str(steps), "engine.batch_size": "64", "training.disable_tqdm": "true"}
    )
    recipe.data = replace(recipe.data, eval="")
    recipe.teacher = replace(recipe.teacher, ahead=ahead or 0)
    teacher: Any = RemoteTeacher(Oracle(pace), Templates.load(recipe.prompts.templates))
    with tempfile.TemporaryDirectory() as folder:
        args = ZPPOConfig.from_recipe(recipe, folder)
        trainer = ZPPOTrainer(teacher=Patient(teacher) if ahead is None else teacher, args=args)
        trainer.train()
        return trainer.run_directory.metrics()[WARM_UP:]


def line(factor: float, asked: str, rows: Sequence[dict[str, Any]]) -> str:
    share = median(row["time/teacher_share"] for row in rows)
    phases = ("rollout", "teacher", "verdict", "update")
    seconds = median(sum(row.get(f"time/{phase}", 0) for phase in phases) for row in rows)
    vain = fmean(row.get("teacher/given_up", 0) for row in rows)
    return f"| {factor:g}x | {asked} | {share:.1%} | {seconds:.2f} | {vain:.1f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=14, help="rollout steps of each run")
    steps = parser.parse_args().steps
    idle = run(0.0, 0, steps)
    rollout, hard = (median(row[key] for row in idle) for key in ("time/rollout", "zone/hard_fraction"))
    questions = median(row["zone/plain_prompts"] + row["zone/replayed_prompts"] for row in idle) * hard
    print(f"rollouts {rollout:.2f} s and updates {median(row['time/update'] for row in idle):.2f} s per step, ", end="")
    print(f"{questions:.0f} hard questions\n\n| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    for factor in (1.0, 3.0):
        pace = factor * rollout / questions
        ways = {"after the rollouts": None, "early": 0, "early, new questions 1 step ahead": 1, "3 steps ahead": 3}
        for asked, ahead in ways.items():
            print(line(factor, asked, run(pace, ahead, steps)), flush=True)


if __name__ == "__main__":
    main()
