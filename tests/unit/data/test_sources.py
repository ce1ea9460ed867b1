"""The same rows from every kind of source, and a clear error for each that cannot be read."""

import base64
import csv
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from datasets import Dataset, DatasetDict, Features, Image, Json, List, Value
from pictures import GOOD, encoded, picture, png, write_rows
from PIL import Image as Pillow

from zppo.config import DataConfig
from zppo.data.reader import read_questions
from zppo.errors import DataError

ROWS = [{"prompt": f"{i}+1?", "answer": str(i + 1), "level": "easy"} for i in range(5)]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parquet is converted into a folder that goes away."""
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path_factory.mktemp("cache"))


def parquet(file: Path, rows: list[dict[str, Any]]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    Dataset.from_list(rows).to_parquet(str(file))
    return file


def write_csv(file: Path, rows: list[dict[str, Any]]) -> Path:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return file


def saved(folder: Path) -> Path:
    Dataset.from_list(ROWS).save_to_disk(str(folder))
    return folder


def saved_splits(folder: Path) -> Path:
    DatasetDict(train=Dataset.from_list(ROWS), other=Dataset.from_list(ROWS[:1])).save_to_disk(str(folder))
    return folder


def shards(folder: Path, write: Callable[[Path, list[dict[str, Any]]], Path], suffix: str) -> Path:
    folder.mkdir()
    write(folder / f"a{suffix}", ROWS[:2])
    write(folder / f"b{suffix}", ROWS[2:])
    return folder


def splits(folder: Path) -> Path:
    parquet(folder / "data" / "train-00000-of-00001.parquet", ROWS)
    parquet(folder / "data" / "test-00000-of-00001.parquet", ROWS[:1])
    return folder


SOURCES: dict[str, Callable[[Path], Any]] = {
    "jsonl": lambda folder: write_rows(folder / "a.jsonl", ROWS),
    "csv": lambda folder: write_csv(folder / "a.csv", ROWS),
    "parquet": lambda folder: parquet(folder / "a.parquet", ROWS),
    "jsonl shards": lambda folder: shards(folder / "d", write_rows, ".jsonl"),
    "jsonl pattern": lambda folder: f"{shards(folder / 'd', write_rows, '.jsonl')}/*.jsonl",
    "csv shards": lambda folder: shards(folder / "d", write_csv, ".csv"),
    "parquet shards": lambda folder: shards(folder / "d", parquet, ".parquet"),
    "parquet pattern": lambda folder: f"{shards(folder / 'd', parquet, '.parquet')}/*.parquet",
    "parquet splits": lambda folder: splits(folder / "d"),
    "saved": lambda folder: saved(folder / "d"),
    "saved splits": lambda folder: saved_splits(folder / "d"),
    "dataset": lambda folder: Dataset.from_list(ROWS),
    "list": lambda folder: ROWS,
    "generator": lambda folder: (row for row in ROWS),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_every_source_gives_the_same_questions(kind: str, tmp_path: Path) -> None:
    questions, dropped = read_questions(SOURCES[kind](tmp_path))
    assert dropped == []
    assert [(q.text, q.answer, q.fields) for q in questions] == [
        (row["prompt"], row["answer"], {"level": "easy"}) for row in ROWS
    ]
    suffix = kind.partition(" ")[0]
    names = ["1", "2", "3", "4", "5"]
    if kind.endswith(("shards", "pattern")):
        names = [f"a.{suffix}:1", f"a.{suffix}:2", f"b.{suffix}:1", f"b.{suffix}:2", f"b.{suffix}:3"]
    if kind == "parquet splits":
        names = [f"data/train-00000-of-00001.parquet:{i}" for i in names]
    assert [q.id for q in questions] == names
    assert all(questions.find(q.id) == q for q in questions)


def test_a_row_of_a_shard_is_named_by_its_file(tmp_path: Path) -> None:
    folder = shards(tmp_path / "d", parquet, ".parquet")
    parquet(folder / "c.parquet", [{**ROWS[0], "answer": "  "}, ROWS[1]])
    _, [dropped] = read_questions(folder)
    assert (dropped.source, dropped.row, dropped.id) == (str(folder / "c.parquet"), 1, "c.parquet:1")


def test_a_csv_cell_may_hold_an_image(tmp_path: Path) -> None:
    noise = Pillow.frombytes("RGB", (250, 250), random.Random(0).randbytes(250 * 250 * 3))
    url = f"data:image/png;base64,{base64.b64encode(encoded(noise)).decode()}"
    assert len(url) > 131_072, "the default limit of Python's csv"
    file = write_csv(tmp_path / "a.csv", [{"prompt": "what?", "answer": "2", "images": url}])
    questions, dropped = read_questions(file)
    assert dropped == [] and questions[0].media[0].load().size == (250, 250)


def test_a_csv_cell_may_hold_lines_and_quotes_and_be_empty(tmp_path: Path) -> None:
    rows = [{"prompt": 'a\n"b",\r\nc', "answer": "007", "level": ""}, {"prompt": "d", "answer": "1", "level": "x"}]
    file = write_csv(tmp_path / "a.csv", rows)
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\r\nd,", b"\r\n\r\nd,"))
    questions, _ = read_questions(file)
    assert [(q.text, q.answer, q.fields["level"]) for q in questions] == [
        (rows[0]["prompt"], "007", None),
        ("d", "1", "x"),
    ]


def test_an_image_folder_is_read_by_its_metadata(tmp_path: Path) -> None:
    picture(9, 5).save(tmp_path / "a.png")
    write_rows(tmp_path / "metadata.jsonl", [{"file_name": "a.png", "question": "how wide?", "answer": "9"}])
    [question], _ = read_questions(tmp_path)
    assert question.text == "\ufffc\nhow wide?"
    assert question.media[0].name == str(tmp_path / "a.png")
    assert question.media[0].load().size == (9, 5)


@pytest.mark.parametrize("split", ["train", "test"])
def test_an_image_folder_may_have_splits(split: str, tmp_path: Path) -> None:
    for each in ("train", "test"):
        (tmp_path / each).mkdir()
        picture().save(tmp_path / each / "a.png")
        rows = [{"file_name": "a.png", "question": each, "answer": "9"}]
        write_csv(tmp_path / each / "metadata.csv", rows)
    part = "train" if split == "train" else "eval"
    [question], _ = read_questions(tmp_path, part=part)  # type: ignore[arg-type]
    assert question.text.endswith(split) and question.media[0].load().size == (8, 6)


def test_a_split_is_chosen_by_name(tmp_path: Path) -> None:
    for folder in (splits(tmp_path / "parquet"),):
        for split, count in (("train", 5), ("test", 1)):
            assert len(read_questions(folder, DataConfig(train_split=split))[0]) == count
        assert len(read_questions(folder, part="eval")[0]) == 1
    assert len(read_questions(saved_splits(tmp_path / "saved"), DataConfig(train_split="other"))[0]) == 1


def test_images_of_a_dataset_are_not_decoded_until_they_are_asked_for(tmp_path: Path) -> None:
    features = Features(prompt=Value("string"), answer=Value("string"), images=List(Image()), thumbnail=Image())
    rows = [{**GOOD, "images": [{"bytes": png(4 + i), "path": None}], "thumbnail": {"bytes": b"x", "path": None}}
            for i in range(3)]  # fmt: skip
    Dataset.from_list(rows, features=features).to_parquet(str(tmp_path / "a.parquet"))
    questions, _ = read_questions(tmp_path / "a.parquet")
    assert [q.media[0].load().width for q in questions] == [4, 5, 6]
    assert questions[1].media[0].name == f"{tmp_path / 'a.parquet'}, row 2, images[0]"
    assert questions[1].fields == {}, "no bytes are carried around"


def test_columns_of_mixed_types_are_read() -> None:
    features = Features(prompt=Json(), answer=Value("string"))
    prompts = ["1+1?", [{"role": "user", "content": [{"type": "text", "text": "1+2?"}]}]]
    dataset = Dataset.from_list([{"prompt": prompt, "answer": "2"} for prompt in prompts], features=features)
    assert [q.text for q in read_questions(dataset)[0]] == ["1+1?", "1+2?"]


def corrupt(file: Path) -> Path:
    content = bytearray(file.read_bytes())
    content[20:200] = bytes(180)
    file.write_bytes(content)
    return file


def no_utf8(file: Path) -> Path:
    """With the answer `lost` in bytes that no text has."""
    table = pyarrow.parquet.read_table(file)
    answers = pa.array([a.encode().replace(b"lost", b"\xff") for a in table["answer"].to_pylist()], pa.binary())
    table = table.set_column(1, "answer", pa.Array.from_buffers(pa.string(), len(answers), answers.buffers()))
    pyarrow.parquet.write_table(table, file)
    return file


def folder_with(folder: Path, **files: bytes) -> Path:
    folder.mkdir()
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_bytes(content)
    return folder


UNREADABLE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "missing": (lambda folder: folder / "nowhere.jsonl", r"nowhere\.jsonl: there is no such data file"),
    "no match": (lambda folder: f"{folder}/*.parquet", r"data\.train: no file matches"),
    "empty jsonl": (lambda folder: write_rows(folder / "a.jsonl", []), r"a\.jsonl: there are no rows"),
    "empty csv": (lambda folder: write_rows(folder / "a.csv", []), r"a\.csv: there are no rows"),
    "empty parquet": (lambda folder: write_rows(folder / "a.parquet", []), r"a\.parquet: not a Parquet file"),
    "not parquet": (lambda folder: write_rows(folder / "a.parquet", ROWS), r"a\.parquet: not a Parquet file"),
    "corrupt parquet": (lambda folder: corrupt(parquet(folder / "a.parquet", ROWS)), r"a\.parquet: damaged"),
    "other schemas": (
        lambda folder: (
            (parquet(folder / "d" / "a.parquet", ROWS), parquet(folder / "d" / "b.parquet", [{"x": [1]}]))[0].parent
        ),
        r"b\.parquet: of another schema than .*a\.parquet, or damaged \(.*x: list",
    ),
    "parquet of no UTF-8": (
        lambda folder: no_utf8(parquet(folder / "a.parquet", [*ROWS * 5, {"prompt": "no", "answer": "lost"}])),
        r"a\.parquet, row 26, column answer: not readable \('utf-8' codec",
    ),
    "cells": (lambda folder: folder_with(folder / "d", a_csv=b"prompt,answer\na,b,c\n"), r"row 1: 3 cells under 2"),
    "quotes": (lambda folder: folder_with(folder / "d", a_csv=b'prompt,answer\n"a,b\n'), r"line \d: not CSV in UTF-8"),
    "csv columns": (lambda folder: folder_with(folder / "d", a_csv=b"a,a\n1,2\n"), "two columns have one name"),
    "latin csv": (lambda folder: folder_with(folder / "d", a_csv=b"prompt,answer\n\xe9,b\n"), "not CSV in UTF-8"),
    "two kinds": (
        lambda folder: f"{folder_with(folder / 'd', a_csv=b'a', b_jsonl=b'{}')}/*",
        "data files are of one kind",
    ),
    "unknown kind": (lambda folder: folder_with(folder / "d", a_txt=b"a") / "a.txt", "data files are of one kind"),
    "empty folder": (lambda folder: folder_with(folder / "d"), r"a data folder holds \*\.parquet"),
    "damaged save": (
        lambda folder: folder_with(folder / "d", state_json=b"{"),
        "a saved dataset that cannot be loaded",
    ),
    "NUL": (lambda folder: "a\0b", "there is no such data file"),
    "long name": (lambda folder: "a" * 5000 + ".jsonl", "there is no such data file"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_source_that_cannot_be_read_is_named(kind: str, tmp_path: Path) -> None:
    make, problem = UNREADABLE[kind]
    with pytest.raises(DataError, match=problem):
        read_questions(make(tmp_path))


@pytest.mark.parametrize(
    ("make", "options", "problem"),
    [
        (SOURCES["jsonl"], {"train_split": "train"}, r"data\.train_split is 'train', but .* has no splits"),
        (SOURCES["jsonl"], {"train_config": "a"}, r"data\.train_config is 'a', but .* is no Hub name"),
        (SOURCES["saved"], {"train_split": "train"}, "has no splits"),
        (SOURCES["saved splits"], {"train_split": "othr"}, "no split 'othr'; did you mean 'other'"),
        (SOURCES["parquet splits"], {"train_split": "dev"}, "no files of split 'dev', but of test, train"),
        (SOURCES["parquet shards"], {"train_split": "dev"}, "has no splits"),
    ],
)
def test_a_split_or_configuration_that_is_not_there_is_refused(
    make: Callable[[Path], Any], options: dict[str, str], problem: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=problem):
        read_questions(make(tmp_path), DataConfig(**options))


def hub_cache(folder: Path) -> None:
    """What `load_dataset('org/sums', 'small')` leaves in the cache of a machine that was on line."""
    version = folder / "org___sums" / "small" / "0.0.0" / ("0" * 40)
    version.mkdir(parents=True)
    dataset = Dataset.from_list(ROWS)
    dataset.save_to_disk(str(folder / "made"))
    os.rename(next((folder / "made").glob("*.arrow")), version / "sums-train.arrow")
    split = {"name": "train", "num_bytes": 1, "num_examples": len(ROWS), "dataset_name": "sums"}
    info = {"builder_name": "sums", "dataset_name": "sums", "config_name": "small", "version": "0.0.0",
            "features": dataset.features.to_dict(), "splits": {"train": split}}  # fmt: skip
    (version / "dataset_info.json").write_text(json.dumps(info), "utf-8")


def test_a_hub_dataset_is_read_from_the_cache_and_a_missing_one_is_refused(tmp_path: Path) -> None:
    hub_cache(tmp_path)
    code = (
        "import sys\nfrom zppo.config import DataConfig\nfrom zppo.data.reader import read_questions\n"
        "from zppo.errors import DataError\n"
        "questions, _ = read_questions('org/sums', DataConfig(train_config='small'))\n"
        "print(len(questions), questions[4].text, questions[4].id, questions.find('5').answer)\n"
        "for name, options in (('org/none', {}), ('org/sums', dict(train_config='small', train_split='odd'))):\n"
        "    try:\n        read_questions(name, DataConfig(**options))\n"
        "    except DataError as error:\n        print(error)\n"
    )
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=offline, capture_output=True, text=True, check=True)
    read, missing, split = done.stdout.splitlines()
    assert read == "5 4+1? 5 5"
    assert missing.startswith("data.train: org/none is no file or folder here, and as a dataset on the Hub")
    assert "(configuration default, split train) it cannot be loaded" in missing
    assert "split odd) it cannot be loaded" in split
