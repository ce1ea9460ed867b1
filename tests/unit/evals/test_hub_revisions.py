"""Which revision of a repository is read, and what of a repository that was made for a loading script."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from toys import SUMS

from zppo.errors import DataError
from zppo.evals.benchmark import Benchmark
from zppo.evals.hub import CONVERTED, HubRows

ROWS = [{"n": n, "question": f"{n} + 1?", "answer": str(n + 1)} for n in range(3)]


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A loading script, and the data as the Hub converts them: each revision is a folder, which `datasets` can read."""
    repository, load = tmp_path / "sums", datasets.load_dataset
    for config in ("easy", "hard"):
        part = repository / CONVERTED / config / "test"
        part.mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist([{**row, "question": config} for row in ROWS]), part / "0000.parquet")
    (repository / "main").mkdir()
    (repository / "main" / "main.py").write_text("raise SystemExit('never run')")

    def load_dataset(name: str, config: str | None = None, *, revision: str | None, **options: Any) -> Any:
        return load(f"{name}/{revision or 'main'}", config, **options)

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    return repository


def sums(repository: Path | str, **options: Any) -> Benchmark:
    return replace(SUMS, data=replace(SUMS.data, hub_ids=(str(repository),), **options))


def test_of_a_repository_made_for_a_script_the_hubs_conversion_is_read(scripted: Path, tmp_path: Path) -> None:
    rows = HubRows(sums(scripted, scripted=True), tmp_path)
    for config in ("easy", "hard"):
        assert list(rows.part(config, "test")) == [{**row, "question": config} for row in ROWS]


def test_of_others_it_is_not(scripted: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Dataset scripts are no longer supported"):
        HubRows(sums(scripted), tmp_path)


def test_the_revision_of_a_benchmark_is_the_one_that_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def load_dataset(name: str, config: str | None = None, **options: Any) -> Any:
        asked.append((name, options["revision"]))
        raise OSError("gone")

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    with pytest.raises(DataError, match=r"nobody/sums@1f2e: gone"):
        HubRows(sums("nobody/sums", revision="1f2e"), tmp_path)
    with pytest.raises(DataError, match=rf"nobody/sums: gone; nobody/sums@{CONVERTED}: gone"):
        HubRows(sums("nobody/sums", scripted=True), tmp_path)
    assert asked == [("nobody/sums", revision) for revision in ("1f2e", None, CONVERTED)]
