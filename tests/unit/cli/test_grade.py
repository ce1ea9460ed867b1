"""`zppo grade` shows how a response is scored, and why."""

import json
from pathlib import Path
from typing import Any

import pytest

from zppo.cli.main import main

ROWS: list[dict[str, Any]] = [
    {"response": r"\boxed{0.5}", "answer": "1/2"},
    {"response": "one half", "answer": "1/2", "id": "no box"},
    {"response": r"\boxed{B}", "answer": "A", "answer_type": "choice", "options": ["six", "seven"]},
    {"response": r"\boxed{[0, 0, 10, 4]}", "answer": [0, 0, 10, 10], "answer_type": "box"},
    {"response": "\\boxed{\x1b[31mred}", "answer": "because", "answer_type": "free"},
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    return path


def test_a_table_says_why(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grade", str(file)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "row     verdict   answer         reason",
        "1       right     0.5            1/2 and 0.5 are equivalent",
        r"no box  wrong     –              no complete \boxed{} in the response",
        "3       wrong     B              option B (seven) was chosen, A is right",
        "4       wrong     [0, 0, 10, 4]  IoU 0.40 is below 0.5",
        "5       unscored  ?[31mred       a free-form answer needs a judge, and there is none",
        "",
        "1 right, 3 wrong, 1 unscored",
    ]


def test_json_for_machines(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grade", str(file), "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["verdict"], row["reward"]) for row in rows] == [
        ("right", 1.0),
        ("wrong", 0.0),
        ("wrong", 0.0),
        ("wrong", 0.0),
        ("unscored", None),
    ]
    assert rows[0] == {
        "id": "1",
        "verdict": "right",
        "reward": 1.0,
        "answer": "0.5",
        "reason": "1/2 and 0.5 are equivalent",
    }


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "row 6: not a JSON object"),
        ("[]", "row 6: a row is an object with `response` and `answer`, not list"),
        ('{"answer": "1"}', "row 6: `response` is None; it must be the text of a response"),
        ('{"response": 1, "answer": "1"}', "row 6: `response` is 1"),
        ('{"response": "1"}', "row 6: there is no answer"),
        ('{"response": "", "answer": "1", "answer_type": "maths"}', "row 6: question '6': unknown answer_type 'maths'"),
        ('{"response": "", "answer": "A", "answer_type": "choice"}', "row 6: question '6': a choice needs a column"),
    ],
)
def test_a_row_that_cannot_be_graded_is_named(
    file: Path, line: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with file.open("a", encoding="utf-8") as rows:
        rows.write(line + "\n")
    assert main(["grade", str(file)]) == 2
    assert f"{file}, {message}" in capsys.readouterr().err


def test_a_file_that_is_missing_or_empty_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty.jsonl").touch()
    assert main(["grade", str(tmp_path / "empty.jsonl")]) == 2
    assert main(["grade", str(tmp_path / "none.jsonl")]) == 2
    assert ["there are no rows" in line or "no such data file" in line for line in capsys.readouterr().err.splitlines()]


SAID: list[dict[str, Any]] = [
    {"prompt": "6*7?", "response": "It is 42.", "answer": 42},
    {"prompt": "6*7?", "response": r"\boxed{42} and not 43", "answer": "42"},
    {"prompt": "6*7?", "response": "no idea", "answer": "42"},
]


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(path)


def test_answers_are_read_as_the_extractors_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "said.jsonl", SAID)
    for extract, verdicts in ((None, "0 1 0"), ("boxed,last_number", "1 1 0"), ("last_number", "1 0 0")):
        assert main(["grade", file, "--json", *(["--extract", extract] if extract else [])]) == 0
        rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert " ".join(f"{row['reward']:g}" for row in rows) == verdicts
    assert rows[2]["reason"] == "no final answer in the response (last_number)"
    assert main(["grade", file, "--extract", "last"]) == 2
    assert "--extract: there is no extractor 'last'" in capsys.readouterr().err


def test_reward_functions_score_and_need_no_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = "def short(prompts, completions, **columns):\n    assert prompts == ['6*7?'] * 3\n"
    code += "    assert 'response' not in columns\n"
    code += "    return [None if 'no' in c else 0.75 for c in completions]\ndef half(completions, **columns):\n"
    code += "    return [0.5 for c in completions]\n"
    (tmp_path / "mine.py").write_text(code, "utf-8")
    file = write(tmp_path / "said.jsonl", [{k: v for k, v in row.items() if k != "answer"} for row in SAID])
    named = [f"--function={tmp_path / 'mine.py'}:{name}" for name in ("short", "half")]
    assert main(["grade", file, "--json", "--extract", "last_number", *named]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["verdict"], row["reward"], row["answer"], row["reason"]) for row in rows] == [
        ("right", 1.25, "42", "short: 0.75, half: 0.5"),
        ("unscored", None, "43", "short: unscored, half: 0.5"),
        ("unscored", None, None, "short: unscored, half: 0.5"),
    ]
    assert main(["grade", file]) == 2
    assert "there is no answer" in capsys.readouterr().err
