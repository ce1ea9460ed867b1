"""Data files and rows that are odd or hostile: read as they are meant, dropped with a reason, or refused by name."""

import json
from pathlib import Path
from typing import Any

import pytest

from zppo.config import DataConfig
from zppo.data.filters import media_readable
from zppo.data.reader import read_questions
from zppo.errors import ZppoError

GOOD = [{"id": f"q{i}", "prompt": f"{i}+1?", "answer": str(i + 1)} for i in range(3)]
LINES = [json.dumps(row) for row in GOOD]
TEXT = "\n".join(LINES) + "\n"
READ_WHOLE: dict[str, tuple[str, bytes]] = {
    "byte order mark": ("a.jsonl", b"\xef\xbb\xbf" + TEXT.encode()),
    "blank lines": ("a.jsonl", ("\n\n" + "\n \n".join(LINES) + "\n\n").encode()),
    "Windows lines": ("a.jsonl", TEXT.replace("\n", "\r\n").encode()),
    "no last newline": ("a.jsonl", TEXT.rstrip("\n").encode()),
    "array": ("a.json", json.dumps(GOOD).encode()),
    "pretty array": ("a.json", json.dumps(GOOD, indent=4).encode()),
    "CSV with a mark": ("a.csv", b"\xef\xbb\xbfid,prompt,answer\nq0,1?,1\nq1,2?,2\nq2,3?,3\n"),
    "line separator": (
        "a.jsonl",
        json.dumps(GOOD[0]).replace("0+1", "0\u2028+1").encode() + b"\n" + TEXT[len(LINES[0]) + 1 :].encode(),
    ),
}
REFUSED: dict[str, tuple[str, bytes]] = {
    "UTF-16": ("a.jsonl", TEXT.encode("utf-16")),
    "not UTF-8": ("a.jsonl", TEXT.encode() + b"\xff\xfe\n"),
    "cut": ("a.jsonl", TEXT.encode()[:-9]),
    "deep": ("a.jsonl", b"[" * 10**5),
    "deep object": ("a.jsonl", b'{"a":' * 10**5),
    "long number": ("a.jsonl", b"9" * 10**5),
    "binary": ("a.jsonl", bytes(range(256))),
    "markup": ("a.jsonl", b"<html>not found</html>\n"),
    "empty": ("a.jsonl", b""),
    "empty CSV": ("a.csv", b""),
    "two names": ("a.csv", b"prompt,prompt\na,b\n"),
    "too many cells": ("a.csv", b"prompt,answer\na,b,c\n"),
    "open quote": ("a.csv", b'prompt,answer\n"a,b\n'),
    "no Parquet": ("a.parquet", b"PAR1" + b"\0" * 99),
    "cut Parquet": ("a.parquet", b"PAR1"),
    "unknown columns": ("a.jsonl", b'{"x": 1, "y": 2}\n'),
    "same ids": ("a.jsonl", (LINES[0] + "\n").encode() * 2),
}
BAD: dict[str, list[Any]] = {
    "prompt": [5, True, 1.5, {}, [], [None], [{}], ["a"], "", " ", "\0", "\ud800", [{"role": "user"}],
               [{"role": "user", "content": 5}], [{"role": "assistant", "content": "a"}]],
    "answer": ["", " ", [], {}, float("nan"), float("inf"), "\0", "\ud83d", "x" * 513],
    "images": [5, True, {}, [None], [5], "nowhere.png", ["."], ["/dev/null"], ["file:///etc/passwd"], ["\0"],
               ["x" * 5000], ["https://host/a.png"], ["data:image/png;base64,#"], ["http://[::1"], [""]],
    "videos": [5, {}, [5], "nowhere.mp4", [{"frames": []}], [{"frames": "a"}], ["."]],
    "options": [5, True, "a", [None], [[]], {"A": {}}, ["\ud800"]],
    "id": [1.5, True, [], {}, "", "\0", "\ud800"],
    "answer_type": [5, [], {}, True, "\ud800"],
    "extra": ["\ud800", "\0", {"a": ["\ud800"]}, {"\0": 1}],
}  # fmt: skip
ROWS = [(column, number) for column, values in BAD.items() for number in range(len(values))]
NO_ROWS = [5, True, None, "a", [], ["prompt"]]


def read(source: Any) -> tuple[list[Any], list[Any]]:
    questions, dropped = read_questions(source, DataConfig(), [media_readable("decode")])
    return list(questions), list(dropped)


def file(folder: Path, name: str, content: bytes) -> Path:
    (folder / name).write_bytes(content)
    return folder / name


@pytest.mark.parametrize("case", READ_WHOLE)
def test_file_read_whole(case: str, tmp_path: Path) -> None:
    questions, dropped = read(file(tmp_path, *READ_WHOLE[case]))
    assert ([q.id for q in questions], dropped) == (["q0", "q1", "q2"], [])
    assert case != "line separator" or questions[0].text == "0\u2028+1?"


@pytest.mark.parametrize("case", REFUSED)
def test_file_refused(case: str, tmp_path: Path) -> None:
    name, content = REFUSED[case]
    with pytest.raises(ZppoError, match=name.replace(".", r"\.")):
        read(file(tmp_path, name, content))


@pytest.mark.parametrize(("column", "number"), ROWS)
def test_row_dropped(column: str, number: int) -> None:
    questions, dropped = read([GOOD[0], {**GOOD[1], column: BAD[column][number]}, GOOD[2]])
    assert [q.id for q in questions] == ["q0", "q2"]
    assert [d.row for d in dropped] == [2] and dropped[0].reason


@pytest.mark.parametrize("row", NO_ROWS, ids=repr)
def test_no_row(row: Any) -> None:
    questions, dropped = read([GOOD[0], row, GOOD[2]])
    assert len(questions) == 2 and [d.row for d in dropped] == [2]


def test_gsm8k_as_it_is(tmp_path: Path) -> None:
    row = {"question": "How many?", "answer": "She sold 48/2 = <<48/2=24>>24 clips in May.\n#### 72"}
    (question,), _ = read(file(tmp_path, "a.jsonl", json.dumps(row).encode()))
    assert question.answer == "72"


def test_sharegpt() -> None:
    row = {"conversations": [{"from": "human", "value": "What is 1+2?"}, {"from": "gpt", "value": "3"}]}
    (question,), _ = read([row])
    assert ("1+2" in question.text, question.answer) == (True, "3")


def test_nested_answer() -> None:
    row = {
        "prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+2?"}],
        "reward_model": {"style": "rule", "ground_truth": "3"},
    }
    (question,), _ = read([row])
    assert ("1+2?" in question.text, question.answer) == (True, "3")


def test_the_order_survives_dropped_rows() -> None:
    rows = [{**GOOD[0], "id": f"q{i}", "answer": "" if i % 3 == 0 else "1"} for i in range(12)]
    questions, _ = read(rows)
    assert [q.id for q in questions] == [f"q{i}" for i in range(12) if i % 3]
