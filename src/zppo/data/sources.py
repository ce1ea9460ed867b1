"""Where rows come from: file, pattern, folder, Hub name or Python object -> **rows**."""

import glob
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datasets import Dataset, DatasetDict, IterableDatasetDict, load_dataset, load_from_disk

from zppo.data.arrays import json_file
from zppo.data.lines import CsvRows, JsonRows
from zppo.data.parquet import parquet_rows, said
from zppo.data.rows import ArrowRows, FileRows, ListRows, Part, Rows, TextRows
from zppo.errors import DataError, nearest

LINES: Mapping[str, Callable[[Path], TextRows]] = {
    ".jsonl": JsonRows,
    ".ndjson": JsonRows,
    ".json": json_file,
    ".csv": CsvRows,
}
SUFFIXES = (".parquet", *LINES)
SPLITS = {"train": "train", "test": "test", "validation": "validation", "val": "validation", "dev": "validation"}
"""Words in the names of shards that say which split they belong to."""
_WORD = re.compile(r"[A-Za-z]+")
_HUB_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")


@dataclass(frozen=True)
class Wanted:
    """A source as the options name it: `option` stands in messages, `default` is the split if none is named."""

    name: str
    option: str
    default: str
    config: str | None = None
    split: str | None = None


@dataclass(frozen=True)
class Opened:
    """Rows, and the columns in which they differ from what is usual."""

    rows: Rows
    usual: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def open_source(wanted: Wanted) -> Opened:
    """The rows that a path, a pattern or a Hub name stands for.

    Raises DataError for what is not there, cannot be read, or has no such configuration or split.
    """
    path = Path(wanted.name)
    if os.path.isdir(path):
        return _folder(path, wanted)
    if os.path.isfile(path):
        return Opened(_whole([path], wanted))
    if glob.has_magic(wanted.name):
        found = sorted(Path(each) for each in glob.glob(wanted.name, recursive=True) if os.path.isfile(each))
        if not found:
            raise DataError(f"{wanted.option}: no file matches {wanted.name}")
        return Opened(_whole(found, wanted, Path(os.path.commonpath([file.parent for file in found]))))
    if path.suffix in SUFFIXES or not _HUB_NAME.fullmatch(wanted.name):
        raise DataError(f"{wanted.name}: there is no such data file")
    return Opened(_hub(wanted))


def rows_of(dataset: Any, name: str) -> Rows:
    """The rows of a dataset given in Python: a `datasets.Dataset`, or any iterable of rows. Raises DataError."""
    if isinstance(dataset, Dataset):
        return ArrowRows(dataset, [Part(name, len(dataset))])
    if isinstance(dataset, DatasetDict | IterableDatasetDict):
        raise DataError(f"{name} holds the splits {', '.join(dataset)}; pass one of them, such as dataset['train']")
    if isinstance(dataset, Mapping) or not isinstance(dataset, Iterable):
        raise DataError(f"{name} is {type(dataset).__name__}; pass a dataset, or a list of rows")
    return ListRows(dataset if isinstance(dataset, Sequence) else list(dataset), name)


def _folder(path: Path, wanted: Wanted) -> Opened:
    """A saved dataset, an image folder, or shards."""
    if any((path / file).is_file() for file in ("state.json", "dataset_dict.json")):
        return Opened(_saved(path, wanted))
    split = wanted.split or wanted.default
    for folder in (path, path / split):
        for file in ("metadata.jsonl", "metadata.csv"):
            if (folder / file).is_file():
                _no_config(wanted)
                if folder == path:
                    _no_split(wanted)
                return Opened(_files([folder / file]), {"images": ("images", "image", "file_name", "file_names")})
    for suffix in SUFFIXES:
        shards = sorted(file for file in path.rglob(f"*{suffix}") if file.is_file() and not _hidden(file, path))
        if shards:
            return Opened(_files(_of_split(shards, path, wanted), path))
    known = ", ".join(f"*{suffix}" for suffix in SUFFIXES)
    raise DataError(f"{path}: a data folder holds {known}, a metadata.jsonl beside images, or a saved dataset")


def _of_split(shards: Sequence[Path], folder: Path, wanted: Wanted) -> list[Path]:
    """The shards of the wanted split, if their names tell splits apart."""
    by_split: dict[str | None, list[Path]] = defaultdict(list)
    for shard in shards:
        words = _WORD.findall(str(shard.relative_to(folder).with_suffix("")).lower())
        by_split[next((SPLITS[word] for word in reversed(words) if word in SPLITS), None)].append(shard)
    _no_config(wanted)
    if list(by_split) == [None]:
        _no_split(wanted)
        return list(shards)
    split = wanted.split or wanted.default
    if split not in by_split:
        there = ", ".join(sorted(name or "(no split)" for name in by_split))
        raise DataError(f"{folder} has no files of split {split!r}, but of {there}; set {wanted.option}_split")
    return by_split[split]


def _whole(files: Sequence[Path], wanted: Wanted, folder: Path | None = None) -> Rows:
    _no_config(wanted)
    _no_split(wanted)
    return _files(files, folder)


def _files(files: Sequence[Path], folder: Path | None = None) -> Rows:
    """Rows of files of one kind. With a `folder`, shards are called by their path in it."""
    suffixes = {file.suffix for file in files}
    if len(suffixes) > 1 or not suffixes <= set(SUFFIXES):
        known = ", ".join(SUFFIXES)
        raise DataError(f"{files[0]}: data files are of one kind ({known}), not {', '.join(sorted(suffixes))}")
    shards = [str(file.relative_to(folder)) if folder is not None else "" for file in files]
    suffix = suffixes.pop()
    if suffix == ".parquet":
        return parquet_rows(files, shards)
    try:
        return FileRows([LINES[suffix](file) for file in files], shards)
    except OSError as error:
        raise DataError(f"{files[0]}: cannot be read ({error})") from error


def _saved(path: Path, wanted: Wanted) -> Rows:
    _no_config(wanted)
    try:
        dataset = load_from_disk(str(path))
    except Exception as error:  # a damaged folder may make it raise anything
        raise DataError(f"{path}: a saved dataset that cannot be loaded ({said(error)})") from error
    if isinstance(dataset, Dataset):
        _no_split(wanted)
        return ArrowRows(dataset, [Part(str(path), len(dataset), path)])
    split = wanted.split or wanted.default
    if split not in dataset:
        raise DataError(f"{path}: there is no split {split!r}{nearest(split, dataset)}; set {wanted.option}_split")
    return ArrowRows(dataset[split], [Part(f"{path}, {split}", len(dataset[split]), path)])


def _hub(wanted: Wanted) -> Rows:
    split = wanted.split or wanted.default
    try:
        dataset = load_dataset(wanted.name, wanted.config, split=split)
    except Exception as error:  # no network, no such dataset, configuration or split, or a damaged one
        raise DataError(
            f"{wanted.option}: {wanted.name} is no file or folder here, and as a dataset on the Hub (configuration "
            f"{wanted.config or 'default'}, split {split}) it cannot be loaded ({said(error)})"
        ) from error
    return ArrowRows(dataset, [Part(f"{wanted.name}, {split}", len(dataset))])


def _no_config(wanted: Wanted) -> None:
    if wanted.config is not None:
        raise DataError(f"{wanted.option}_config is {wanted.config!r}, but {wanted.name} is no Hub name; leave it out")


def _no_split(wanted: Wanted) -> None:
    if wanted.split is not None:
        raise DataError(f"{wanted.option}_split is {wanted.split!r}, but {wanted.name} has no splits; leave it out")


def _hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith((".", "_")) for part in file.relative_to(folder).parts)
