"""Rows of a dataset on the Hub: the benchmark's id or the first of its aliases that can be read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
from huggingface_hub import snapshot_download

from zppo.errors import DataError
from zppo.evals.benchmark import Benchmark, Files, NoFiles
from zppo.evals.files import Folder

CONVERTED = "refs/convert/parquet"
"""The branch in which the Hub keeps every dataset as `<config>/<split>/0000.parquet`, and so on."""


@dataclass(frozen=True)
class _Repository:
    name: str
    revision: str | None

    def load(self, config: str, split: str) -> datasets.Dataset:
        if self.revision != CONVERTED:
            return datasets.load_dataset(self.name, config, split=split, revision=self.revision)
        files = {split: f"{config}/{split}/*.parquet"}
        return datasets.load_dataset(self.name, data_files=files, split=split, revision=CONVERTED)

    def __str__(self) -> str:
        return self.name if self.revision is None else f"{self.name}@{self.revision}"


class HubRows:
    """Fetches the rows that are not in the local cache. Images stay undecoded.

    Any exception while fetching means unreachable: `datasets`, the Hub's client, the HTTP client under it and
    the readers of files each have errors of their own.
    """

    def __init__(self, benchmark: Benchmark, unpacked: Path) -> None:
        """Raises DataError when no id can be read."""
        self._benchmark = benchmark
        self._repository: _Repository | None = None
        self._first = self._load(benchmark.data.configs[0], benchmark.data.splits[0])
        self.files = self._fetch_files(unpacked)

    def part(self, config: str, split: str) -> Iterator[Mapping[str, Any]]:
        data = self._benchmark.data
        is_first = (config, split) == (data.configs[0], data.splits[0])
        rows = self._first if is_first else self._load(config, split)
        undecoded = {name: _undecoded(feature) for name, feature in rows.features.items()}
        yield from rows.cast(datasets.Features(undecoded)) if undecoded != dict(rows.features) else rows

    def _load(self, config: str, split: str) -> datasets.Dataset:
        """The split, from the repository that worked before; at first from each in turn."""
        problems = []
        for repository in [self._repository] if self._repository else self._repositories():
            try:
                rows = repository.load(config, split)
            except Exception as error:
                problems.append(f"{repository}: {_first_line(error)}")
            else:
                self._repository = repository
                return rows
        raise self._refused(f"{config}/{split}", problems)

    def _repositories(self) -> list[_Repository]:
        data = self._benchmark.data
        revisions = [data.revision, CONVERTED] if data.scripted else [data.revision]
        return [_Repository(name, revision) for revision in revisions for name in data.hub_ids]

    def _fetch_files(self, unpacked: Path) -> Files:
        data, repository = self._benchmark.data, self._repository
        if not data.files:
            return NoFiles()
        assert repository is not None, "rows were read from it"
        try:
            options: dict[str, Any] = {"repo_type": "dataset", "revision": data.revision}
            root = snapshot_download(repository.name, allow_patterns=list(data.files), **options)
        except Exception as error:
            raise self._refused(", ".join(data.files), [f"{repository}: {_first_line(error)}"]) from error
        return Folder(Path(root), unpacked)

    def _refused(self, what: str, problems: list[str]) -> DataError:
        slug, gated = self._benchmark.slug, self._benchmark.data.gated
        terms = f"accept the terms at huggingface.co/datasets/{self._benchmark.data.hub_ids[0]} and set HF_TOKEN, or "
        advice = f"{terms if gated else ''}put the data under DIR/{slug} and pass --data DIR"
        return DataError(f"{slug}: {what} cannot be read from the Hub ({'; '.join(problems)}); {advice}")


def _undecoded(feature: Any) -> Any:
    """The same feature with images and videos as bytes and paths."""
    if isinstance(feature, datasets.Image | datasets.Video):
        return type(feature)(decode=False)
    if isinstance(feature, datasets.List | datasets.LargeList):
        return type(feature)(_undecoded(feature.feature))
    if isinstance(feature, dict):
        return {name: _undecoded(inner) for name, inner in feature.items()}
    return feature


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
