"""Duplicates and caps, on indexes as the scan writes them."""

import random
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from zppo.data.corpus.recipe import load_recipe
from zppo.data.corpus.scan import SCHEMA, Entry
from zppo.data.corpus.selection import Selection, select

RECIPE, _ = load_recipe()
Row = tuple[str, str, int]
"""Source, sub-dataset and fingerprint."""


def entry(number: int, name: str, fingerprint: int, reason: str = "") -> Entry:
    rank = random.Random(f"{name}/{fingerprint}").getrandbits(64)
    return Entry(number, name, name, str(fingerprint), reason, "", "math", fingerprint, rank, fingerprint % 7)


def selected(shards: Sequence[tuple[str, Sequence[Entry]]]) -> Selection:
    with TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.parquet" for number in range(len(shards))]
        for path, (_, entries) in zip(paths, shards, strict=True):
            pq.write_table(pa.Table.from_pylist([asdict(each) for each in entries], SCHEMA), path)
        return select(RECIPE, [source for source, _ in shards], paths)


def kept(selection: Selection, shards: Sequence[tuple[str, Sequence[Entry]]]) -> set[Row]:
    return {
        (source, row.sub_dataset, row.fingerprint)
        for number, (source, _) in enumerate(shards)
        for row in selection.chosen(number)
    }


def test_tier_1_keeps_2800_rows_and_tier_2_keeps_1400() -> None:
    shards = [("vero", [entry(i, name, i + at) for i in range(3000)]) for name, at in (("ai2d", 0), ("gqa", 10**6))]
    outcomes = selected(shards).outcomes()
    assert outcomes["ai2d", "vero", ""] == 2800
    assert outcomes["gqa", "vero", ""] == 1400
    assert outcomes["gqa", "vero", "over_cap"] == 1600


def test_both_sources_share_a_cap_which_vero_fills_first() -> None:
    shards = [
        ("mmfinereason", [entry(i, "raven", i) for i in range(1000)]),
        ("vero", [entry(i, "raven", i + 5000) for i in range(1000)]),
    ]
    outcomes = selected(shards).outcomes()
    assert outcomes["raven", "vero", ""] == 1000
    assert outcomes["raven", "mmfinereason", ""] == 400


def test_of_a_duplicate_veros_copy_stays_wherever_it_lies() -> None:
    shards = [("mmfinereason", [entry(0, "mmr1", 5)]), ("vero", [entry(0, "gqa", 5)])]
    for order in (shards, shards[::-1]):
        assert kept(selected(order), order) == {("vero", "gqa", 5)}


def test_within_a_source_the_sub_dataset_named_first_keeps_a_duplicate() -> None:
    shards = [("vero", [entry(0, "gqa", 5), entry(1, "ai2d", 5), entry(2, "ai2d", 5)])]
    selection = selected(shards)
    assert kept(selection, shards) == {("vero", "ai2d", 5)}
    assert selection.outcomes()["ai2d", "vero", "duplicate"] == 1


def test_a_copy_that_is_out_for_another_reason_does_not_push_out_a_good_one() -> None:
    shards = [("vero", [entry(0, "gqa", 5, "answer_long")]), ("mmfinereason", [entry(0, "mmr1", 5)])]
    assert kept(selected(shards), shards) == {("mmfinereason", "mmr1", 5)}


def test_a_duplicate_of_a_row_over_the_cap_stays_out() -> None:
    vero = [entry(i, "gqa", i) for i in range(1500)]
    selection = selected([("vero", vero), ("mmfinereason", [entry(i, "mmr1", i) for i in range(1500)])])
    assert selection.outcomes()["mmr1", "mmfinereason", "duplicate"] == 1500


@settings(max_examples=40)
@given(st.integers(0, 1000), st.integers(1, 5))
def test_the_selection_does_not_depend_on_shards_or_their_order(seed: int, count: int) -> None:
    rng = random.Random(seed)
    rows = [("vero", rng.choice(["gqa", "ai2d"]), rng.randrange(40)) for _ in range(60)]
    rows += [("mmfinereason", rng.choice(["ai2d", "mmr1"]), rng.randrange(40)) for _ in range(60)]

    def shards(order: Sequence[Row]) -> list[tuple[str, list[Entry]]]:
        made: list[tuple[str, list[Entry]]] = []
        for source in rng.sample(["vero", "mmfinereason"], 2):
            mine = [row for row in order if row[0] == source]
            for part in range(count):
                made.append((source, [entry(i, name, p) for i, (_, name, p) in enumerate(mine[part::count])]))
        return made

    first, second = shards(rows), shards(rng.sample(rows, len(rows)))
    assert kept(selected(first), first) == kept(selected(second), second)
    assert selected(first).outcomes() == selected(second).outcomes()
