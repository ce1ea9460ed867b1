"""Evaluation on the user's rows: a benchmark made of questions, scored as in training."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zppo.evals.benchmark import Benchmark, Data, Files, Item, NoFiles
from zppo.evals.outcome import Outcome
from zppo.evals.protocols import Decided, Protocols, Verdict, key_of
from zppo.evals.rules import leave_to_judge
from zppo.rewards.extraction import Extractor
from zppo.rewards.graded import Graded
from zppo.rewards.routing import is_free
from zppo.types import Question

Grade = Callable[[Sequence[Question], Sequence[str]], list[Graded]]


@dataclass(frozen=True)
class OwnRows:
    """Questions in memory, as the rows of a benchmark."""

    questions: Sequence[Question]
    files: Files = field(default_factory=NoFiles)

    def part(self, config: str, split: str) -> Iterator[Mapping[str, Any]]:
        return ({"question": question} for question in self.questions)


def own_benchmark(name: str, questions: Sequence[Question], extract: Extractor) -> Benchmark:
    """A benchmark named after the file, folder or dataset `name`; `extract` reads final answers."""
    slug = re.sub(r"[^a-z0-9]+", "_", Path(name).stem.lower()).strip("_") or "rows"
    return Benchmark(
        slug=slug,
        abbr=slug,
        name=name,
        family="own",
        protocol="training",
        data=Data(hub_ids=(), splits=("rows",), columns={"question": "any"}, rows=len(questions)),
        items=lambda row: [Item(row["question"], row["question"].answer)],
        score=leave_to_judge,
        extract=extract,
        rows=OwnRows(questions),
    )


class TrainingProtocol(Protocols):
    """Scores by `grade`; `mark` identifies it, so that responses are scored again when it changes."""

    def __init__(self, grade: Grade, mark: str) -> None:
        super().__init__(None)
        self._grade = grade
        self._mark = mark

    def check(self, benchmark: Benchmark) -> None:
        """Accept: questions were checked when they were read."""

    def score(self, benchmark: Benchmark, answered: Sequence[tuple[Item, str]]) -> list[Verdict]:
        graded = self._grade([item.question for item, _ in answered], [response for _, response in answered])
        return [
            Verdict(g.reward, g.reason, g.answer, _decided(item, g), key=self._key(item))
            for (item, _), g in zip(answered, graded, strict=True)
        ]

    def holds(self, verdict: Verdict | None, item: Item) -> bool:
        return verdict is not None and verdict.score is not None and verdict.key == self._key(item)

    def _key(self, item: Item) -> str:
        return hashlib.sha256(f"{key_of(item)} {self._mark}".encode()).hexdigest()[:12]


def accuracy_line(found: Outcome) -> str:
    """`held_out: accuracy 0.625 of 8 scored responses, 1 unscored; 2 responses without a final answer`."""
    scored = f"accuracy {found.score / 100:.3f} of {found.items - found.unscored} scored responses"
    return f"{found.slug}: {scored}, {found.unscored} unscored; {found.no_box} responses without a final answer"


def _decided(item: Item, graded: Graded) -> Decided:
    if not is_free(item.question):
        return "rules"
    return "unreachable" if graded.reward is None else "judge"
