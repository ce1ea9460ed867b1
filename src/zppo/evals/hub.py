"""Rows of a dataset on the Hub: the benchmark's id or the first of its aliases that can be read."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import datasets
from huggingface_hub import snapshot_download

from zppo.errors import DataError
from zppo.evals.benchmark import Benchmark, Files, NoFiles
from zppo.evals.files import Folder


class HubRows:
    """Fetches what is not in the local cache. Images stay undecoded.

    Whatever is raised while fetching counts as out of reach: `datasets`, the Hub's client, the HTTP client under it and
    the readers of files each have errors of their own.
    """

    def __init__(self, benchmark: Benchmark, unpacked: Path) -> None:
        """Raises DataError when no id can be read."""
        self._benchmark = benchmark
        self._id = ""
        self._first = self._load(benchmark.data.configs[0], benchmark.data.splits[0])
        self.files = self._fetch_files(unpacked)

    def part(self, config: str, split: str) -> Iterator[Mapping[str, Any]]:
        data = self._benchmark.data
        is_first = (config, split) == (data.configs[0], data.splits[0])
        rows = self._first if is_first else self._load(config, split)
        undecoded = {name: _undecoded(feature) for name, feature in rows.features.items()}
        yield from rows.cast(datasets.Features(undecoded)) if undecoded != dict(rows.features) else rows

    def _load(self, config: str, split: str) -> datasets.Dataset:
        """From the id that was found to work; before that from each in turn."""
        data, problems = self._benchmark.data, []
        for name in [self._id] if self._id else data.hub_ids:
            try:
                rows = datasets.load_dataset(name, config, split=split, revision=data.revision)
            except Exception as error:
                problems.append(f"{name}: {_first_line(error)}")
            else:
                self._id = name
                return rows
        raise self._refused(f"{config}/{split}", problems)

    def _fetch_files(self, unpacked: Path) -> Files:
        data = self._benchmark.data
        if not data.files:
            return NoFiles()
        try:
            options: dict[str, Any] = {"repo_type": "dataset", "revision": data.revision}
            root = snapshot_download(self._id, allow_patterns=list(data.files), **options)
        except Exception as error:
            raise self._refused(", ".join(data.files), [f"{self._id}: {_first_line(error)}"]) from error
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
