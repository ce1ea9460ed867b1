"""A program to be killed: evaluates the toy benchmarks with an engine and a judge that take a little time.

The engine samples small batches as a whole, or answers large ones one prompt after another, as a server does.
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from toys import CORRECT, JUDGED, STRICT, SUMS, WRONG, Sampler, judge, right, runner

from zppo.engines.base import ignore
from zppo.engines.scripted import ScriptedEngine
from zppo.evals.summary import Label, write_summary
from zppo.types import Group, Prompt, Sampling

PAUSE = 0.01


class Slow(Sampler):
    def generate(self, prompts: Sequence[Prompt], n: int, sampling: Sampling, done: Any = ignore) -> list[Group]:
        with Path(sys.argv[2], "asked.txt").open("a") as asked:
            asked.writelines(f"{prompt.question.id}\n" for prompt in prompts)
        time.sleep(PAUSE)
        groups = super().generate(prompts, n, sampling)
        done(groups)
        return groups


class Served(Slow):
    def generate(self, prompts: Sequence[Prompt], n: int, sampling: Sampling, done: Any = ignore) -> list[Group]:
        ask = super().generate
        return [group for prompt in prompts for group in ask([prompt], n, sampling, done)]


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
    run = runner(out, data, engine(right), judge(ScriptedEngine(verdict)), **options)
    assert run.run([SUMS, JUDGED, STRICT]) == {}
    write_summary(out, run.outcomes(), {}, Label("toy", "own"), {})


if __name__ == "__main__":
    main()
