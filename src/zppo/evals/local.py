"""Rows of a local folder: `DIR/<slug>` in the layout of the benchmark's repository on the Hub, or a plainer one."""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from zppo.data.lines import json_rows
from zppo.errors import DataError, nearest
from zppo.evals.benchmark import Benchmark
from zppo.evals.files import Folder

SUFFIXES = (".parquet", ".jsonl", ".csv")
ROWS_AT_ONCE = 64


class LocalRows:
    """Parquet, JSONL or CSV files of each config and split.

    Where they lie is told by the `configs` of a README.md, as the Hub has it. Without one they are
    `<config>/<split>` or `data/<config>/<split>` with one of the suffixes or with `-00000-of-00001` and so on before
    it, where the part `<config>/` may be missing if there is only one config; or `<config>` if there is only one split.
    """

    def __init__(self, benchmark: Benchmark, folder: Path, unpacked: Path) -> None:
        """Raises DataError when there is no `folder/<slug>`, naming a folder that looks like it."""
        self.root = folder / benchmark.slug
        if not self.root.is_dir():
            there = [path.name for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
            close = nearest(benchmark.slug, there) if there else "; there is no folder in it"
            raise DataError(f"{benchmark.slug}: {self.root} is not there{close}")
        self.files = Folder(self.root, unpacked)
        self._data = benchmark.data
        self._card = _card(self.root / "README.md")

    def part(self, config: str, split: str) -> Iterator[Mapping[str, Any]]:
        for path in self._shards(config, split):
            yield from read_file(path)

    def _shards(self, config: str, split: str) -> list[Path]:
        patterns = self._card.get((config, split), [])
        named = [path for pattern in patterns for path in sorted(self.root.glob(pattern))]
        found = named or self._by_name(config, split)
        if not found:
            looked = ", ".join(f"{folder}{stem}" for folder, stem in self._places(config, split))
            raise DataError(f"{self.root}: no file of {config}/{split}; looked for {looked} ({', '.join(SUFFIXES)})")
        return found

    def _by_name(self, config: str, split: str) -> list[Path]:
        for folder, stem in self._places(config, split):
            shard = re.compile(rf"{re.escape(stem)}(-\d+(-of-\d+)?)?({'|'.join(map(re.escape, SUFFIXES))})")
            files = (self.root / folder).glob("*") if (self.root / folder).is_dir() else ()
            found = sorted(path for path in files if shard.fullmatch(path.name))
            if found:
                return found
        return []

    def _places(self, config: str, split: str) -> list[tuple[str, str]]:
        """Folder and file name without its end."""
        places = [(f"{config}/", split), (f"data/{config}/", split)]
        if len(self._data.configs) == 1:
            places += [("", split), ("data/", split)]
        if len(self._data.splits) == 1:
            places += [("", config), ("data/", config)]
        return places


def read_file(path: Path) -> Iterator[Mapping[str, Any]]:
    """The rows of one file. Raises DataError naming it."""
    if path.suffix == ".parquet":
        try:
            for batch in pq.ParquetFile(path).iter_batches(ROWS_AT_ONCE):
                yield from batch.to_pylist()
        except (OSError, pa.ArrowException) as error:
            raise DataError(f"{path}: not a Parquet file that can be read ({error})") from error
    elif path.suffix == ".jsonl":
        for number, row in json_rows(path):
            if not isinstance(row, dict):
                raise DataError(f"{path}, row {number}: a row is an object, not {json.dumps(row)[:60]}")
            yield row
    else:
        try:
            with path.open(newline="", encoding="utf-8-sig") as file:
                yield from csv.DictReader(file, strict=True)
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise DataError(f"{path}: not a CSV file that can be read ({error})") from error


def _card(path: Path) -> dict[tuple[str, str], list[str]]:
    """Patterns of data files by config and split, from the head of a dataset card; empty without one."""
    text = path.read_text("utf-8", errors="replace") if path.is_file() else ""
    head = re.match(r"---\r?\n(.*?)\r?\n---", text, re.DOTALL)
    try:
        card = yaml.safe_load(head[1]) if head else {}
    except yaml.YAMLError as error:
        raise DataError(f"{path}: its head is not YAML ({error})") from error
    configs = card.get("configs") if isinstance(card, dict) else None
    found: dict[tuple[str, str], list[str]] = {}
    try:
        for entry in configs or []:
            for files in entry.get("data_files") or []:
                if isinstance(files, dict):
                    found[entry["config_name"], files["split"]] = _patterns(files["path"])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        form = "configs with a config_name, and data_files with a split and a path"
        raise DataError(f"{path}: its head should list {form} ({type(error).__name__}: {error})") from error
    return found


def _patterns(paths: Any) -> list[str]:
    """One pattern or several. Raises ValueError for what leads out of the folder."""
    patterns = [Path(pattern) for pattern in (paths if isinstance(paths, list) else [paths])]
    for pattern in patterns:
        if pattern.is_absolute() or ".." in pattern.parts or not pattern.parts:
            raise ValueError(f"{str(pattern)!r} is no path inside the folder")
    return list(map(str, patterns))
