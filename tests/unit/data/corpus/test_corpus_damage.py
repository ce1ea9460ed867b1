"""Shards with wrong bytes: whatever they break, the error names the file."""

import random
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from builds import local
from sourceworld import plain_world

from zppo.data.corpus.build import look
from zppo.data.corpus.recipe import load_recipe
from zppo.data.corpus.rows import RowReader
from zppo.data.corpus.scan import batches
from zppo.errors import DataError

RECIPE = load_recipe()[0]
COLUMNS = ("source", "id", "question", "answer", "pass_rate")
SHARD = "mmfinereason/data/train-00000-of-00001.parquet"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its one shard of MMFineReason is neither compressed nor encoded: no decompressor notices a wrong byte."""
    folder = plain_world(1, 3).write(tmp_path_factory.mktemp("world"), shards=1)
    plain = pq.read_table(folder / SHARD).drop_columns("image")
    pq.write_table(plain, folder / SHARD, compression="none", use_dictionary=False)
    return folder


def read_through(folder: Path) -> None:
    """All that a build reads of the shard: the plan first, then its rows."""
    look(RECIPE, local(folder))
    reader = RowReader("mmfinereason", "", {name: name for name in COLUMNS}, RECIPE.limits)
    assert list(batches(folder / SHARD, lambda schema: reader, bool))


def test_texts_that_are_not_utf8_are_an_error_that_names_the_file(world: Path) -> None:
    whole = (world / SHARD).read_bytes()
    for text in (b"BMMR", b"BMMR: what"):
        (world / SHARD).write_bytes(whole.replace(text, b"\xff" + text[1:]))
        with pytest.raises(DataError, match=f"{SHARD}: not a readable Parquet file .*'utf-8' codec"):
            read_through(world)
    (world / SHARD).write_bytes(whole)


def test_any_damage_is_noticed_or_read_over(world: Path) -> None:
    whole = (world / SHARD).read_bytes()
    refused = 0
    for seed in range(60):
        rng, changed = random.Random(seed), bytearray(whole)
        for _ in range(5):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        (world / SHARD).write_bytes(changed)
        try:
            read_through(world)
        except DataError as error:
            assert SHARD in str(error)
            refused += 1
    (world / SHARD).write_bytes(whole)
    assert refused > 20
