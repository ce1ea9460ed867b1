"""From a dataset, however it is given, to questions that can be asked."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from zppo.config import DataConfig
from zppo.data.columns import Columns
from zppo.data.dropped import Dropped
from zppo.data.parsing import Parser
from zppo.data.questions import Filter, Questions, read
from zppo.data.sources import Opened, Wanted, open_source, rows_of

SPLIT = {"train": "train", "eval": "test"}


def read_questions(
    dataset: Any,
    config: DataConfig | None = None,
    filters: Sequence[Filter] = (),
    part: Literal["train", "eval"] = "train",
    answered: bool = True,
) -> tuple[Questions, list[Dropped]]:
    """The questions of a path, a pattern, a Hub name, a `datasets.Dataset`, rows or `Question`s, and what was dropped.

    `part` says which columns, split and configuration of `config` are meant. Unless `answered`, rows may be without an
    answer, which is then the empty text. Media are looked at by `filters` alone.
    Raises DataError for what cannot be read, or has hardly any question (see `zppo.data.questions.read`).
    """
    config = config if config is not None else DataConfig()
    mapped = config.columns if part == "train" or config.eval_columns is None else config.eval_columns
    if isinstance(dataset, str | Path):
        name, option = str(dataset), f"data.{part}"
        hub_config, split = getattr(config, f"{part}_config"), getattr(config, f"{part}_split")
        opened = open_source(Wanted(name, option, SPLIT[part], hub_config, split))
    else:
        name = f"{part}_dataset"
        opened = Opened(rows_of(dataset, name))
    parser = Parser(Columns.of(mapped, opened.usual), config, answered)
    return read(opened.rows, parser, filters, name)
