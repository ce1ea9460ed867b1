"""Builds of small worlds, and what they made."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from zppo.data.corpus.build import Build, run
from zppo.data.corpus.length import load_length
from zppo.data.corpus.recipe import SOURCES, load_recipe
from zppo.data.corpus.scan import Examiner
from zppo.data.corpus.sources import Repository, open_repository
from zppo.rewards.routing import RoutedScorer
from zppo.zone.prompts import Templates


def local(folder: Path) -> dict[str, Repository]:
    return {source: open_repository(str(folder / source)) for source in SOURCES}


def new_build(
    repositories: Mapping[str, Repository], out: Path, tokenizer: Path, *, seed: int = 0, recipe: Path | None = None
) -> Build:
    """As the command makes it, without words."""
    read, digest = load_recipe(recipe)
    verdict = RoutedScorer()
    length = load_length(str(tokenizer), Templates.load().plain)
    examiner = Examiner(read, seed, lambda question: verdict.check([question]), length)
    settings = {"recipe": digest, "seed": seed, "lengths": length.describe()}
    return Build(out, repositories, examiner, settings, workers=2, say=lambda line: None)


def built(folder: Path, out: Path, tokenizer: Path, **options: Any) -> dict[str, Any]:
    """The manifest of a corpus built from the world in `folder`."""
    return json.loads(run(new_build(local(folder), out, tokenizer, **options)).read_text("utf-8"))


def rows_of(out: Path) -> pa.Table:
    return pa.concat_tables(pq.read_table(path) for path in sorted((out / "data").iterdir()))


def digests(out: Path) -> dict[str, str]:
    """Every file below `out` with the digest of its bytes."""
    files = sorted(path for path in out.rglob("*") if path.is_file())
    return {path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
