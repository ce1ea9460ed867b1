"""Small benchmarks of sums in the form of a data folder, and engines that answer and judge them by a script."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from texts import ScriptedText

from zppo.evals.benchmark import Benchmark, Data, Item, Row, Scored
from zppo.evals.items import Extent
from zppo.evals.judging import Judge, load_templates
from zppo.evals.protocols import Protocols
from zppo.evals.respondent import Respondent
from zppo.evals.runner import Runner
from zppo.reports.progress import Progress
from zppo.rewards.boxed import last_boxed
from zppo.types import Group, Prompt, Question, Sampling
from zppo.zone.streams import request_seed

CORRECT, WRONG = '{"verdict": "correct"}', '{"verdict": "wrong"}'


def items(row: Row) -> list[Item]:
    question = Question(f"{row.config}/{row['n']}", row["question"], row["answer"])
    return [Item(question, row["answer"], {"config": row.config})]


def score(item: Item, response: str) -> Scored | None:
    """Right if the box is the gold, wrong if it is another number; everything else is left open."""
    box = last_boxed(response)
    if box == item.gold:
        return Scored(1.0, "rule: equal", box)
    return Scored(0.0, "rule: another number", box) if box and box.isdigit() else None


SUMS = Benchmark(
    slug="sums",
    abbr="Sums",
    name="Sums",
    family="llm",
    protocol="exact+judge",
    data=Data(("nobody/sums",), ("test",), {"n": "int", "question": "str", "answer": "str"}, ("easy", "hard"), rows=20),
    items=items,
    score=score,
)
JUDGED = replace(SUMS, slug="judged", abbr="Judged", protocol="bench_judge", score=lambda item, response: None)
STRICT = replace(
    SUMS,
    slug="strict",
    abbr="Strict",
    protocol="deterministic",
    score=lambda item, response: Scored(float(last_boxed(response) == item.gold), "rule"),
)


def write_data(folder: Path, *benchmarks: Benchmark, rows: int = 10) -> Path:
    """`rows` rows of every config of every benchmark."""
    for benchmark in benchmarks:
        for config in benchmark.data.configs:
            path = folder / benchmark.slug / config / "test.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            lines = ({"n": n, "question": f"{n} + 1 = ? ({config})", "answer": str(n + 1)} for n in range(rows))
            path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return folder


def right(prompt: Prompt, n: int, visit: int) -> list[str]:
    return [f"<think>easy</think>\\boxed{{{prompt.question.answer}}}"] * n


def says(text: str) -> Callable[[Prompt, int, int], list[str]]:
    return lambda prompt, n, visit: [text] * n


class Sampler(ScriptedText):
    """Draws by the seed of each request, as every engine does."""

    def generate(self, prompts: Sequence[Prompt], n: int, sampling: Sampling) -> list[Group]:
        groups = super().generate(prompts, n, sampling)
        for group in groups:
            seed = request_seed(sampling.seed, group.prompt.uid, group.prompt.text, 0)
            group.rollouts[0].text = f"\\boxed{{{seed % 7}}}"
        return groups


class Unreachable(ScriptedText):
    """An engine whose server is gone, for the first `times` calls or for ever."""

    def __init__(self, engine: ScriptedText | None = None, times: int = 10**9) -> None:
        super().__init__(right)
        self.calls, self._engine, self._times = 0, engine, times

    def generate(self, prompts: Sequence[Prompt], n: int, sampling: Sampling) -> list[Group]:
        self.calls += 1
        if self.calls <= self._times or self._engine is None:
            return [Group(prompt, []) for prompt in prompts]
        return self._engine.generate(prompts, n, sampling)


def judge(engine: Any, model: str = "judge", folder: Path | None = None) -> Judge:
    return Judge(engine, model, load_templates(folder))


def runner(
    out: Path,
    data: Path,
    engine: Any,
    judge: Judge | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Runner:
    respondent = Respondent(engine, **({"batch": 4} | options))
    return Runner(respondent, Protocols(judge), out, Extent(data, limit), {"model": "toy"}, progress=progress)


def files(out: Path) -> Mapping[str, bytes]:
    """What an evaluation leaves, but for the order in which it came."""
    return {path.name: path.read_bytes() for path in sorted((out / "results").iterdir())}
