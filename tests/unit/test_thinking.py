"""Thoughts: what chat templates are told of them, and those that a teacher's template opened."""

from pathlib import Path
from typing import Any

import pytest
from texts import ScriptedText
from worlds import verdict

from zppo.config import (
    EvalConfig,
    FallbackConfig,
    JudgeConfig,
    RunOptions,
    SamplingConfig,
    StudentConfig,
    TeacherConfig,
    ZoneConfig,
)
from zppo.engines.local import LocalText
from zppo.engines.scripted import ByteRenderer, ScriptedEngine
from zppo.errors import ConfigError
from zppo.methods import parse_method
from zppo.pocket import WORDS
from zppo.recipe import load_recipe
from zppo.rollout.worker import Parts
from zppo.step import rollout_step
from zppo.teacher.model import ModelTeacher, configured_teachers
from zppo.teacher.rewriting import keep_whole
from zppo.training.checks import check_options
from zppo.types import Question, Sampling, StepBatch
from zppo.zone.prompts import Templates
from zppo.zone.replay import PromptReplayBuffer
from zppo.zone.streams import Streams

TEMPLATES = Templates.load()
OPENING = "<think>\n"
TAUGHT = "abcdef</think>\\boxed{1}"


def saying(says: str) -> ScriptedEngine:
    return ScriptedEngine(lambda prompt, n, visit: [says] * n)


def step(method: str, students: str, teachers: str, shared: bool = True) -> StepBatch:
    """A step on two questions that the student never solves and the teacher always does."""
    teacher = ModelTeacher(LocalText(saying(TAUGHT), ByteRenderer(teachers)), TEMPLATES)
    student = saying("\\boxed{2}"), ByteRenderer(students)
    parts = Parts(parse_method(method), *student, verdict, [teacher], keep_whole, TEMPLATES, shared)
    zone = ZoneConfig(new_questions=2, group_size=2, teacher_samples=1, updates=1, augment_fraction=1)
    questions = [Question(f"q{i}", f"q{i}?", "1") for i in range(2)]
    return rollout_step(questions, PromptReplayBuffer(9), parts, zone, SamplingConfig(), Streams(0, 0))


def text_of(token_ids: Any) -> str:
    return bytes(token - 1 for token in token_ids if token).decode()


def taught(method: str, *templates: str, shared: bool = True) -> set[str]:
    """The teacher's words among the tokens that are trained on, or forced."""
    batch = step(method, *templates, shared=shared)
    if method == "prefix":
        return {text_of(g.prompt.prefix.token_ids) for g in batch.of_kind("prefix") if g.prompt.prefix}
    rollouts = [r for minibatch in batch.minibatches for _, r in minibatch]
    return {text_of(r.token_ids) for r in rollouts if r.text != "\\boxed{2}"}


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("method", ["grpo_teacher", "off_distill"])
def test_thoughts_that_the_teachers_template_opened_are_trained_on_unless_the_students_opens_them_too(
    method: str, shared: bool
) -> None:
    assert taught(method, "", OPENING, shared=shared) == {OPENING + TAUGHT}
    assert taught(method, OPENING, OPENING, shared=shared) == {TAUGHT}
    assert taught(method, "", "", shared=shared) == {TAUGHT}


def test_a_prefix_begins_with_the_thoughts_that_the_teachers_template_opened() -> None:
    whole = len(OPENING + TAUGHT)
    assert taught("prefix", "", OPENING) == {(OPENING + TAUGHT)[: 4 * whole // 10]}
    assert taught("prefix", OPENING, OPENING) == {TAUGHT[: 4 * len(TAUGHT) // 10]}


class Asked(ScriptedText):
    def __init__(self) -> None:
        super().__init__(lambda prompt, n, visit: ["x"] * n)
        self.thinking: list[str] = []

    def generate(self, prompts: Any, n: int, sampling: Sampling) -> Any:
        self.thinking.append(sampling.thinking)
        return super().generate(prompts, n, sampling)


def test_a_teacher_thinks_like_the_student_unless_it_is_told_otherwise() -> None:
    engine, question = Asked(), Question("q", "?", "1")
    for own in (None, "off", "template"):
        ModelTeacher(engine, TEMPLATES, own).submit(question, 1, Sampling(thinking="on")).result()
    assert engine.thinking == ["on", "off", "template"]


def test_all_teachers_of_a_section_are_told() -> None:
    section = TeacherConfig(endpoint="http://one/v1", fallbacks=("http://two/v1",), thinking="off")
    assert [teacher._thinking for teacher in configured_teachers(section, TEMPLATES)] == ["off", "off"]


def test_training_and_held_out_evaluation_are_sampled_alike() -> None:
    assert SamplingConfig().at(seed=1).thinking == "on"
    sampling = SamplingConfig(thinking="off")
    assert sampling.at(seed=1).thinking == EvalConfig().at(1, sampling).thinking == "off"


@pytest.mark.parametrize(("written", "meant"), [("on", "on"), ("off", "off"), ("template", "template")])
def test_on_and_off_may_be_written_without_quotes(tmp_path: Path, written: str, meant: str) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(f"student: {{model: m}}\ndata: {{train: t, eval: e}}\nsampling: {{thinking: {written}}}\n")
    loaded = load_recipe(recipe, {"teacher.thinking": written})
    assert (loaded.sampling.thinking, loaded.teacher.thinking) == (meant, meant)


@pytest.mark.parametrize("section", [SamplingConfig, TeacherConfig])
def test_another_word_is_refused(section: Any) -> None:
    with pytest.raises(ConfigError, match=r"thinking is 'maybe'; it is one of on, off, template"):
        section(thinking="maybe")


@pytest.mark.parametrize(
    ("sampling", "teacher", "says"),
    [
        ({"thinking": "off"}, {}, "sampling.thinking is off, but the chat template of .*student has no switch"),
        ({}, {"thinking": "off"}, "teacher.thinking is off, but the chat template of .*teacher has no switch"),
    ],
)
def test_thoughts_that_nothing_can_switch_off_are_refused(
    sampling: dict[str, Any], teacher: dict[str, Any], says: str
) -> None:
    student, model = str(WORDS / "student"), str(WORDS / "teacher")
    options = RunOptions(
        student=StudentConfig(student),
        teacher=TeacherConfig(model=model, compression="none", **teacher),
        sampling=SamplingConfig(**sampling),
    )
    with pytest.raises(ConfigError, match=says):
        check_options(options, student, [model])


FALLBACK = FallbackConfig(endpoint="http://127.0.0.1:9/v1", model="other")
BODY = {"chat_template_kwargs": {"enable_thinking": False}}


def served(caplog: pytest.LogCaptureFixture, **section: Any) -> list[str]:
    """Warnings of a run whose teachers are servers."""
    teacher = TeacherConfig(endpoint="http://127.0.0.1:9/v1", compression="none", **section)
    teachers = configured_teachers(teacher, TEMPLATES)
    for each in teachers:
        each.check = lambda: None
    options = RunOptions(student=StudentConfig(str(WORDS / "student")), teacher=teacher)
    check_options(options, options.student.model, teachers)
    return [message for message in caplog.messages if "thinking" in message]


@pytest.mark.parametrize("section", [{}, {"no_thinking_body": BODY, "fallbacks": (FALLBACK,)}])
def test_servers_that_are_not_to_think_need_the_fields_that_tell_them(
    section: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ConfigError, match=r"teacher.thinking is off, which the field no_thinking_body tells"):
        served(caplog, thinking="off", **section)
    assert served(caplog, thinking="off", no_thinking_body=BODY) == []


def test_a_server_that_is_left_to_its_default_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    assert served(caplog, thinking="template") == served(caplog, thinking_body=BODY) == []
    (warning,) = served(caplog)
    assert "sampling.thinking is on, but a teacher's server is not told" in warning


def test_a_judge_has_no_use_for_thoughts() -> None:
    with pytest.raises(ConfigError, match=r"judge.thinking_body would never be sent"):
        JudgeConfig(endpoint="http://127.0.0.1:9/v1", thinking_body=BODY)
