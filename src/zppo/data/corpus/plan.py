"""Content of the sources by sub-dataset, and its deviations. Reads no images."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from zppo.data.corpus.recipe import MMFINEREASON, VERO, Match, Recipe, config_matches
from zppo.data.corpus.schema import find_columns
from zppo.data.corpus.scoring import KNOWN
from zppo.data.corpus.sources import Repository, SourceFile
from zppo.errors import DataError, nearest

_NUMBERED = re.compile(r"-(\d+)-of-(\d+)\.parquet$")


@dataclass(frozen=True)
class Shard:
    """A Parquet file with rows for the corpus. `config`: its folder."""

    source: str
    config: str
    file: SourceFile


@dataclass(frozen=True)
class Layout:
    """Content of the file names. `configs`: match of each config (only Vero has configs of sub-datasets)."""

    shards: tuple[Shard, ...]
    configs: Mapping[str, Match]
    unexpected: tuple[str, ...]


@dataclass
class Contents:
    """Content of the files without their images: rows of each shard, and rows of each origin.

    `origins[source][name]` are the rows of a config or a source value; sources whose values were not read are in
    `unread`.
    """

    rows: dict[Shard, int] = field(default_factory=dict)
    origins: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    unread: set[str] = field(default_factory=set)
    unexpected: list[str] = field(default_factory=list)


def read_layout(recipe: Recipe, repositories: Mapping[str, Repository]) -> Layout:
    """Reads the layout from the file names. Raises DataError for a source without files to use."""
    shards: list[Shard] = []
    configs: dict[str, Match] = {}
    unexpected: list[str] = []
    for source, repository in repositories.items():
        files = [file for file in repository.files() if file.path.endswith(".parquet")]
        placed = {file: _place(recipe, source, file.path) for file in files}
        unexpected += [f"{source}: the file {f.path} is not one of the layout" for f, p in placed.items() if p is None]
        found = [Shard(source, place[0], f) for f, place in placed.items() if place and place[1] == "used"]
        if source == VERO:
            configs = {shard.config: recipe.match(VERO, shard.config) for shard in found}
            unexpected += _config_problems(recipe, configs)
            found = [shard for shard in found if configs[shard.config].name]
        if not found:
            expected = recipe.sources[source].files
            raise DataError(f"{repository.name}: there is no file of the corpus; the layout is {expected}")
        unexpected += _gaps(source, found)
        shards += found
    return Layout(tuple(shards), configs, tuple(unexpected))


def read_contents(
    recipe: Recipe, shards: Sequence[Shard], repositories: Mapping[str, Repository], workers: Executor
) -> Contents:
    """Reads the contents from footers, and from the columns of origins if these can be read without a download."""
    contents = Contents()
    problems: dict[str, list[str]] = defaultdict(list)
    read = workers.map(lambda shard: _read_shard(recipe, shard, repositories[shard.source]), shards)
    reward_types: Counter[str] = Counter()
    for shard, (rows, differences, values) in zip(shards, read, strict=True):
        contents.rows[shard] = rows
        for difference in differences:
            problems[f"{shard.source}: {difference}"].append(shard.file.path)
        if shard.source == VERO:
            contents.origins[VERO][shard.config] += rows
            reward_types.update(values or {})
        elif values is None:
            contents.unread.add(shard.source)
        else:
            contents.origins[shard.source].update(values)
    contents.unexpected += [f"{problem} (in {_some(paths)})" for problem, paths in problems.items()]
    contents.unexpected += [
        f"{VERO}: the reward type {kind!r} is not known ({rows:,} rows)"
        for kind, rows in sorted(reward_types.items())
        if kind.strip().lower() not in KNOWN
    ]
    contents.unexpected += _value_problems(recipe, contents)
    return contents


@contextmanager
def readable(where: str) -> Iterator[None]:
    """Raises DataError naming the file if the block reads a damaged Parquet file or texts that are not UTF-8."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{where}: not a readable Parquet file ({error}); fetch it again") from error


def open_parquet(file: BinaryIO) -> pq.ParquetFile:
    return pq.ParquetFile(file, buffer_size=1 << 20, pre_buffer=False)


def _place(recipe: Recipe, source: str, path: str) -> tuple[str, str] | None:
    """Folder and split use of a file; None for a file outside the layout."""
    facts = recipe.sources[source]
    pattern = re.escape(facts.files).replace(r"\{config\}", r"(?P<config>[^/]+)").replace(r"\*", "[^/]*")
    match = re.fullmatch(pattern.replace(r"\{split\}", "(?P<split>[A-Za-z]+)"), path)
    if match is None or match["split"] not in facts.splits:
        return None
    return match.groupdict().get("config", "") or "", facts.splits[match["split"]]


def _config_problems(recipe: Recipe, configs: Mapping[str, Match]) -> list[str]:
    problems: list[str] = []
    for config, match in configs.items():
        claimed = " and ".join([*match.names, *["the unused ones"] * match.unused])
        if not match.names and not match.unused:
            problems.append(f"{VERO}: the config {config} is not in the recipe")
        elif len(match.names) + match.unused > 1:
            problems.append(f"{VERO}: the config {config} belongs to {claimed}")
    for name in recipe.expected(VERO):
        for pattern in recipe.sub_datasets[name].vero:
            hits = [c for c, match in configs.items() if name in match.names and config_matches(pattern, c)]
            if not hits:
                problems.append(f"{VERO}: {name} has no config {pattern}{nearest(pattern, configs)}")
            elif len(hits) > 1:
                problems.append(f"{VERO}: {name} has several configs {pattern}: {', '.join(hits)}")
    return problems


def _gaps(source: str, shards: Iterable[Shard]) -> list[str]:
    """Missing shards among those numbered 0 to n-1 of n."""
    numbers: dict[tuple[str, int], set[int]] = defaultdict(set)
    for shard in shards:
        match = _NUMBERED.search(shard.file.path)
        if match:
            numbers[shard.config, int(match[2])].add(int(match[1]))
    return [
        f"{source}: {len(set(range(count)) - there)} of {count} shards{f' of {config}' if config else ''} are missing"
        for (config, count), there in numbers.items()
        if set(range(count)) - there
    ]


def _read_shard(
    recipe: Recipe, shard: Shard, repository: Repository
) -> tuple[int, tuple[str, ...], Counter[str] | None]:
    """Rows, differences of the columns, and the rows of each source value or reward type (None if not read)."""
    where = f"{repository.name}/{shard.file.path}"
    with repository.open(shard.file) as file, readable(where):
        parquet = open_parquet(file)
        columns = find_columns(parquet.schema_arrow, recipe.sources[shard.source])
        wanted = "extra_info.reward_type" if shard.source == VERO else "source"
        values: Counter[str] | None = None
        if repository.local and wanted in columns.paths:
            values = Counter()
            for batch in parquet.iter_batches(columns=[columns.paths[wanted]]):
                values.update(str(value) for value in _leaf(batch, wanted).to_pylist())
        return parquet.metadata.num_rows, columns.problems, values


def _leaf(batch: pa.RecordBatch, dotted: str) -> pa.Array:
    top, *inner = dotted.split(".")
    column = batch.column(top)
    for name in inner:
        column = column.field(name)
    return column


def _value_problems(recipe: Recipe, contents: Contents) -> list[str]:
    values = contents.origins[MMFINEREASON]
    matches = {value: recipe.match(MMFINEREASON, value) for value in values}
    problems: list[str] = []
    for value, match in sorted(matches.items()):
        claimed = " and ".join([*match.names, *["the unused ones"] * match.unused])
        if not match.names and not match.unused:
            problems.append(f"{MMFINEREASON}: the source {value!r} ({values[value]:,} rows) is not in the recipe")
        elif len(match.names) + match.unused > 1:
            problems.append(f"{MMFINEREASON}: the source {value!r} ({values[value]:,} rows) belongs to {claimed}")
    if MMFINEREASON not in contents.unread:
        there = {match.name for match in matches.values()}
        missing = [name for name in recipe.expected(MMFINEREASON) if name not in there]
        problems += [f"{MMFINEREASON}: no source value belongs to {name}" for name in missing]
    return problems


def _some(paths: Sequence[str]) -> str:
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more files"
