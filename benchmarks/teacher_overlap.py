"""How long a step waits for a slow teacher: asked after the rollouts, asked early, and asked steps ahead.

    OMP_NUM_THREADS=1 python benchmarks/teacher_overlap.py --write

The rollout step, the teacher's client and the order of its calls are the library's. Student and teacher sleep instead
of computing, so that a busy machine does not blur the shares: the student takes 0.4 s for the rollouts of a step, in
batches, and 0.6 s for its updates, the proportion measured on the pocket. Half of the new questions are hard, and so is
all that is replayed. The teacher needs for the hard questions of a step 1x or 3x the time of the student's rollouts, in
one of two ways: one question after the other (a server that is full), or all at the same time (one that batches and has
room).

The share is `time/teacher` of a whole step, the mean over the steps after the first four. What a step replays is known
when the plain rollouts of the step before are scored. A teacher who then takes longer than the rest of a step is waited
for in any case: by that difference in every step if it answers one by one, in every second step (the other one is
longer for the wait) if it answers all at once. `at least` is that share, with the rest of the step as it was measured.
"""

import argparse
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from itertools import product
from pathlib import Path
from statistics import fmean

from zppo.config import SamplingConfig, ZoneConfig
from zppo.engines.base import Priority, TokenRequest
from zppo.engines.scripted import ByteRenderer, ScriptedEngine
from zppo.methods import parse_method
from zppo.rewards.boxed import last_boxed
from zppo.rollout.worker import Parts
from zppo.step import rollout_step
from zppo.teacher.model import ModelTeacher
from zppo.teacher.rewriting import keep_whole
from zppo.types import Group, Prompt, Question, Rollout, Sampling
from zppo.zone.prompts import Templates
from zppo.zone.replay import PromptReplayBuffer
from zppo.zone.streams import Streams

RESULTS = Path(__file__).resolve().parent / "results/teacher_overlap.md"
ROLLOUTS, UPDATES = 0.4, 0.6
"""Seconds per step."""
BATCH, ROOM, WARM_UP = 8, 64, 4
"""Prompts that the student generates at once, questions that the batching teacher answers at once, steps left out."""
ZONE = ZoneConfig(new_questions=32, group_size=2, teacher_samples=2, updates=4)
HARD = 24
"""Questions of a usual step: half of 32 new ones, and 8 replayed."""
WAYS = {"after the rollouts": None, "early": 0, "early, new questions 1 step ahead": 1, "2 steps ahead": 2}
COLUMNS = ("teacher", "answers", "asked", "share of a step spent waiting", "at least", "given up, per step")
TEMPLATES = Templates.load()


class Oracle:
    """Answers `at_once` questions in `pace` seconds; what was given up before its turn costs it nothing."""

    parameters = None

    def __init__(self, pace: float, at_once: int, works_ahead: bool) -> None:
        self.pace = pace
        self.works_ahead = works_ahead
        self._waiting: list[tuple[Priority, Future[Group], Group]] = []
        self._more = threading.Condition()
        for _ in range(at_once):
            threading.Thread(target=self._work, daemon=True).start()

    def check(self) -> None: ...

    def fits(self, prompt: Prompt, sampling: Sampling) -> bool:
        return True

    def submit(self, prompt: Prompt, n: int, sampling: Sampling, priority: Priority | None = None) -> "Future[Group]":
        rollouts = [Rollout([], f"so</think>\\boxed{{{prompt.question.answer}}}") for _ in range(n)]
        future: Future[Group] = Future()
        with self._more:
            self._waiting.append((priority or Priority(), future, Group(prompt, rollouts)))
            self._more.notify()
        return future

    def metrics(self) -> dict[str, float]:
        return {}

    def close(self) -> None: ...

    def _work(self) -> None:
        while True:
            with self._more:
                self._more.wait_for(lambda: self._waiting)
                self._waiting.sort(key=lambda waiting: waiting[0].rank)  # keeps the order of equals, like the library
                _, future, group = self._waiting.pop(0)
            if future.set_running_or_notify_cancel():
                time.sleep(self.pace)
                future.set_result(group)


class Student(ScriptedEngine):
    """Never right on a hard question; takes its time for plain prompts, and none for aided ones."""

    def __init__(self) -> None:
        super().__init__(lambda prompt, n, visit: [f"\\boxed{{{int(not is_hard(prompt.question))}}}"] * n)

    def generate(self, requests: Sequence[TokenRequest], decoding: Sampling) -> Iterator[tuple[int, list[Rollout]]]:
        for finished in super().generate(requests, decoding):
            if finished[0] % BATCH == 0 and requests[0].prompt.kind == "plain":
                time.sleep(ROLLOUTS * min(BATCH, len(requests) - finished[0]) / len(requests))
            yield finished


def is_hard(question: Question) -> bool:
    return int(question.id) % 2 == 0


def verdict(questions: Sequence[Question], responses: Sequence[str]) -> list[float | None]:
    return [float(last_boxed(r) == q.answer) for q, r in zip(questions, responses, strict=True)]


def run(pace: float, at_once: int, ahead: int | None, steps: int) -> list[dict[str, float]]:
    """Of every step after the first: seconds it waited and took, and questions given up. `ahead` None asks late."""
    teachers = [ModelTeacher(Oracle(pace, at_once, works_ahead=ahead is not None), TEMPLATES)]
    student = Student(), ByteRenderer()
    parts = Parts(parse_method("zppo"), *student, verdict, teachers, keep_whole, TEMPLATES, ahead=ahead or 0)
    sampling, buffer = SamplingConfig(), PromptReplayBuffer()
    names = iter(range(10**9))
    batches = [[Question(str(next(names)), "how many?", "1") for _ in range(ZONE.new_questions)] for _ in range(steps)]
    rows = []
    for step, new in enumerate(batches):
        upcoming = batches[step + 1 : step + 1 + max(ahead or 0, 1)]
        began = time.perf_counter()
        batch = rollout_step(new, buffer, parts, ZONE, sampling, Streams(0, step), upcoming)
        time.sleep(UPDATES)
        seconds = time.perf_counter() - began
        given_up = parts.queue.metrics().get("teacher/cancelled", 0.0)
        rows.append({"waited": batch.metrics["time/teacher"], "took": seconds, "given_up": given_up})
    return rows[WARM_UP:]


def line(factor: float, at_once: int, asked: str, rows: Sequence[dict[str, float]]) -> str:
    waited, took, given_up = (fmean(row[key] for row in rows) for key in ("waited", "took", "given_up"))
    rest, answers = took - waited, factor * ROLLOUTS
    one_by_one = at_once == 1
    least = max(answers - rest, 0) / (answers if one_by_one else answers + rest)
    how = "one by one" if one_by_one else "all at once"
    return f"| {factor:g}x | {how} | {asked} | {waited / took:.1%} | {least:.1%} | {given_up:.1f} |"


def table(steps: int) -> list[str]:
    lines = [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    for at_once, factor in product((1, ROOM), (1.0, 3.0)):
        pace = factor * ROLLOUTS / (HARD if at_once == 1 else 1)
        for asked, ahead in WAYS.items():
            lines.append(line(factor, at_once, asked, run(pace, at_once, ahead, steps)))
            print(lines[-1], flush=True)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=16, help="rollout steps of each run")
    parser.add_argument("--write", action="store_true", help=f"also write {RESULTS.name}")
    options = parser.parse_args()
    lines = table(options.steps)
    if options.write:
        command = f"python benchmarks/teacher_overlap.py --steps {options.steps} --write"
        about = f"`{command}`: rollouts {ROLLOUTS} s and updates {UPDATES} s per step, {HARD} hard questions."
        RESULTS.write_text("\n".join(["# Waiting for a slow teacher", "", about, "", *lines, ""]), "utf-8")


if __name__ == "__main__":
    main()
