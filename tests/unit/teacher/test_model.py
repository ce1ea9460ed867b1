"""A teacher elsewhere works ahead, and its silence is never taken for an answer."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from slow_server import SlowServer
from texts import Offline, ScriptedText

import zppo
from zppo.config import FallbackConfig, RunOptions, StudentConfig, TeacherConfig
from zppo.errors import ConfigError, TeacherError
from zppo.teacher.compression import teacher_compression
from zppo.teacher.model import ModelTeacher, configured_teachers
from zppo.training.checks import check_options
from zppo.types import Candidate, Question, Sampling
from zppo.zone.prompts import Templates

TEMPLATES = Templates.load()
SERVED: dict[str, Any] = {"endpoint": "http://127.0.0.1:9/v1", "ahead": 1, "compression": "none", "hints": "cut"}
WORDS_STUDENT = Path(zppo.__file__).parent / "pocket/words/student"
FIRST, SECOND = Sampling(seed=1), Sampling(seed=2)


def questions(*names: str) -> list[Question]:
    return [Question(name, f"{name}?", "1") for name in names]


def test_candidates_of_an_outage_are_counted_apart_from_refused_ones() -> None:
    pair = [(q, Candidate(f"long {q.id}", None, False)) for q in questions("a", "b")]
    done = teacher_compression(Offline(), TEMPLATES, Sampling())(pair, 0)
    assert (done.candidates, done.unreachable, done.refused) == ([None, None], 2, 0)
    done = teacher_compression(ScriptedText(lambda prompt, n, visit: ["no summary"]), TEMPLATES, Sampling())(pair, 0)
    assert (done.candidates, done.unreachable, done.refused) == ([None, None], 0, 4)


def test_teachers_are_made_of_a_section_in_its_order() -> None:
    url, other = "http://one/v1", "https://two/v1"
    section = TeacherConfig(model="served", endpoint=(url, "http://three/v1"), fallbacks=("local", other))
    first, second, third = configured_teachers(section, TEMPLATES)
    assert isinstance(first, ModelTeacher) and isinstance(third, ModelTeacher) and second == "local"
    assert (first.engine.config.urls, first.engine.config.model) == ((url, "http://three/v1"), "served")
    assert (third.engine.config.urls, third.engine.config.model) == ((other,), None)
    own = FallbackConfig(endpoint=other, model="dear", api_key_env="DEAR_KEY", price_response=9)
    _, fourth = configured_teachers(replace(section, fallbacks=(own,)), TEMPLATES)
    server = fourth.engine.config
    assert (server.urls, server.model, server.api_key_env) == ((other,), "dear", "DEAR_KEY")
    assert (server.cost(0, 1e6), first.engine.config.cost(0, 1e6)) == (9, 0)
    assert configured_teachers(TeacherConfig(model="m"), TEMPLATES) == ["m"]
    assert configured_teachers(TeacherConfig(), TEMPLATES) == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"endpoint": "localhost:8000"}, "a base URL begins with http"),
        ({"endpoint": "http://user:secret@host/v1"}, "holds no password"),
        ({"endpoint": "http://host/v1?key=secret"}, "holds no password and no query"),
        ({"endpoint": "http://host/v1", "api_key_env": "sk-secret"}, "the name of an environment variable"),
        ({"cache": "c.db", "model": "m"}, "set teacher.endpoint, or leave the cache out"),
        ({"offline": True, "endpoint": "http://h/v1"}, "set teacher.cache"),
        ({"fallbacks": ("a",)}, "which is missing"),
        ({"endpoint": "http://h/v1", "extra_body": {"model": "m"}}, "holds 'model', which is no further field"),
    ],
)
def test_a_section_that_cannot_work_is_refused(options: dict, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as error:
        TeacherConfig(**options)
    assert "secret" not in str(error.value)


def test_a_teacher_that_nobody_answers_for_is_refused_before_training() -> None:
    (teacher,) = configured_teachers(TeacherConfig(endpoint="http://127.0.0.1:9/v1", tries=1, timeout=2), TEMPLATES)
    with pytest.raises(TeacherError, match=r"teacher\.endpoint: .*127\.0\.0\.1:9"):
        teacher.check()


@pytest.mark.parametrize("method", ["hint", "grpo_teacher+replay", "grpo+replay+ncq"])
def test_asking_ahead_is_refused_where_the_method_does_not_ask_about_every_hard_question(method: str) -> None:
    options = RunOptions(method=method, student=StudentConfig(str(WORDS_STUDENT)), teacher=TeacherConfig(**SERVED))
    with pytest.raises(ConfigError, match=r"teacher.ahead .* does not ask about every hard question"):
        check_options(options, options.student.model, [ModelTeacher(SlowServer(), TEMPLATES)])
