"""A teacher elsewhere works ahead, and its silence is never taken for an answer."""

import random
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from slow_server import SlowServer

import zppo
from zppo.config import FallbackConfig, RunOptions, SamplingConfig, StudentConfig, TeacherConfig, ZoneConfig
from zppo.engines.base import LIKELY, NOW, PERHAPS
from zppo.engines.scripted import ScriptedEngine
from zppo.errors import ConfigError, DataError, TeacherError
from zppo.methods import parse_method
from zppo.rewards.boxed import last_boxed
from zppo.step import Parts, rollout_step, start_ahead
from zppo.teacher.compression import teacher_compression
from zppo.teacher.hints import cut_hints
from zppo.teacher.remote import RemoteTeacher, configured_teachers
from zppo.teacher.rewriting import keep_whole
from zppo.training.checks import check_options
from zppo.types import Candidate, Group, Prompt, Question, Sampling
from zppo.zone.prompts import Templates
from zppo.zone.replay import PromptReplayBuffer

TEMPLATES = Templates.load()
SERVED: dict[str, Any] = {"endpoint": "http://127.0.0.1:9/v1", "ahead": 1, "compression": "none", "hints": "cut"}
WORDS_STUDENT = Path(zppo.__file__).parent / "pocket/words/student"
FIRST, SECOND = Sampling(seed=1), Sampling(seed=2)


def questions(*names: str) -> list[Question]:
    return [Question(name, f"{name}?", "1") for name in names]


def test_what_was_started_is_collected_and_not_asked_again() -> None:
    server = SlowServer()
    teacher = RemoteTeacher(server, TEMPLATES)
    teacher.start(questions("a"), 2, FIRST)
    teacher.start(questions("a", "b"), 2, FIRST)
    server.answer_from_now_on()
    groups = teacher.respond(questions("b", "a"), 2, FIRST)
    assert [g.question.id for g in groups] == ["b", "a"]
    assert server.asked == [("a", 1), ("b", 1)]
    assert [r.text for r in groups[1].rollouts] == ["so \\boxed{1} 1"] * 2


def test_another_visit_gets_fresh_answers() -> None:
    server = SlowServer()
    teacher = RemoteTeacher(server, TEMPLATES)
    teacher.start(questions("a"), 1, FIRST)
    server.answer_from_now_on()
    (group,) = teacher.respond(questions("a"), 1, SECOND)
    assert server.asked == [("a", 1), ("a", 2)]
    assert group.rollouts[0].text.endswith("2")


def test_what_turned_out_easy_is_given_up() -> None:
    server = SlowServer()
    teacher = RemoteTeacher(server, TEMPLATES)
    teacher.start(questions("easy", "hard"), 1, FIRST)
    (easy, _), (hard, answer) = server.open
    hard.set_result(answer)
    teacher.respond(questions("hard"), 1, FIRST)
    assert easy.cancelled()
    assert teacher.metrics() | {"endpoint/calls": 0} == {
        "teacher/started_early": 2,
        "teacher/given_up": 1,
        "teacher/missing": 0,
        "endpoint/calls": 0,
    }
    assert set(teacher.metrics().values()) == {0, 2}


def test_what_was_answered_before_it_turned_out_easy_is_given_up_too() -> None:
    server = SlowServer()
    teacher = RemoteTeacher(server, TEMPLATES)
    teacher.start(questions("easy"), 1, FIRST)
    server.answer_all()
    teacher.respond([], 1, FIRST)
    assert teacher.metrics()["teacher/given_up"] == 1


def test_what_is_dropped_is_given_up_at_once() -> None:
    server = SlowServer()
    teacher = RemoteTeacher(server, TEMPLATES)
    teacher.start(questions("easy", "hard"), 1, FIRST, PERHAPS)
    teacher.drop(questions("easy", "never started"), FIRST)
    (easy, _), (hard, _) = server.open
    assert easy.cancelled() and not hard.cancelled()
    teacher.drop(questions("hard"), SECOND)
    assert not hard.cancelled(), "another visit's affair"
    assert teacher.metrics()["teacher/given_up"] == 1


def test_a_question_becomes_as_urgent_as_whoever_asks_for_it_last_but_never_less() -> None:
    server = SlowServer()
    teacher = RemoteTeacher(server, TEMPLATES)
    teacher.start(questions("a", "b"), 1, FIRST, PERHAPS)
    teacher.start(questions("a"), 1, FIRST, LIKELY)
    teacher.start(questions("a"), 1, FIRST, PERHAPS)
    assert [priority.rank for priority in server.priorities] == [LIKELY, PERHAPS]
    server.answer_all()
    server.answer_from_now_on()
    teacher.respond(questions("b", "c"), 1, FIRST)
    assert [priority.rank for priority in server.priorities] == [LIKELY, NOW, NOW]


def test_responses_that_never_came_are_counted_and_nothing_stands_in_for_them() -> None:
    server = SlowServer(missing=3)
    teacher = RemoteTeacher(server, TEMPLATES)
    server.answer_from_now_on()
    groups = teacher.respond(questions("a", "b"), 4, FIRST)
    assert [len(g.rollouts) for g in groups] == [1, 1]
    assert teacher.metrics()["teacher/missing"] == 6


def verdict(asked: Sequence[Question], responses: Sequence[str]) -> list[float | None]:
    return [float(last_boxed(text) == q.answer) for q, text in zip(asked, responses, strict=True)]


def parts(server: SlowServer, student: Callable[[Prompt, int, int], list[str]], method: str = "zppo") -> Parts:
    teacher = RemoteTeacher(server, TEMPLATES)
    return Parts(parse_method(method), ScriptedEngine(student), verdict, [teacher], keep_whole, TEMPLATES)


SIZES = {"new_questions": 2, "group_size": 2, "teacher_samples": 2, "updates": 1}
ZONE = ZoneConfig(**SIZES, replay_fraction=0.5, augment_fraction=2)


def all_wrong(prompt: Prompt, n: int, visit: int) -> list[str]:
    return [f"\\boxed{{{i + 2}}}" for i in range(n)]


def test_the_teacher_begins_while_the_student_still_generates() -> None:
    """The embedded student finishes one prompt after the other; the first is hard."""
    server, seen = SlowServer(), []

    class OneByOne(ScriptedEngine):
        def generate(self, prompts, n, sampling, done=lambda groups: None):
            groups = []
            for prompt in prompts:
                groups += super().generate([prompt], n, sampling, done)
                seen.append(len(server.asked))
            if prompts[0].kind == "plain":
                server.answer_from_now_on()
            return groups

    teacher = RemoteTeacher(server, TEMPLATES)
    made = Parts(parse_method("zppo"), OneByOne(all_wrong), verdict, [teacher], keep_whole, TEMPLATES)
    batch = rollout_step(questions("a", "b"), PromptReplayBuffer(9), made, ZONE, SamplingConfig(), random.Random(0))
    assert seen[:2] == [1, 2]
    assert {priority.rank for priority in server.priorities} == {NOW}
    assert len(server.asked) == 2
    assert len(batch.of_kind("bcq")) == 2


def test_what_the_next_step_replays_is_asked_before_it_begins() -> None:
    buffer, server = PromptReplayBuffer(9), SlowServer()
    made = parts(server, all_wrong)
    server.answer_from_now_on()
    rollout_step(questions("a", "b"), buffer, made, ZONE, SamplingConfig(), random.Random(0))
    server.asked.clear()
    start_ahead(questions("c", "d"), buffer, made, ZONE, SamplingConfig(), random.Random(1))
    ahead = list(server.asked)
    server.answer_from_now_on()
    batch = rollout_step(questions("c", "d"), buffer, made, ZONE, SamplingConfig(), random.Random(1))
    (replayed,) = batch.of_kind("replayed")
    assert [name for name, _ in ahead] == [replayed.question.id]
    assert server.priorities[-3].rank == NOW, "likely at first, and hard again"
    assert sorted(name for name, _ in server.asked) == sorted([replayed.question.id, "c", "d"])


def test_the_next_step_is_known_before_this_ones_teacher_has_answered() -> None:
    buffer, server = PromptReplayBuffer(9), SlowServer()
    known: list[tuple[set[str], int]] = []

    def refreshed() -> None:
        known.append(({entry.question.id for entry in buffer}, len(server.open)))
        server.answer_from_now_on()

    made = replace(parts(server, all_wrong), on_refresh=refreshed)
    rollout_step(questions("a", "b"), buffer, made, ZONE, SamplingConfig(), random.Random(0))
    assert known == [({"a", "b"}, 2)], "the buffer is the next step's, and two answers are still open"


@pytest.mark.parametrize("at_once", [True, False])
def test_media_that_cannot_be_read_ahead_are_asked_about_in_their_step(at_once: bool) -> None:
    class Blind(SlowServer):
        def submit(self, *given: Any, **more: Any) -> "Future[Group]":
            asked = super().submit(*given, **more)
            if len(self.asked) == 1:
                if at_once:
                    raise DataError("no such file")
                asked.set_exception(DataError("no such file"))
                self.open.clear()
            return asked

    server = Blind()
    teacher = RemoteTeacher(server, TEMPLATES)
    teacher.start(questions("a"), 1, FIRST)
    server.answer_from_now_on()
    (group,) = teacher.respond(questions("a"), 1, FIRST)
    assert len(group.rollouts) == 1 and server.asked == [("a", 1)] * 2


def test_all_new_questions_may_be_asked_ahead_and_the_easy_ones_are_given_up() -> None:
    server = SlowServer()
    made = parts(server, lambda prompt, n, visit: ["\\boxed{1}" if prompt.question.id == "a" else "\\boxed{2}"] * n)
    start_ahead(questions("a", "b"), None, made, ZONE, SamplingConfig(), random.Random(1))
    assert [name for name, _ in server.asked] == ["a", "b"]
    (easy, _), (hard, answer) = server.open
    hard.set_result(answer)
    rollout_step(questions("a", "b"), PromptReplayBuffer(9), made, ZONE, SamplingConfig(), random.Random(1))
    assert len(server.asked) == 2 and easy.cancelled()


def test_an_easy_question_is_given_up_as_soon_as_it_is_seen_to_be_easy() -> None:
    server, seen = SlowServer(), []

    class OneByOne(ScriptedEngine):
        def generate(self, prompts, n, sampling, done=lambda groups: None):
            groups = []
            for prompt in prompts:
                groups += super().generate([prompt], n, sampling, done)
                seen.append([future.cancelled() for future, _ in server.open])
            return groups

    teacher = RemoteTeacher(server, TEMPLATES)
    student = OneByOne(lambda prompt, n, visit: ["\\boxed{1}"] * n)
    made = Parts(parse_method("zppo"), student, verdict, [teacher], keep_whole, TEMPLATES)
    start_ahead(questions("a", "b"), None, made, ZONE, SamplingConfig(), random.Random(1))
    assert {priority.rank for priority in server.priorities} == {PERHAPS}
    rollout_step(questions("a", "b"), PromptReplayBuffer(9), made, ZONE, SamplingConfig(), random.Random(1))
    assert seen == [[True, False], [True, True]]


def test_a_step_without_a_hard_question_gives_up_what_was_started_for_it() -> None:
    server = SlowServer()
    made = parts(server, lambda prompt, n, visit: ["\\boxed{1}"] * n)
    start_ahead(questions("a", "b"), None, made, ZONE, SamplingConfig(), random.Random(1))
    rollout_step(questions("a", "b"), PromptReplayBuffer(9), made, ZONE, SamplingConfig(), random.Random(1))
    assert all(future.cancelled() for future, _ in server.open)


@pytest.mark.parametrize("method", ["hint", "prefix+replay"])
def test_hint_and_prefix_ask_about_the_kept_questions_alone_and_nothing_is_started_for_others(method: str) -> None:
    server = SlowServer(text="count \\boxed{1}")
    server.answer_from_now_on()
    made = replace(parts(server, half_or_never), method=parse_method(method), rewriter=cut_hints)
    zone, new = ZoneConfig(**SIZES, augment_fraction=0.5, tau=1.0), questions("half", "never")
    start_ahead(new, None, made, zone, SamplingConfig(), random.Random(0))
    rollout_step(new, PromptReplayBuffer(9), made, zone, SamplingConfig(), random.Random(0))
    assert [name for name, _ in server.asked] == ["never"]


def test_grpo_teacher_starts_only_all_wrong_groups_and_nothing_ahead_of_its_step() -> None:
    server = SlowServer()
    made, zone = parts(server, half_or_never, "grpo_teacher+replay"), ZoneConfig(**SIZES, tau=1.0)
    new, buffer = questions("half", "never"), PromptReplayBuffer(9)
    start_ahead(new, None, made, zone, SamplingConfig(), random.Random(0))
    assert server.asked == []
    server.answer_from_now_on()
    rollout_step(new, buffer, made, zone, SamplingConfig(), random.Random(0))
    assert [name for name, _ in server.asked] == ["never"]
    start_ahead(questions("c", "d"), buffer, made, ZONE, SamplingConfig(), random.Random(1))
    assert len(server.asked) == 1, "what is replayed may not be all wrong the next time"


def half_or_never(prompt: Prompt, n: int, visit: int) -> list[str]:
    return ["\\boxed{1}" if i == 0 and prompt.question.id == "half" else f"\\boxed{{{i + 2}}}" for i in range(n)]


@pytest.mark.parametrize("method", ["grpo+replay", "grpo+replay+ncq", "on_distill"])
def test_a_teacher_that_is_not_asked_is_not_started(method: str) -> None:
    server = SlowServer()
    made = parts(server, all_wrong, method)
    rollout_step(questions("a", "b"), PromptReplayBuffer(9), made, ZONE, SamplingConfig(), random.Random(0))
    assert server.asked == []


def test_while_the_teacher_is_down_a_step_goes_on_with_ncqs() -> None:
    server = SlowServer(missing=2)
    server.answer_from_now_on()
    made = parts(server, all_wrong)
    batch = rollout_step(questions("a", "b"), PromptReplayBuffer(9), made, ZONE, SamplingConfig(), random.Random(0))
    assert [g.prompt.kind for g in batch.groups] == ["plain", "plain", "ncq", "ncq"]
    assert "accuracy/teacher" not in batch.metrics


def test_candidates_of_an_outage_are_counted_apart_from_refused_ones() -> None:
    pair = [(q, Candidate(f"long {q.id}", None, False)) for q in questions("a", "b")]
    done = teacher_compression(SlowServer(missing=1), TEMPLATES, Sampling())(pair, 0)
    assert (done.candidates, done.unreachable, done.refused) == ([None, None], 2, 0)
    done = teacher_compression(SlowServer(text="no summary"), TEMPLATES, Sampling())(pair, 0)
    assert (done.candidates, done.unreachable, done.refused) == ([None, None], 0, 4)


def test_a_step_is_the_same_whenever_the_teacher_begins() -> None:
    def outcome(ahead: bool) -> list[tuple[str, str]]:
        server = SlowServer(text="\\boxed{1}")
        made, rng = parts(server, all_wrong), random.Random(3)
        if ahead:
            start_ahead(questions("a", "b"), PromptReplayBuffer(9), made, ZONE, SamplingConfig(), random.Random(3))
        server.answer_from_now_on()
        batch = rollout_step(questions("a", "b"), PromptReplayBuffer(9), made, ZONE, SamplingConfig(), rng)
        return [(g.prompt.uid, g.prompt.text) for g in batch.groups]

    assert outcome(True) == outcome(False)


def test_teachers_are_made_of_a_section_in_its_order() -> None:
    url, other = "http://one/v1", "https://two/v1"
    section = TeacherConfig(model="served", endpoint=(url, "http://three/v1"), fallbacks=("local", other))
    first, second, third = configured_teachers(section, TEMPLATES)
    assert isinstance(first, RemoteTeacher) and isinstance(third, RemoteTeacher) and second == "local"
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
        check_options(options, options.student.model, [RemoteTeacher(SlowServer(), TEMPLATES)])
