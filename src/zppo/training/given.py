"""The models that are given to `ZPPOTrainer` as arguments, over those that its options name.

The options are made to name what is really used, so that `config.yaml` tells it.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from zppo.config import RunOptions, StudentConfig, TeacherConfig
from zppo.teacher.remote import configured_teachers
from zppo.zone.prompts import Templates


def given_student(section: StudentConfig, model: Any) -> tuple[StudentConfig, Any]:
    """The section, and the model: a folder, a Hub name or a loaded one."""
    model = _name(model) or section.model
    return (replace(section, model=model) if isinstance(model, str) else section), model


def given_teachers(options: RunOptions, teacher: Any) -> tuple[TeacherConfig, list[Any]]:
    """The section, and the teachers in order."""
    section = options.teacher
    if teacher is None:
        return section, configured_teachers(section, Templates.load(options.prompts.templates))
    teachers = [_name(one) for one in (teacher if isinstance(teacher, list | tuple) else [teacher])]
    if teachers and all(isinstance(one, str) for one in teachers):
        section = replace(section, model=teachers[0], fallbacks=tuple(teachers[1:]))
    return section, teachers


def _name(model: Any) -> Any:
    """A folder given as a path, as text."""
    return str(model) if isinstance(model, Path) else model
