"""Code of the user is named, loaded alone, told apart by its bytes, and every fault of it names option and place."""

import re
import sys
from pathlib import Path

import pytest

from zppo.custom import digest, load, load_callable, source
from zppo.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "beside.py").write_text("raise RuntimeError('nobody asked for this file')\n", "utf-8")
    path = tmp_path / "mine.py"
    path.write_text("from dataclasses import dataclass\nNUMBER = 7\ndef score():\n    return NUMBER\n", "utf-8")
    return path


def test_a_function_of_a_file_and_of_a_module(file: Path) -> None:
    assert load("x", f"{file}:score")() == 7
    assert load("x", "json:loads")("7") == 7


def test_nothing_else_is_searched_or_left_beside_the_file(file: Path) -> None:
    before = list(sys.path)
    load("x", f"{file}:score")
    assert sys.path == before and sorted(p.name for p in file.parent.iterdir()) == ["beside.py", "mine.py"]


def test_a_file_is_executed_once_and_again_when_its_content_is_another(file: Path) -> None:
    first = load("x", f"{file}:score")
    assert load("x", f"{file}:score") is first
    mark = digest(source("x", f"{file}:score"))
    file.write_text("def score():\n    return 8\n", "utf-8")
    assert load("x", f"{file}:score")() == 8
    assert digest(source("x", f"{file}:score")) != mark


@pytest.mark.parametrize(
    ("named", "content", "message"),
    [
        ("score", "", "'score' names no code; write FILE.py:NAME or PACKAGE.MODULE:NAME"),
        ("DIR/none.py:score", "", "there is no file "),
        ("no_such_package.module:score", "", "there is no module 'no_such_package.module'"),
        ("DIR/mine.py:scores", "def score(): ...", "there is no 'scores' in "),
        ("DIR/mine.py:scores", "def score(): ...", "did you mean 'score'?"),
        ("DIR/mine.py:score", "score = 7", "is int, which cannot be called"),
        ("DIR/mine.py:score", "import nothing_of_this_name", "raised ModuleNotFoundError when it was loaded"),
        ("DIR/mine.py:score", "raise SystemExit(3)", "raised SystemExit when it was loaded: 3"),
        ("DIR/mine.py:score", "def score(:", "raised SyntaxError when it was loaded"),
    ],
)
def test_faults_name_the_option_and_the_place(file: Path, named: str, content: str, message: str) -> None:
    file.write_text(content, "utf-8")
    with pytest.raises(ConfigError, match=rf"(?s)^rewards\.functions: .*{re.escape(message)}"):
        load_callable("rewards.functions", named.replace("DIR", str(file.parent)))
