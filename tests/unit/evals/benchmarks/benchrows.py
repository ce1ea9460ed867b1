"""Rows as the real data has them, and what a benchmark makes of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zppo.evals.benchmark import Benchmark, Files, Item, Judgement, NoFiles, Row, Scored

PICTURE = {"bytes": b"\x89PNG of a test", "path": "picture.png"}
"""An undecoded image. No test of a prompt decodes it."""


class Folder:
    """Files beside the rows, in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def add(self, name: str, content: str = "") -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")

    def find(self, name: str) -> Path | None:
        path = self.root / name
        return path if path.is_file() else None

    def names(self, folder: str) -> Sequence[str]:
        files = (path for path in (self.root / folder).rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self.root)) for path in files)


def row_of(
    benchmark: Benchmark,
    values: Mapping[str, Any],
    index: int = 0,
    config: str = "",
    split: str = "",
    files: Files | None = None,
) -> Row:
    """A row with at least the columns that the benchmark asks for, of its first config and split by default."""
    data = benchmark.data
    config = config or data.configs[0]
    assert config in data.configs
    missing = set(data.config_columns.get(config, data.columns)) - set(values)
    assert not missing, f"the row lacks {missing}"
    split = split or data.splits[0]
    where = f"{benchmark.slug}, {config}, {split}, row {index}"
    return Row(values, index, config, split, where, files or NoFiles())


def items_of(benchmark: Benchmark, values: Mapping[str, Any], **where: Any) -> Sequence[Item]:
    return benchmark.items(row_of(benchmark, values, **where))


def item_of(benchmark: Benchmark, values: Mapping[str, Any], **where: Any) -> Item:
    (item,) = items_of(benchmark, values, **where)
    return item


def boxed(answer: str) -> str:
    return f"<think>Let me see.</think>\nThe answer is \\boxed{{{answer}}}."


def scored(benchmark: Benchmark, item: Item, answer: str) -> float | None:
    """What the rules say of a boxed answer; None where they leave it to the judge."""
    said = benchmark.score(item, boxed(answer))
    assert said is None or isinstance(said, Scored)
    return None if said is None else said.score


def judged(benchmark: Benchmark, item: Item, response: str) -> Judgement:
    assert benchmark.judgement is not None
    return benchmark.judgement(item, response)


def path_of(item: Item) -> str:
    """Where the first image or video of an item lies."""
    return item.question.media[0].name.rpartition(", ")[2]
