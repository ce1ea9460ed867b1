"""Models and reward functions that are given to `ZPPOTrainer` as arguments, beside those that its options name.

The options are made to name what is really used, so that `config.yaml` tells it.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from zppo.config import RewardsConfig, RunOptions, StudentConfig, TeacherConfig
from zppo.errors import ConfigError
from zppo.rewards.functions import load_functions
from zppo.teacher.model import configured_teachers
from zppo.teacher.program import with_program


def given_student(section: StudentConfig, model: Any) -> tuple[StudentConfig, Any]:
    """The section, and the model: a folder, a Hub name or a loaded one."""
    model = _name(model) or section.model
    return (replace(section, model=model) if isinstance(model, str) else section), model


def given_teachers(options: RunOptions, teacher: Any) -> tuple[TeacherConfig, list[Any]]:
    """The section, and the teachers in order."""
    section = options.teacher
    if teacher is None:
        return section, configured_teachers(section, options.loaded_templates)
    teachers = [_name(one) for one in (teacher if isinstance(teacher, list | tuple) else [teacher])]
    if teachers and all(isinstance(one, str) for one in teachers):
        section = replace(section, model=teachers[0], fallbacks=tuple(teachers[1:]))
    return section, [with_program(one, "teacher") for one in teachers]


def given_functions(section: RewardsConfig, reward_funcs: Any) -> Any:
    """The argument, or the functions that the section names; None for neither. Raises ConfigError for both."""
    if not section.named_functions:
        return reward_funcs
    if reward_funcs is not None:
        raise ConfigError(
            "reward functions come from reward_funcs=... and from rewards.functions; leave one of them out"
        )
    return load_functions(section.named_functions, section.weights)


def unnamed(**arguments: Any) -> list[str]:
    """Names of the objects given in Python: no option names them, so only the same script can resume the run."""
    return [name for name, value in arguments.items() if value is not None]


def _name(model: Any) -> Any:
    """A folder given as a path, as text."""
    return str(model) if isinstance(model, Path) else model
