"""JSON as it is found: arrays, byte order marks, blank lines, line separators inside texts."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zppo.data.arrays import ArrayRows
from zppo.data.lines import json_rows
from zppo.data.reader import read_questions
from zppo.errors import DataError

ROWS: list[dict[str, Any]] = [
    {"prompt": "1+1?", "answer": 2},
    {"prompt": 'a \\ " ] [ } { , \u2028 \ufeff?', "answer": ["x", {"y": "]"}]},
    {"prompt": "1+2?", "answer": 3},
]


def lines(*rows: dict[str, Any]) -> list[str]:
    return [json.dumps(row, ensure_ascii=False) for row in rows]


def asked(file: Path) -> list[tuple[str, str]]:
    questions, dropped = read_questions(file)
    assert dropped == []
    return [(q.id, q.text) for q in questions]


@pytest.mark.parametrize("indent", [None, 0, 2])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_an_array_is_read_row_by_row(indent: int | None, mark: str, tmp_path: Path) -> None:
    rows = [{"prompt": row["prompt"], "answer": "1"} for row in ROWS]
    file = tmp_path / "a.json"
    file.write_text(mark + json.dumps(rows, ensure_ascii=False, indent=indent), "utf-8")
    assert asked(file) == [(str(i), row["prompt"]) for i, row in enumerate(rows, start=1)]


@given(
    rows=st.lists(
        st.recursive(
            st.none() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=6,
        )
    ),
    indent=st.sampled_from([None, 1]),
)
def test_every_array_is_what_json_says(
    rows: list[Any], indent: int | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("arrays") / "a.json"
    file.write_text(json.dumps(rows, indent=indent, ensure_ascii=True), "utf-8")
    read = ArrayRows(file)
    assert list(read) == rows and [read[i] for i in range(len(read))] == rows


def test_a_json_file_may_also_hold_a_row_on_each_line(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text("\n".join(lines(*ROWS[::2])), "utf-8")
    assert asked(file) == [("1", "1+1?"), ("2", "1+2?")]


def test_a_byte_order_mark_and_blank_lines_are_passed_over_and_the_numbers_are_those_of_the_file(
    tmp_path: Path,
) -> None:
    first, second = lines(ROWS[0], ROWS[2])
    file = tmp_path / "a.jsonl"
    file.write_text(f"\ufeff\n{first}\n\r\n \t\n{second}\n\n", "utf-8")
    assert asked(file) == [("2", "1+1?"), ("5", "1+2?")]
    assert [number for number, _ in json_rows(file)] == [2, 5]
    file.write_text(f"{first}\n\n{second}\n\n{{\n", "utf-8")
    with pytest.raises(DataError, match=r"a\.jsonl, row 5: not a JSON object"):
        read_questions(file)


def test_a_row_that_is_dropped_behind_blank_lines_is_named_by_its_line(tmp_path: Path) -> None:
    first, second = lines(ROWS[0], ROWS[2])
    file = tmp_path / "a.jsonl"
    file.write_text(f"{first}\n\n\n{{}}\n{second}\n", "utf-8")
    questions, [dropped] = read_questions(file)
    assert [q.id for q in questions] == ["1", "5"] and dropped.row == 4


def test_a_line_separator_inside_a_text_ends_no_row(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text("\n".join(lines({"prompt": "a\u2028b\u2029c\x85d?", "answer": "1"}, ROWS[0])), "utf-8")
    assert asked(file) == [("1", "a\u2028b\u2029c\x85d?"), ("2", "1+1?")]


def test_what_is_dropped_leaves_the_order_of_the_rest(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(
        "\n".join(lines(*({"prompt": f"{i}?", "answer": "" if i % 3 == 0 else "1"} for i in range(30)))), "utf-8"
    )
    questions, dropped = read_questions(file)
    assert [q.text for q in questions] == [f"{i}?" for i in range(30) if i % 3]
    assert [d.row for d in dropped] == list(range(1, 31, 3))
