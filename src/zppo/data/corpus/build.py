"""The build, step by step. An interrupted build resumes and gives the same result."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tqdm import tqdm

from zppo.data.corpus.assembly import assemble
from zppo.data.corpus.files import atomic, held
from zppo.data.corpus.gather import Part, Records, gather
from zppo.data.corpus.manifest import describe, write_excluded, write_manifest
from zppo.data.corpus.outline import Plan, refuse_unexpected
from zppo.data.corpus.plan import Layout, Shard, read_contents, read_layout
from zppo.data.corpus.recipe import Recipe
from zppo.data.corpus.scan import Examiner, scan
from zppo.data.corpus.selection import Selection, select
from zppo.data.corpus.sources import FetchedCopy, Repository
from zppo.errors import ConfigError, DataError

Say = Callable[[str], None]
"""Prints a line of progress."""
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Build:
    """A build into the folder `out`.

    `settings` are all options that determine the result; a folder holds the result of one set of them.
    `workers`: threads; each processes one shard, with a batch of its rows in memory.
    """

    out: Path
    repositories: Mapping[str, Repository]
    examiner: Examiner
    settings: Mapping[str, Any]
    accept_unexpected: bool = False
    workers: int = 1
    say: Say = print

    @property
    def recipe(self) -> Recipe:
        return self.examiner.recipe

    @property
    def work(self) -> Path:
        """Folder of the files of an unfinished build."""
        return self.out / ".build"

    @property
    def data(self) -> Path:
        """Folder of the shards."""
        return self.out / "data"


def look(recipe: Recipe, repositories: Mapping[str, Repository], workers: int = 1) -> Plan:
    """Plan of a build, without a download: from a Hub repository only names and footers are read."""
    layout = read_layout(recipe, repositories)
    with ThreadPoolExecutor(workers) as pool:
        return Plan(recipe, layout, read_contents(recipe, layout.shards, repositories, pool))


def run(build: Build) -> Path:
    """Builds the corpus, or the rest of it, and returns the path of its manifest.

    Raises DataError for sources that cannot be read or are not as expected and for a finished corpus with missing
    shards, ConfigError for a folder with a corpus of other settings, or with shards but no record of their settings.
    """
    manifest = build.out / "manifest.json"
    with held(build.work):
        layout = read_layout(build.recipe, build.repositories)
        refuse_unexpected(layout.unexpected, build.accept_unexpected)
        files = [[shard.source, shard.file.path, shard.file.size] for shard in layout.shards]
        if _is_finished(build, manifest, files):
            build.say(f"{build.out} is complete")
        else:
            _take_up(build, files)
            with ThreadPoolExecutor(build.workers) as pool:
                _build(build, layout, pool, manifest)
        shutil.rmtree(build.work)
    return manifest


def _build(build: Build, layout: Layout, pool: Executor, manifest: Path) -> None:
    paths = _fetch(build, layout, pool)
    copies = {source: FetchedCopy(repository) for source, repository in build.repositories.items()}
    plan = Plan(build.recipe, layout, read_contents(build.recipe, layout.shards, copies, pool))
    refuse_unexpected(plan.unexpected, build.accept_unexpected)
    indexes = _scan(build, layout, paths, pool)
    selection = select(build.recipe, [shard.source for shard in layout.shards], indexes)
    parts = _gather(build, layout, paths, selection, pool)
    records = Records(parts)
    if not len(records):
        raise DataError("no row of the sources passes the checks; --dry-run and .build/index say what is there")
    build.say(f"writing {len(records):,} rows")
    shards = assemble(records, build.data)
    write_excluded(layout.shards, selection, indexes, build.out / "excluded.jsonl")
    write_manifest(describe(plan, selection, indexes, build.settings, shards), manifest)


def _is_finished(build: Build, manifest: Path, files: Sequence[Any]) -> bool:
    if not manifest.exists():
        return False
    built = json.loads(manifest.read_text("utf-8"))
    of_files = [[file["source"], file["path"], file["bytes"]] for file in built["source_files"]]
    _compare(build, built["settings"] | {"files": of_files}, files, "a corpus")
    for shard in built["shards"]:
        path = build.out / shard["path"]
        if not path.is_file() or path.stat().st_size != shard["bytes"]:
            raise DataError(
                f"{path}: the shard is missing, or is not of the {shard['bytes']:,} bytes that {manifest.name} says; "
                f"remove {manifest} and {build.data} to build the corpus again"
            )
    return True


def _take_up(build: Build, files: Sequence[Any]) -> None:
    """Records sources and settings, or checks that those of the unfinished build are equal."""
    state = build.work / "settings.json"
    if state.exists():
        _compare(build, json.loads(state.read_text("utf-8")), files, "an unfinished corpus")
        build.say("continuing")
    elif build.data.exists() and any(build.data.iterdir()):
        raise ConfigError(
            f"{build.data} holds files, and neither a manifest nor an unfinished build says what they are; "
            "remove it or choose another --out"
        )
    with atomic(state) as temporary:
        temporary.write_text(json.dumps({**build.settings, "files": files}))


def _compare(build: Build, there: Mapping[str, Any], files: Sequence[Any], what: str) -> None:
    wanted = json.loads(json.dumps({**build.settings, "files": files}))
    other = [name for name in wanted if there.get(name) != wanted[name]]
    if other:
        name = other[0]
        values = "" if name == "files" else f" ({there.get(name)!r}, not {wanted[name]!r})"
        raise ConfigError(f"{build.out} holds {what} with other {name}{values}; remove it or choose another --out")


def _fetch(build: Build, layout: Layout, pool: Executor) -> list[Path]:
    def fetch(shard: Shard) -> Path:
        return build.repositories[shard.source].fetch(shard.file)

    return _each(pool, "fetching", fetch, layout.shards)


def _scan(build: Build, layout: Layout, paths: Sequence[Path], pool: Executor) -> list[Path]:
    folder = build.work / "index"
    folder.mkdir(exist_ok=True)
    indexes = [folder / f"{number:05}.parquet" for number in range(len(paths))]

    def examine(number: int) -> None:
        if not indexes[number].exists():
            scan(build.examiner, layout.shards[number], paths[number], indexes[number])

    _each(pool, "examining", examine, range(len(paths)))
    return indexes


def _gather(build: Build, layout: Layout, paths: Sequence[Path], selection: Selection, pool: Executor) -> list[Part]:
    folder = build.work / "parts"
    folder.mkdir(exist_ok=True)
    parts = [Part(folder / f"{number:05}.records", folder / f"{number:05}.parquet") for number in range(len(paths))]

    def fetch_rows(number: int) -> None:
        if not parts[number].index.exists():
            chosen = selection.chosen(number)
            gather(build.examiner, layout.shards[number], paths[number], chosen, parts[number])

    _each(pool, "gathering", fetch_rows, range(len(paths)))
    return parts


def _each(pool: Executor, doing: str, work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """The results in order. The first error ends the build and cancels work that has not started."""
    futures = [pool.submit(work, item) for item in items]
    try:
        return [future.result() for future in tqdm(futures, doing, unit="shard", disable=None)]
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
