"""Small Parquet files that unpack to gigabytes are refused before they are unpacked; ordinary ones are read."""

import resource
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zppo.data import parquet
from zppo.data.reader import read_questions
from zppo.errors import DataError


def again_and_again(file: Path, text: str, rows: int, as_dictionary: bool) -> Path:
    """A file whose rows all hold one text, stored once."""
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([text]))
    answers = pa.array(["1"] * rows)
    questions = (
        texts
        if as_dictionary
        else pa.chunked_array([texts.slice(i, 16).dictionary_decode() for i in range(0, rows, 16)])
    )
    pq.write_table(pa.table({"question": questions, "answer": answers}), file, compression="zstd")
    return file


@pytest.mark.parametrize("as_dictionary", [True, False])
def test_two_gigabytes_in_a_few_kilobytes_are_refused(as_dictionary: bool, tmp_path: Path) -> None:
    rows = 2000 if as_dictionary else 200
    file = again_and_again(tmp_path / "a.parquet", "a" * 2**20, rows, as_dictionary)
    limit = parquet.LARGEST if as_dictionary else 2**26
    assert file.stat().st_size < 60_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet, "LARGEST", limit)
        patch.setattr(parquet, "RATIO", 1)
        with pytest.raises(DataError, match=r"a\.parquet: its \d+ bytes unpack to more than \d+ MiB; .*several files"):
            read_questions(file)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**19  # KiB


def test_one_value_of_many_numbers_is_refused_by_the_footer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "LARGEST", 10_000)
    monkeypatch.setattr(parquet, "RATIO", 1)
    pq.write_table(pa.table({"prompt": ["?"], "answer": ["1"], "more": [[True] * 10**6]}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="unpack to more than"):
        read_questions(tmp_path / "a.parquet")


def test_texts_that_come_again_are_ordinary(tmp_path: Path) -> None:
    questions, _ = read_questions(again_and_again(tmp_path / "a.parquet", "how many? " * 100, 500, True))
    assert len(questions) == 500
