"""Rows become questions, or an error that names file and row."""

import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset

from zppo.data.reader import epochs, questions_from, read_jsonl
from zppo.errors import DataError
from zppo.types import Question

GOOD = {"prompt": "1+1?", "answer": "2"}


def write(folder: Path, *lines: str) -> Path:
    file = folder / "data.jsonl"
    file.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return file


def test_a_row_becomes_a_question_and_keeps_its_other_columns(tmp_path: Path) -> None:
    row = {"id": "a", "prompt": "1+1?", "answer": 2, "level": "easy", "sizes": [1, 2]}
    assert read_jsonl(write(tmp_path, json.dumps(row))) == [
        Question("a", "1+1?", "2", {"level": "easy", "sizes": [1, 2]})
    ]


def test_without_ids_the_row_number_serves(tmp_path: Path) -> None:
    assert [q.id for q in read_jsonl(write(tmp_path, *[json.dumps(GOOD)] * 3))] == ["1", "2", "3"]


def test_zero_is_an_id_and_an_answer() -> None:
    (question,) = questions_from([{"id": 0, "question": "1-1?", "answer": 0}], "data")
    assert (question.id, question.answer) == ("0", "0")


def test_a_conversation_of_one_user_message_is_a_prompt() -> None:
    (question,) = questions_from([{"prompt": [{"role": "user", "content": "1+1?"}], "answer": "2"}], "data")
    assert question.text == "1+1?"


def test_a_hugging_face_dataset_is_read_like_rows() -> None:
    rows = [{"prompt": [{"role": "user", "content": "1+1?"}], "answer": "2", "cluster": "a"}, GOOD]
    dataset = Dataset.from_list([rows[0], {**rows[0], "cluster": None}])
    assert questions_from(dataset, "dataset") == [
        Question("1", "1+1?", "2", {"cluster": "a"}),
        Question("2", "1+1?", "2", {"cluster": None}),
    ]


BAD_ROWS: Sequence[tuple[Any, str]] = [
    ("no object", "a row is an object"),
    ([1], "a row is an object"),
    ({"answer": "2"}, "there is no question"),
    ({"prompt": None, "answer": "2"}, "there is no question"),
    ({"prompt": " \n", "answer": "2"}, "the question is empty"),
    ({"prompt": 5, "answer": "2"}, "not a text"),
    ({"prompt": "1+1?"}, "there is no answer"),
    ({"prompt": "1+1?", "answer": None}, "there is no answer"),
    ({"prompt": "1+1?", "answer": "  "}, "there is no answer"),
    ({"prompt": [], "answer": "2"}, "exactly one user message"),
    ({"prompt": ["1+1?"], "answer": "2"}, "exactly one user message"),
    ({"prompt": [{"role": "system", "content": "x"}], "answer": "2"}, "exactly one user message"),
    (
        {"prompt": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}], "answer": "2"},
        "exactly one user message",
    ),
    ({"prompt": [{"role": "user", "content": [{"type": "image"}]}], "answer": "2"}, "not a text"),
]


@pytest.mark.parametrize(("row", "problem"), BAD_ROWS)
def test_a_bad_row_is_named_with_its_file(row: Any, problem: str, tmp_path: Path) -> None:
    file = write(tmp_path, json.dumps(GOOD), json.dumps(row))
    with pytest.raises(DataError) as error:
        read_jsonl(file)
    assert str(error.value).startswith(f"{file}, row 2: ")
    assert problem in str(error.value)


@pytest.mark.parametrize("line", ["{", "", '{"prompt": "1+1?", "answer": }', '{"prompt": "1+1?", "answer": "2"} extra'])
def test_a_line_that_is_no_json_is_named(line: str, tmp_path: Path) -> None:
    file = write(tmp_path, json.dumps(GOOD), line, json.dumps(GOOD))
    with pytest.raises(DataError, match=r"row 2: not a JSON object"):
        read_jsonl(file)


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    file = tmp_path / "data.jsonl"
    file.write_bytes(json.dumps(GOOD).encode() + b'\n{"prompt": "\xe9?", "answer": "2"}\n')
    with pytest.raises(DataError, match=r"data\.jsonl.*UTF-8"):
        read_jsonl(file)


def test_an_id_that_occurs_twice_is_named_with_both_rows() -> None:
    rows = [{**GOOD, "id": i} for i in ("a", "b", "a")]
    with pytest.raises(DataError, match=r"data, row 3: id 'a' already stands in row 1"):
        questions_from(rows, "data")


def test_a_column_that_no_checkpoint_could_hold_is_refused() -> None:
    with pytest.raises(DataError, match=r"data, row 2: column 'picture' holds .*bytes"):
        questions_from([GOOD, {**GOOD, "picture": b"\x89PNG"}], "data")


def test_a_missing_and_an_empty_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.jsonl: there is no such data file"):
        read_jsonl(tmp_path / "nowhere.jsonl")
    with pytest.raises(DataError, match=r"data\.jsonl: there are no rows"):
        read_jsonl(write(tmp_path))


def steps(count: int, per_step: int, seed: int = 0, size: int = 10) -> list[list[str]]:
    questions = [Question(str(i), "?", "1") for i in range(size)]
    return [[q.id for q in step] for step in islice(epochs(questions, per_step, seed), count)]


@pytest.mark.parametrize(("size", "per_step"), [(10, 3), (12, 3), (5, 5), (7, 4)])
def test_no_question_comes_twice_within_an_epoch(size: int, per_step: int) -> None:
    of_epoch = size // per_step
    drawn = steps(4 * of_epoch, per_step, size=size)
    for start in range(0, len(drawn), of_epoch):
        ids = [i for step in drawn[start : start + of_epoch] for i in step]
        assert len(ids) == len(set(ids)) == of_epoch * per_step


def test_an_epoch_that_divides_evenly_asks_every_question_once() -> None:
    drawn = steps(8, 3, size=12)
    for epoch in (drawn[:4], drawn[4:]):
        assert sorted(int(i) for step in epoch for i in step) == list(range(12))
    assert drawn[:4] != drawn[4:]


def test_the_questions_left_over_differ_from_epoch_to_epoch() -> None:
    asked = [{i for step in steps(k + 3, 3)[k:] for i in step} for k in range(0, 60, 3)]
    assert set.union(*asked) == {str(i) for i in range(10)}
    assert all(len(ids) == 9 for ids in asked)


def test_the_order_depends_on_the_seed_alone_and_can_be_taken_up_anywhere() -> None:
    straight = steps(9, 3, seed=5)
    questions = [Question(str(i), "?", "1") for i in range(10)]
    for done in range(9):
        resumed = [[q.id for q in step] for step in islice(epochs(questions, 3, 5), done, 9)]
        assert resumed == straight[done:]
    assert steps(9, 3, seed=6) != straight
