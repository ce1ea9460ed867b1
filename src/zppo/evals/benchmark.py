"""What a benchmark says of itself: where its rows lie, how a row becomes questions, how a response is scored.

A benchmark is a value of `Benchmark`, one small file each in `benchmarks/`. It knows no engine and no judge: `score`
is its rules, `judgement` is what to ask of a judge about a response that the rules leave open. `protocols.py` puts the
two together, `source.py` finds the rows, `runner.py` does the rest.
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
one's own, as `own_rows.py` scores them."""


class Files(Hashable, Protocol):
    """The files beside the rows: videos, subtitles, frames. Members of archives are found like files."""

    def find(self, name: str) -> Path | None:
        """A local file for a path in the layout of the data's repository; None when there is none."""
        ...

    def names(self, folder: str) -> Sequence[str]:
        """Paths of all files under a folder, sorted; empty when there is none. "" is the repository itself."""
        ...


class NoFiles:
    def find(self, name: str) -> Path | None:
        return None

    def names(self, folder: str) -> Sequence[str]:
        return ()


@dataclass(frozen=True)
class Row:
    """One row. Images in `values` are undecoded: `{"bytes": ..., "path": ...}`; a relative path stands in `files`."""

    values: Mapping[str, Any]
    index: int
    """From 0, within config and split."""
    config: str
    split: str
    where: str
    """For messages: benchmark, config, split and row."""
    files: Files = field(default_factory=NoFiles, repr=False)
    frames: int = 64
    """Most frames taken from a video, evenly spread over it."""
    fps: float = 2.0
    """Most frames taken per second of a video."""

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
    """One thing to ask: a question, with its gold in the form that the benchmark scores.

    The question's text has no upstream format instructions and no closer; its id is unique in the benchmark and stays
    the same whatever rows are left out. Its `answer` is the gold as a person (or a judge) would read it.
    """

    question: Question
    gold: Any
    group: Mapping[str, str] = field(default_factory=dict)
    """What the aggregate goes by: category, subject, config, axis, variant, ..."""
    turns: Sequence[Mapping[str, str]] = ()
    """Earlier turns of a conversation, `role` (user or assistant) and `content`; the question is the last user turn."""


@dataclass(frozen=True)
class Scored:
    """`score` in 0..1; None means unscored, which is left out of the aggregate and counted, never a zero."""

    score: float | None
    reason: str
    """How it was decided, such as `exact: letter`, `no box`, `judge: correct`."""
    extracted: str | None = None
    """What was read as the final answer."""


@dataclass(frozen=True)
class Judgement:
    """What is asked of a judge about one response: `template` (a name in `judge_templates/`), filled with `values`."""

    template: str
    values: Mapping[str, str]
    read: Callable[[str], float | None]
    """Score (0..1) from the reply, thoughts removed; None for a malformed reply, which counts as wrong and is
    counted. Where the benchmark's own rule says otherwise, it returns what that rule says."""
    extracted: str | None = None


@dataclass(frozen=True)
class Data:
    """Where the rows come from: every split of every config."""

    hub_ids: tuple[str, ...]
    """The id on the Hub, then its aliases, which are tried in order."""
    splits: tuple[str, ...]
    columns: Mapping[str, str]
    """Required columns and their kinds, such as `str`, `int|str`, `list`, `image|null`; see `source.KINDS`. What
    differs is a DataError naming benchmark, column, what was expected and what was found."""
    configs: tuple[str, ...] = ("default",)
    config_columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Columns of a config that has others than `columns`: these replace them all."""
    files: tuple[str, ...] = ()
    """Patterns of further files to fetch from the Hub, such as `videos_chunked_*.zip` or `videos/*/*.mp4`."""
    gated: bool = False
    """Terms must be accepted on the Hub, and a token set."""
    revision: str | None = None
    """The commit on the Hub that is read, where the data are known to change; None for the newest."""
    scripted: bool = False
    """Made for a loading script, which `datasets` no longer runs: where the repository holds nothing else, the Hub's
    own conversion of it to Parquet is read."""
    rows: int | None = None
    """How many there should be, all configs and splits together; a difference is told, not refused."""
    unverified: tuple[str, ...] = ()
    """What nobody has checked against the real data; quoted when the data turn out to differ."""


def mean(scores: Sequence[tuple[Item, float]]) -> Mapping[str, float]:
    """The plain mean over items, in percent."""
    return {"score": 100 * fmean(score for _, score in scores)}


@dataclass(frozen=True)
class Benchmark:
    slug: str
    """On the command line, in file names and in `DIR/<slug>` of local data: lower-case letters, digits and `_`."""
    abbr: str
    """The paper's column, as in `data/paper_results.csv`."""
    name: str
    family: Family
    protocol: Scoring
    data: Data
    items: Callable[[Row], Sequence[Item]]
    """A row may give several items, or none. Raises DataError, beginning with `row.where`, for what it cannot use."""
    score: Callable[[Item, str], Scored | None]
    """The rules. None leaves the response to the judge; a `deterministic` benchmark never returns None, a
    `bench_judge` one may always."""
    judgement: Callable[[Item, str], Judgement] | None = None
    """None: the template `answer` compares the response with `question.answer` (`protocols.compare`)."""
    aggregate: Callable[[Sequence[tuple[Item, float]]], Mapping[str, float]] = mean
    """From the scored items (at least one) to `score` in 0..100, and other numbers under names of their own."""
    extract: Callable[[str], str | None] = last_boxed
    """Finds the final answer; `Outcome.no_box` counts the responses without."""
    rows: Rows | None = None
    """Rows that are at hand, instead of those of the Hub or a folder."""
