"""A teacher that is a program: `teacher.model: python:FILE.py:CLASS` (docs/custom.md)."""

from typing import Any

from zppo.custom import PROGRAM, load
from zppo.errors import TeacherError


def with_program(teacher: Any, option: str) -> Any:
    """The program that `teacher` names, if it does: what the name stands for if that has `respond`, else what it
    returns when it is called without arguments. Other teachers as they are.

    Raises ConfigError for code that cannot be loaded, TeacherError for what is no teacher.
    """
    if not isinstance(teacher, str) or not teacher.startswith(PROGRAM):
        return teacher
    found = load(option, teacher.removeprefix(PROGRAM))
    if isinstance(found, type) or not hasattr(found, "respond"):
        if not callable(found):
            raise TeacherError(f"{option}: {teacher} is {type(found).__name__}; name a class with a method `respond`")
        try:
            found = found()
        except Exception as error:
            raise TeacherError(f"{option}: {teacher}() raised {type(error).__name__}: {error}") from error
    if not callable(getattr(found, "respond", None)):
        raise TeacherError(f"{option}: {teacher} has no method `respond(questions, n, sampling)`")
    return found
