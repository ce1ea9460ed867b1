"""A program to be killed: evaluates the toy benchmarks with an engine and a judge that take a little time.

The engine samples small batches as a whole, or answers large ones one prompt after another, as a server does.
"""

import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from texts import ScriptedText
from toys import CORRECT, JUDGED, STRICT, SUMS, WRONG, Sampler, judge, right, runner

from zppo.engines.base import Priority
from zppo.evals.summary import Label, write_summary
from zppo.types import Group, Prompt, Sampling

PAUSE = 0.01


class Slow(Sampler):
    def generate(self, prompts: Sequence[Prompt], n: int, sampling: Sampling) -> list[Group]:
        with Path(sys.argv[2], "asked.txt").open("a") as asked:
            asked.writelines(f"{prompt.question.id}\n" for prompt in prompts)
        time.sleep(PAUSE)
        groups = super().generate(prompts, n, sampling)
        return groups


class Served(Slow):
    works_ahead = True
    thread = ThreadPoolExecutor(1)

    def submit(self, prompt: Prompt, n: int, sampling: Sampling, priority: Priority | None = None) -> "Future[Group]":
        return self.thread.submit(lambda: self.generate([prompt], n, sampling)[0])


ENGINES: dict[str, tuple[type[Slow], dict[str, Any]]] = {
    "embedded": (Slow, {"batch": 4}),
    "served": (Served, {"batch": 64}),
}


def verdict(prompt: Prompt, n: int, visit: int) -> list[str]:
    time.sleep(PAUSE / 10)
    return [CORRECT if len(prompt.text) % 2 else WRONG] * n


def main() -> None:
    data, out = map(Path, sys.argv[1:3])
    out.mkdir(exist_ok=True)
    engine, options = ENGINES[sys.argv[3]]
    run = runner(out, data, engine(right), judge(ScriptedText(verdict)), **options)
    assert run.run([SUMS, JUDGED, STRICT]) == {}
    write_summary(out, run.outcomes(), {}, Label("toy", "own"), {})


if __name__ == "__main__":
    main()
