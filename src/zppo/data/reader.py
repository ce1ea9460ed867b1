"""From a dataset, however it is given, to questions that can be asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from zppo.config import DataConfig
from zppo.data.dropped import Dropped
from zppo.data.layouts import LOOKED_AT, Layout, recognised
from zppo.data.parsing import Parser
from zppo.data.questions import Filter, Questions, read
from zppo.data.rows import Rows
from zppo.data.sources import Opened, Wanted, open_source, rows_of

SPLIT = {"train": "train", "eval": "test"}
PartOfData = Literal["train", "eval"]


@dataclass(frozen=True)
class Data:
    """Rows, and how they are read. `name` stands in messages."""

    name: str
    rows: Rows
    layout: Layout
    parser: Parser


def open_data(dataset: Any, config: DataConfig, part: PartOfData = "train", answered: bool = True) -> Data:
    """What `read_questions` reads, its layout recognised by its first rows. Raises DataError likewise."""
    mapped = config.columns if part == "train" or config.eval_columns is None else config.eval_columns
    if isinstance(dataset, str | Path):
        name, option = str(dataset), f"data.{part}"
        hub_config, split = getattr(config, f"{part}_config"), getattr(config, f"{part}_split")
        opened = open_source(Wanted(name, option, SPLIT[part], hub_config, split))
    else:
        name = f"{part}_dataset"
        opened = Opened(rows_of(dataset, name))
    first = islice(opened.rows, LOOKED_AT) if len(opened.rows) else ()
    layout, columns = recognised(first, mapped, opened.usual, name)
    return Data(name, opened.rows, layout, Parser(columns, config, answered))


def read_questions(
    dataset: Any,
    config: DataConfig | None = None,
    filters: Sequence[Filter] = (),
    part: PartOfData = "train",
    answered: bool = True,
) -> tuple[Questions, list[Dropped]]:
    """The questions of a path, a pattern, a Hub name, a `datasets.Dataset`, rows or `Question`s, and what was dropped.

    `part` says which columns, split and configuration of `config` are meant. Unless `answered`, rows may be without an
    answer, which is then the empty text. Media are looked at by `filters` alone.
    Raises DataError for what cannot be read, or has hardly any question (see `zppo.data.questions.read`).
    """
    data = open_data(dataset, config if config is not None else DataConfig(), part, answered)
    return read(data.rows, data.parser, filters, data.name)
