"""Description of a benchmark: its data, the questions of a row, and the score of a response.

A benchmark is a value of `Benchmark`, one small file each in `benchmarks/`. It is independent of engines and judges:
`score` holds its rules, `judgement` the request to a judge about a response that the rules do not decide.
`protocols.py` combines the two, `source.py` finds the rows, `runner.py` does the rest.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any, Literal, Protocol

from zppo.errors import DataError
from zppo.rewards.boxed import last_boxed
from zppo.types import Question

Family = Literal["vlm", "llm", "video", "own"]
FAMILIES: tuple[Family, ...] = ("vlm", "llm", "video")
Scoring = Literal["exact+judge", "rule+judge", "deterministic", "bench_judge", "training"]
"""Protocols of method section 11. The first two: rules first, a judge where they decide nothing. `training`: rows of
the user, scored by `own_rows.py`."""


class Files(Hashable, Protocol):
    """The files beside the rows: videos, subtitles, frames. Members of archives are found like files."""

    def find(self, name: str) -> Path | None:
        """A local file for a path in the layout of the data's repository; None if there is none."""
        ...

    def names(self, folder: str) -> Sequence[str]:
        """Paths of all files under a folder, sorted; empty if there is none. "" is the repository itself."""
        ...


class NoFiles:
    def find(self, name: str) -> Path | None:
        return None

    def names(self, folder: str) -> Sequence[str]:
        return ()


@dataclass(frozen=True)
class Row:
    """One row. Images in `values` are undecoded: `{"bytes": ..., "path": ...}`; a relative path refers to `files`."""

    values: Mapping[str, Any]
    index: int
    """Index from 0, within config and split."""
    config: str
    split: str
    where: str
    """Name for messages: benchmark, config, split and row."""
    files: Files = field(default_factory=NoFiles, repr=False)
    frames: int = 64
    """Maximum number of frames of a video, evenly spaced."""
    fps: float = 2.0
    """Maximum number of frames per second of a video."""

    def __getitem__(self, column: str) -> Any:
        return self.values[column]

    def file(self, name: str) -> Path:
        """A local file for a path in the repository's layout. Raises DataError when it is missing."""
        path = self.files.find(name)
        if path is None:
            raise DataError(f"{self.where}: the file {name!r} is missing from the benchmark's data")
        return path


class Rows(Protocol):
    """The rows of a benchmark, part by part, and the files beside them."""

    @property
    def files(self) -> Files: ...

    def part(self, config: str, split: str) -> Iterator[Mapping[str, Any]]: ...


@dataclass(frozen=True)
class Item:
    """One item of a benchmark: a question, with its gold in the form that the benchmark scores.

    The question's text has no upstream format instructions and no closer; its id is unique in the benchmark and stays
    the same when other rows are skipped. Its `answer` is the gold in readable form, for a person or a judge.
    """

    question: Question
    gold: Any
    group: Mapping[str, str] = field(default_factory=dict)
    """Groups of the aggregate: category, subject, config, axis, variant, ..."""
    turns: Sequence[Mapping[str, str]] = ()
    """Earlier turns of a conversation, `role` (user or assistant) and `content`; the question is the last user turn."""


@dataclass(frozen=True)
class Scored:
    """`score` in 0..1; None means unscored, which is excluded from the aggregate and counted, never a zero."""

    score: float | None
    reason: str
    """Reason of the score, such as `exact: letter`, `no box`, `judge: correct`."""
    extracted: str | None = None
    """The final answer that was extracted."""


@dataclass(frozen=True)
class Judgement:
    """A request to a judge about one response: `template` (a name in `judge_templates/`), filled with `values`."""

    template: str
    values: Mapping[str, str]
    read: Callable[[str], float | None]
    """Score (0..1) from the reply, thoughts removed; None for a malformed reply, which counts as wrong and is
    counted. Where the benchmark has its own rule for malformed replies, its score is returned."""
    extracted: str | None = None


@dataclass(frozen=True)
class Data:
    """Source of the rows: every split of every config."""

    hub_ids: tuple[str, ...]
    """The id on the Hub, then its aliases, which are tried in order."""
    splits: tuple[str, ...]
    columns: Mapping[str, str]
    """Required columns and their kinds, such as `str`, `int|str`, `list`, `image|null`; see `source.KINDS`. If one
    differs, DataError names benchmark, column, expected and found kind."""
    configs: tuple[str, ...] = ("default",)
    config_columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Columns of a config that differ from `columns`: these replace them all."""
    files: tuple[str, ...] = ()
    """Patterns of further files to fetch from the Hub, such as `videos_chunked_*.zip` or `videos/*/*.mp4`."""
    gated: bool = False
    """True if terms must be accepted on the Hub, and a token set."""
    revision: str | None = None
    """The commit on the Hub to read, for data known to change; None for the newest."""
    scripted: bool = False
    """True if the data need a loading script, which `datasets` no longer runs. If the repository has nothing else, the
    Hub's own conversion to Parquet is read."""
    rows: int | None = None
    """Expected number of rows, all configs and splits together; a difference is reported, not refused."""
    unverified: tuple[str, ...] = ()
    """Assumptions not checked against the real data; quoted when the data differ."""


def mean(scores: Sequence[tuple[Item, float]]) -> Mapping[str, float]:
    """The plain mean over items, in percent."""
    return {"score": 100 * fmean(score for _, score in scores)}


@dataclass(frozen=True)
class Benchmark:
    slug: str
    """Name on the command line, in file names and in `DIR/<slug>` of local data: lower-case letters, digits and `_`."""
    abbr: str
    """Column name in the paper, as in `data/paper_results.csv`."""
    name: str
    family: Family
    protocol: Scoring
    data: Data
    items: Callable[[Row], Sequence[Item]]
    """Items of a row: several, one or none. Raises DataError, beginning with `row.where`, for an unusable row."""
    score: Callable[[Item, str], Scored | None]
    """The rules. None passes the response to the judge; a `deterministic` benchmark never returns None, a
    `bench_judge` one may always."""
    judgement: Callable[[Item, str], Judgement] | None = None
    """The request to a judge; None: template `answer` compares with `question.answer` (`protocols.compare`)."""
    aggregate: Callable[[Sequence[tuple[Item, float]]], Mapping[str, float]] = mean
    """Aggregate of the scored items (at least one): `score` in 0..100, and other numbers under their own names."""
    extract: Callable[[str], str | None] = last_boxed
    """Extractor of the final answer; `Outcome.no_box` counts the responses without one."""
    rows: Rows | None = None
    """Rows in memory, instead of those of the Hub or a folder."""
