"""Hundreds of bad inputs: each is dropped with a reason, or refused at the start; none ends in another exception."""

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from datasets import Dataset
from hypothesis import given, settings
from hypothesis import strategies as st
from oddities import BAD_ROWS, ENCODED, ODD_BUT_GOOD, WRONG_TYPES, cut, flipped, in_rows
from pictures import GOOD, film, greys, png

from zppo.config import DataConfig
from zppo.data.filters import media_readable, within
from zppo.data.reader import read_questions
from zppo.errors import ZppoError
from zppo.types import Question

FILTERS = [media_readable("decode"), within(200, lambda question: len(question.text))]
CONFIG = DataConfig(min_image_side=2, max_image_pixels=1_000_000)


def outcome(source: Any, bad_row: int | None = 2) -> str:
    """What became of row `bad_row` of the source. What is asked must load."""
    try:
        questions, dropped = read_questions(source, CONFIG, FILTERS)
    except ZppoError as error:
        assert str(error)
        return "refused"
    if dropped:
        assert [d.row for d in dropped] == [bad_row]
        assert dropped[0].kind and dropped[0].reason
        json.dumps(dropped[0].as_json()).encode()
        return "dropped"
    for question in questions:
        for medium in question.media:
            loaded = medium.load()
            assert {frame.mode for frame in getattr(loaded, "frames", [loaded])} == {"RGB"}
    return "asked"


def test_there_are_hundreds_of_bad_rows() -> None:
    assert len(BAD_ROWS) >= 300


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("number", range(len(BAD_ROWS)))
def test_a_bad_row_is_dropped_with_its_reason(number: int) -> None:
    assert outcome(BAD_ROWS[number]) == "dropped"


def as_json(value: Any) -> bool:
    try:
        return json.loads(json.dumps(value)) == value or value != value
    except (TypeError, ValueError):
        return False


def test_bad_rows_of_a_file_are_dropped_like_those_of_a_list(tmp_path: Path) -> None:
    rows = [rows for rows in BAD_ROWS if as_json(rows)]
    assert len(rows) > 130
    for number, each in enumerate(rows):
        file = tmp_path / f"{number}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in each), "utf-8")
        assert outcome(file) == "dropped", each


def test_bad_rows_of_a_dataset_are_dropped_or_refused() -> None:
    """As far as Arrow can hold them at all, and does not make texts of them."""
    seen = Counter[str]()
    for column, values in WRONG_TYPES.items():
        for value in values:
            try:
                dataset = Dataset.from_list([{column: None, **row} for row in in_rows(**{column: value})])
            except Exception:  # mixed types, or no Unicode: there is no such dataset
                continue
            seen[outcome(dataset)] += 1
    assert seen["dropped"] + seen["refused"] > 50 and seen["asked"] < 10, seen


@pytest.mark.parametrize("name", ODD_BUT_GOOD)
def test_an_odd_picture_is_asked(name: str) -> None:
    assert outcome(in_rows(images=[ODD_BUT_GOOD[name]])) == "asked"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ENCODED)
def test_a_picture_with_wrong_bytes_is_asked_or_dropped(kind: str) -> None:
    for seed in range(40):
        assert outcome(in_rows(images=[flipped(ENCODED[kind], seed)])) in ("asked", "dropped")


def test_a_video_with_wrong_or_missing_bytes_is_asked_or_dropped(tmp_path: Path) -> None:
    whole = film(tmp_path / "a.mp4", greys(12, size=16)).read_bytes()
    for piece in cut(whole, 12):
        assert outcome(in_rows(videos=[piece])) == "dropped"
    for seed in range(12):
        assert outcome(in_rows(videos=[flipped(whole, seed)])) in ("asked", "dropped")


ROWS = b"".join(json.dumps({**GOOD, "id": f"q{i}"}).encode() + b"\n" for i in range(3))
ARRAY = b"[" + ROWS.replace(b"\n", b",")[:-1] + b"]"
BAD_FILES: dict[str, Callable[[Path], Any]] = {
    **{f"cut at {i}": lambda folder, i=i: write(folder / "a.jsonl", ROWS[:i]) for i in (0, *range(3, len(ROWS), 10))},
    **{
        f"byte {b:#x}": lambda folder, b=b: write(folder / "a.jsonl", ROWS + bytes([b]) + b"\n")
        for b in range(0, 256, 15)
    },
    "UTF-16": lambda folder: write(folder / "a.jsonl", ROWS.decode().encode("utf-16")),
    "only blank lines": lambda folder: write(folder / "a.jsonl", b"\xef\xbb\xbf\n \n"),
    **{f"array cut at {i}": lambda folder, i=i: write(folder / "a.json", ARRAY[:i]) for i in range(1, len(ARRAY), 10)},
    "array with more behind it": lambda folder: write(folder / "a.json", ARRAY + b"x"),
    "array with an empty place": lambda folder: write(folder / "a.json", b"[" + ROWS.split(b"\n")[0] + b",]"),
    "array that ends twice": lambda folder: write(folder / "a.json", ARRAY + b"]"),
    "deep": lambda folder: write(folder / "a.jsonl", b"[" * 10**6),
    "long number": lambda folder: write(folder / "a.jsonl", b"9" * 10**5),
    "empty csv": lambda folder: write(folder / "a.csv", b""),
    "csv without rows": lambda folder: write(folder / "a.csv", b"prompt,answer\n"),
    "csv of other columns": lambda folder: write(folder / "a.csv", b"a,b\n1,2\n"),
    "csv with an open quote": lambda folder: write(folder / "a.csv", b'prompt,answer\n"a,b\n'),
    "csv with NUL": lambda folder: write(folder / "a.csv", b"prompt,answer\na\0,b\n"),
    "csv in Latin-1": lambda folder: write(folder / "a.csv", b"prompt,answer\n\xe9,b\n"),
    "csv with cells over": lambda folder: write(folder / "a.csv", b"prompt,answer\na,b,c\n"),
    "empty Parquet": lambda folder: write(folder / "a.parquet", b""),
    "no Parquet": lambda folder: write(folder / "a.parquet", ROWS),
    "text": lambda folder: write(folder / "a.txt", ROWS),
    "compressed": lambda folder: write(folder / "a.jsonl.gz", ROWS),
    "empty folder": lambda folder: folder,
    "folder with the name of a file": lambda folder: (folder / "a.jsonl").mkdir() or folder / "a.jsonl",
    "folder of empty files": lambda folder: write(folder / "a.jsonl", b"").parent,
    "saved dataset without data": lambda folder: write(folder / "state.json", b"{}").parent,
    "splits without data": lambda folder: write(folder / "dataset_dict.json", b'{"splits": ["train"]}').parent,
    "broken link": lambda folder: (folder / "a.jsonl").symlink_to(folder / "b") or folder / "a.jsonl",
    "pipe": lambda folder: os.mkfifo(folder / "a.jsonl") or folder / "a.jsonl",
    "no name": lambda folder: "",
    "blank": lambda folder: " ",
    "NUL": lambda folder: "\0",
    "half a surrogate": lambda folder: "\ud800.jsonl",
    "URL": lambda folder: "https://host/a.jsonl",
    "pattern": lambda folder: "[",
    "mapping": lambda folder: GOOD,
    "None": lambda folder: None,
    "empty list": lambda folder: [],
    "Arrow without columns": lambda folder: Dataset.from_list([]),
    "Arrow without rows": lambda folder: Dataset.from_dict({"prompt": [], "answer": []}),
    "questions of one name": lambda folder: [Question("a", "?", "1")] * 2,
    "ids that come twice": lambda folder: [{**GOOD, "id": 1}, {**GOOD, "id": "1"}],
}


def write(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    return file


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_bad_source_is_refused(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert outcome(BAD_FILES[kind](tmp_path)) == "refused"


def test_parquet_with_wrong_or_missing_bytes_is_refused_or_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    rows = [{**GOOD, "id": f"q{i}", "images": [{"bytes": png(4 + i), "path": None}]} for i in range(3)]
    Dataset.from_list(rows).to_parquet(str(tmp_path / "whole.parquet"))
    whole = (tmp_path / "whole.parquet").read_bytes()
    for number, piece in enumerate(cut(whole, 20)):
        assert outcome(write(tmp_path / f"{number}.parquet", piece)) == "refused"
    for seed in range(12):
        try:
            read_questions(write(tmp_path / f"flipped-{seed}.parquet", flipped(whole, seed)), CONFIG, FILTERS)
        except ZppoError as error:
            assert f"flipped-{seed}.parquet" in str(error)


def test_parquet_that_is_not_compressed_and_has_wrong_bytes_is_refused_or_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No decompressor notices: the bytes end in the texts."""
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    rows = [{"prompt": f"what is {i} plus {i}, my dear friend?", "answer": str(i)} for i in range(30)]
    pyarrow.parquet.write_table(
        pyarrow.Table.from_pylist(rows), tmp_path / "whole.parquet", compression="none", use_dictionary=False
    )
    whole = (tmp_path / "whole.parquet").read_bytes()
    problems = []
    for seed in range(40):
        try:
            read_questions(write(tmp_path / f"flipped-{seed}.parquet", flipped(whole, seed)), CONFIG, FILTERS)
        except ZppoError as error:
            assert f"flipped-{seed}.parquet" in str(error)
            problems.append(str(error))
    assert any("column prompt: not readable ('utf-8'" in problem for problem in problems)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
COLUMNS = st.sampled_from(["prompt", "answer", "images", "videos", "options", "answer_type", "source", "id", "x"])


@settings(max_examples=300)
@given(st.dictionaries(COLUMNS, VALUES, max_size=4) | VALUES)
def test_no_row_whatever_it_holds_ends_in_another_exception(row: Any) -> None:
    changed = {**GOOD, **row} if isinstance(row, dict) else row
    assert outcome([GOOD, changed, GOOD]) in ("asked", "dropped", "refused")
