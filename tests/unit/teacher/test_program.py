"""A teacher that is a program: a class, a function or an instance of a file."""

from pathlib import Path

import pytest

from zppo.config import TeacherConfig
from zppo.errors import ConfigError, TeacherError
from zppo.teacher.model import configured_teachers
from zppo.zone.prompts import Templates

CODE = """
class Solver:
    def respond(self, questions, n, sampling): return []
class Needy(Solver):
    def __init__(self, key): ...
class Silent: ...
ready = Solver()
number = 7
def made(): return Solver()
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "mine.py").write_text(CODE, "utf-8")
    return f"python:{tmp_path / 'mine.py'}"


@pytest.mark.parametrize("name", ["Solver", "made", "ready"])
def test_a_class_a_function_and_an_instance_are_teachers_and_so_are_fallbacks(file: str, name: str) -> None:
    section = TeacherConfig(f"{file}:{name}", fallbacks=("local", f"{file}:Solver"))
    first, local, last = configured_teachers(section, Templates.load())
    assert local == "local" and [t.name for t in (first, last)] == ["Solver", "Solver"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Needy", "Needy.. raised TypeError: .*'key'"),
        ("Silent", "Silent has no method `respond.questions, n, sampling.`"),
        ("number", "number is int; name a class with a method `respond`"),
    ],
)
def test_what_is_no_teacher_is_refused(file: str, name: str, message: str) -> None:
    with pytest.raises(TeacherError, match=rf"^teacher\.model: .*{message}"):
        configured_teachers(TeacherConfig(f"{file}:{name}"), Templates.load())


def test_no_endpoint_serves_a_program_and_a_misspelt_one_is_named(file: str) -> None:
    with pytest.raises(ConfigError, match="leave one of them out"):
        TeacherConfig(f"{file}:Solver", endpoint="http://x/v1")
    with pytest.raises(ConfigError, match="did you mean 'Solver'"):
        configured_teachers(TeacherConfig(f"{file}:Solvr"), Templates.load())
