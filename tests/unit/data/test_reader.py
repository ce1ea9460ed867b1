"""Rows become questions, or are dropped with their reason, or the file is refused by name."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset, DatasetDict
from pictures import GOOD, write_rows

from zppo.config import DataConfig
from zppo.data.reader import read_questions
from zppo.errors import ConfigError, DataError
from zppo.types import Question


def write(folder: Path, *lines: str) -> Path:
    file = folder / "data.jsonl"
    file.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return file


def questions_of(source: Any, **options: Any) -> list[Question]:
    questions, dropped = read_questions(source, DataConfig(**options))
    assert dropped == []
    return list(questions)


def test_a_row_becomes_a_question_and_keeps_its_other_columns(tmp_path: Path) -> None:
    row = {"id": "a", "prompt": "1+1?", "answer": 2, "level": "easy", "sizes": [1, 2]}
    assert questions_of(write(tmp_path, json.dumps(row))) == [
        Question("a", "1+1?", "2", {"level": "easy", "sizes": [1, 2], "answer": 2})
    ]


def test_without_ids_the_row_number_serves(tmp_path: Path) -> None:
    assert [q.id for q in questions_of(write(tmp_path, *[json.dumps(GOOD)] * 3))] == ["1", "2", "3"]


def test_an_id_is_the_same_when_read_again_with_rows_dropped_and_rows_appended(tmp_path: Path) -> None:
    rows = [GOOD, {"prompt": "?"}, GOOD, GOOD]
    before, _ = read_questions(write_rows(tmp_path / "a.jsonl", rows))
    after, _ = read_questions(write_rows(tmp_path / "a.jsonl", [*rows, GOOD]))
    assert [q.id for q in before] == ["1", "3", "4"] == [q.id for q in after][:3]


def test_zero_is_an_id_and_an_answer() -> None:
    [question] = questions_of([{"id": 0, "question": "1-1?", "answer": 0}])
    assert (question.id, question.answer) == ("0", "0")


def test_a_conversation_of_one_user_message_is_a_prompt() -> None:
    [question] = questions_of([{"prompt": [{"role": "user", "content": "1+1?"}], "answer": "2"}])
    assert question.text == "1+1?"


def test_a_hugging_face_dataset_is_read_like_rows() -> None:
    rows = [{"prompt": [{"role": "user", "content": "1+1?"}], "answer": "2", "cluster": "a"}, GOOD]
    dataset = Dataset.from_list([rows[0], {**rows[0], "cluster": None}])
    assert questions_of(dataset) == [
        Question("1", "1+1?", "2", {"cluster": "a"}, messages=({"role": "user", "content": "1+1?"},)),
        Question("2", "1+1?", "2", {"cluster": None}, messages=({"role": "user", "content": "1+1?"},)),
    ]


def test_questions_may_be_given_as_they_are() -> None:
    given = [Question("a", "1+1?", "2", {"x": object()}), Question("b", "1+2?", "3")]
    assert questions_of(given) == given


def test_columns_are_found_by_their_usual_names_or_as_the_config_says() -> None:
    rows = [{"problem": "1+1?", "solution": "2", "key": "a", "topic": "sums", "choices": ["1", "2"], "kind": "choice"}]
    [usual] = questions_of(rows)
    assert (usual.id, usual.text, usual.answer, usual.fields["solution"]) == ("1", "1+1?", "2", "2")
    columns = {"id": "key", "source": "topic", "options": "choices", "answer_type": "kind"}
    [mapped] = questions_of(rows, columns=columns)
    assert (mapped.id, mapped.text) == ("a", "1+1?\nA. 1\nB. 2")
    assert mapped.fields == {
        "solution": "2", "topic": "sums", "choices": ["1", "2"], "kind": "choice",
        "source": "sums", "options": ["1", "2"], "answer_type": "choice",
    }  # fmt: skip


def test_held_out_questions_may_have_columns_of_their_own() -> None:
    config = DataConfig(columns={"question": "q"}, eval_columns={"question": "ask"})
    for part, column in (("train", "q"), ("eval", "ask")):
        questions, _ = read_questions([{column: "1+1?", "answer": "2"}], config, part=part)  # type: ignore[arg-type]
        assert questions[0].text == "1+1?"


@pytest.mark.parametrize("kind", ["jsonl", "dataset"])
def test_a_mapped_column_that_is_not_there_is_named_with_the_file_and_the_nearest(kind: str, tmp_path: Path) -> None:
    rows = [{"problem": "1+1?", "answer": "2"}]
    source = write_rows(tmp_path / "a.jsonl", rows) if kind == "jsonl" else Dataset.from_list(rows)
    with pytest.raises(DataError) as error:
        read_questions(source, DataConfig(columns={"question": "problm"}))
    name = str(source) if kind == "jsonl" else "train_dataset"
    assert str(error.value).startswith(f"{name}: data.columns.question is column 'problm', which does not exist")
    assert "did you mean 'problem'?" in str(error.value)


def test_a_file_without_questions_is_refused_with_its_columns() -> None:
    with pytest.raises(DataError, match=r"no row has a column `prompt` or `question` or `problem`.*answer, text"):
        read_questions([{"text": "1+1?", "answer": "2"}])


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"qestion": "a"}, "there is no role 'qestion'; did you mean 'question'?"),
        ({"question": ""}, "data.columns.question is ''"),
        ({"question": ("a", "b")}, "only images and videos may be several columns"),
        ({"images": ()}, r"data.columns.images is \(\)"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused(columns: Any, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        DataConfig(columns=columns)


BAD_ROWS: Sequence[tuple[Any, str, str]] = [
    ("no object", "no row", "a row is an object"),
    ([1], "no row", "a row is an object"),
    (None, "no row", "a row is an object"),
    ({"answer": "2"}, "no question", "there is no question"),
    ({"prompt": None, "answer": "2"}, "no question", "there is no question"),
    ({"prompt": " \n", "answer": "2"}, "no question", "the question is empty"),
    ({"prompt": 5, "answer": "2"}, "no question", "not a text"),
    ({"prompt": {"a": 1}, "answer": "2"}, "no question", "not a text"),
    ({"prompt": "1+1?"}, "no answer", "there is no answer"),
    ({"prompt": "1+1?", "answer": None}, "no answer", "there is no answer"),
    ({"prompt": "1+1?", "answer": "  "}, "no answer", "there is no answer"),
    ({"prompt": "1+1?", "answer": []}, "no answer", "there is no answer"),
    ({"prompt": "1+1?", "answer": {"a": 1}}, "no answer", "the answer is dict"),
    ({"prompt": "1+1?", "answer": float("nan")}, "no answer", "the answer is float"),
    ({"prompt": "1+1?", "answer": "x" * 513}, "long answer", "513 characters; data.max_answer_chars is 512"),
    ({"prompt": [], "answer": "2"}, "no question", "a conversation is one user message"),
    ({"prompt": ["1+1?"], "answer": "2"}, "no question", "a conversation is one user message"),
    ({"prompt": [{"role": "system", "content": "x"}], "answer": "2"}, "no question", "this one has system"),
    (
        {"prompt": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}], "answer": "2"},
        "no question",
        "the prompt ends in a turn of the assistant",
    ),
    (
        {"prompt": [{"role": r, "content": "x"} for r in ("user", "assistant", "user")], "answer": "2"},
        "no question",
        "this one has user, assistant, user",
    ),
    (
        {"prompt": "1+1?", "answer": "First I add one and one.\nThis gives two, as everybody knows."},
        "prose answer",
        "several lines of prose",
    ),
    ({"prompt": [{"role": "user", "content": [{"type": "audio"}]}], "answer": "2"}, "no question", "type 'audio'"),
    ({"prompt": "\ud800?", "answer": "2"}, "bad text", "half a surrogate pair"),
    ({"prompt": "1+1?", "answer": "\0"}, "bad text", "NUL"),
    ({"prompt": "1+1?", "answer": "2", "level": {"a": ["\udfff"]}}, "bad text", "half a surrogate pair"),
    ({"prompt": "1+1?", "answer": "2", "id": ["a"]}, "bad column", "the id is ['a']"),
    ({"prompt": "1+1?", "answer": "2", "id": ""}, "bad column", "the id is ''"),
    ({"prompt": "1+1?", "answer": "2", "options": "a or b"}, "bad column", "the options are str"),
    ({"prompt": "1+1?", "answer": "2", "options": [["a"], None]}, "bad column", "neither a text nor a number"),
]


@pytest.mark.parametrize(("row", "kind", "problem"), BAD_ROWS)
def test_a_bad_row_is_dropped_with_its_place_and_reason(row: Any, kind: str, problem: str, tmp_path: Path) -> None:
    file = write(tmp_path, json.dumps(GOOD), json.dumps(row), json.dumps(GOOD))
    questions, [dropped] = read_questions(file)
    assert [q.id for q in questions] == ["1", "3"]
    assert (dropped.source, dropped.row, dropped.kind) == (str(file), 2, kind)
    assert problem in dropped.reason


@pytest.mark.parametrize("rows", [[{"prompt": "1+1?"}] * 3, [GOOD, {"prompt": "1+1?", "answer": None}, GOOD]])
def test_rows_may_do_without_an_answer_where_nothing_asks_for_it(rows: list[Any]) -> None:
    """Reward functions in TRL's signature score by columns of their own."""
    questions, dropped = read_questions(rows, answered=False)
    assert (len(questions), questions[1].answer, dropped) == (3, "", [])
    with pytest.raises(DataError, match=r"no row has a column `prompt`"):
        read_questions([{"text": "1+1?"}], answered=False)


def test_a_file_that_loses_most_rows_for_one_reason_is_refused_with_an_example(tmp_path: Path) -> None:
    rows = [GOOD, {"prompt": "?"}, {"prompt": "?"}, {"prompt": "", "answer": "1"}]
    assert len(read_questions(rows)[0]) == 1
    with pytest.raises(DataError) as error:
        read_questions(write_rows(tmp_path / "a.jsonl", [*rows, {"prompt": "?"}]))
    file = tmp_path / "a.jsonl"
    assert str(error.value) == (
        f"{file}, row 2: there is no answer; a row needs an `answer` column ({file}: 3 of 5 rows are dropped for this "
        "reason, `no answer`, and 1 questions are left)"
    )


@pytest.mark.parametrize(
    "line",
    ["{", '{"prompt": "1+1?", "answer": }', '{"prompt": "1+1?", "answer": "2"} extra', "9" * 5000, "[" * 100_000],
)
def test_a_line_that_is_no_json_is_named(line: str, tmp_path: Path) -> None:
    file = write(tmp_path, json.dumps(GOOD), line, json.dumps(GOOD))
    with pytest.raises(DataError, match=r"data\.jsonl, row 2: not a JSON object"):
        read_questions(file)


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    file = tmp_path / "data.jsonl"
    file.write_bytes(json.dumps(GOOD).encode() + b'\n{"prompt": "\xe9?", "answer": "2"}\n')
    with pytest.raises(DataError, match=r"data\.jsonl, row 2.*UTF-8"):
        read_questions(file)


def test_an_id_that_occurs_twice_is_named_with_both_rows(tmp_path: Path) -> None:
    for name, ids in (("a", "ab"), ("b", "ca")):
        write_rows(tmp_path / f"{name}.jsonl", [{**GOOD, "id": i} for i in ids])
    with pytest.raises(DataError, match=r"b\.jsonl, row 2: id 'a' already stands in .*a\.jsonl, row 1"):
        read_questions(tmp_path)


def test_a_question_is_found_by_its_id(tmp_path: Path) -> None:
    rows = [{**GOOD, "id": f"q{i}", "answer": str(i)} for i in range(200)]
    questions, _ = read_questions(write_rows(tmp_path / "a.jsonl", rows))
    assert all(questions.find(f"q{i}") == questions[i] for i in range(200))
    assert questions.find("q200") is None
    assert [q.answer for q in questions[-3:]] == ["197", "198", "199"]
    with pytest.raises(IndexError):
        questions[200]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ([], "train_dataset: there are no rows"),
        (DatasetDict(train=Dataset.from_list([GOOD])), r"holds the splits train; .*dataset\['train'\]"),
        ({"prompt": ["1+1?"]}, "train_dataset is dict; pass a dataset, or a list of rows"),
        (5, "train_dataset is int"),
    ],
)
def test_what_is_no_dataset_is_refused(source: Any, problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        read_questions(source)
