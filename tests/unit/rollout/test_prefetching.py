"""A teacher elsewhere works ahead of the step that needs it, and its silence is never taken for an answer."""

import re
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import pytest
from slow_server import SlowServer

from zppo.config import SamplingConfig, ZoneConfig
from zppo.engines.base import EXPECTED, REQUIRED, SPECULATIVE, Priority
from zppo.engines.scripted import ByteRenderer, ScriptedEngine
from zppo.methods import parse_method
from zppo.rewards.boxed import last_boxed
from zppo.rollout.worker import Parts
from zppo.step import rollout_step
from zppo.teacher.hints import cut_hints
from zppo.teacher.model import ModelTeacher
from zppo.teacher.rewriting import keep_whole
from zppo.types import Group, Prompt, Question, Sampling, StepBatch
from zppo.zone.prompts import Templates
from zppo.zone.replay import PromptReplayBuffer
from zppo.zone.streams import Streams

TEMPLATES = Templates.load()
SIZES: dict[str, Any] = {"new_questions": 2, "group_size": 2, "teacher_samples": 2, "updates": 1}
ZONE = ZoneConfig(**SIZES, replay_fraction=0.5, augment_fraction=2)


def questions(*names: str) -> list[Question]:
    return [Question(name, f"{name}?", "1") for name in names]


def verdict(asked: Sequence[Question], responses: Sequence[str]) -> list[float | None]:
    return [float(last_boxed(text) == q.answer) for q, text in zip(asked, responses, strict=True)]


def parts(
    server: SlowServer, student: Callable[[Prompt, int, int], list[str]] | ScriptedEngine, method: str = "zppo"
) -> Parts:
    engine = student if isinstance(student, ScriptedEngine) else ScriptedEngine(student)
    teacher = ModelTeacher(server, TEMPLATES)
    return Parts(parse_method(method), engine, ByteRenderer(), verdict, [teacher], keep_whole, TEMPLATES, ahead=1)


def step(
    new: list[Question],
    made: Parts,
    number: int = 0,
    buffer: PromptReplayBuffer | None = None,
    upcoming: Sequence[list[Question]] = (),
    zone: ZoneConfig = ZONE,
) -> StepBatch:
    buffer = PromptReplayBuffer(9) if buffer is None else buffer
    return rollout_step(new, buffer, made, zone, SamplingConfig(), Streams(0, number), upcoming)


def all_wrong(prompt: Prompt, n: int, visit: int) -> list[str]:
    return [f"\\boxed{{{i + 2}}}" for i in range(n)]


def first_right(prompt: Prompt, n: int, visit: int) -> list[str]:
    """`a` and what begins a run are easy."""
    return ["\\boxed{1}" if prompt.question.id in ("a", "before") else "\\boxed{2}"] * n


class OneByOne(ScriptedEngine):
    """Finishes one prompt after the other, and looks at the server after each."""

    def __init__(self, script: Callable[[Prompt, int, int], list[str]], look: Callable[[], None]) -> None:
        super().__init__(script)
        self._look = look

    def generate(self, requests, decoding):
        for finished in super().generate(requests, decoding):
            yield finished
            self._look()


def test_the_teacher_begins_while_the_student_still_generates() -> None:
    server, seen = SlowServer(), []

    def look() -> None:
        seen.append(len(server.asked))
        if len(seen) == 2:
            server.answer_from_now_on()

    batch = step(questions("a", "b"), parts(server, OneByOne(all_wrong, look)))
    assert seen[:2] == [1, 2]
    assert {priority.rank for priority in server.priorities} == {REQUIRED}
    assert len(server.asked) == 2
    assert len(batch.of_kind("bcq")) == 2


def test_what_the_next_step_replays_is_asked_before_it_begins() -> None:
    buffer, server = PromptReplayBuffer(9), SlowServer()
    made = replace(parts(server, all_wrong), ahead=0)
    server.answer_from_now_on()
    step(questions("a", "b"), made, 0, buffer, [questions("c", "d")])
    ahead = server.asked[2:]
    assert [priority.rank for priority in server.priorities] == [REQUIRED, REQUIRED, EXPECTED]
    server.answer_from_now_on()
    batch = step(questions("c", "d"), made, 1, buffer)
    (replayed,) = batch.of_kind("replayed")
    assert [name for name, _ in ahead] == [replayed.question.id]
    assert server.priorities[2].rank == REQUIRED, "likely at first, and hard again"
    assert sorted(name for name, _ in server.asked[2:]) == sorted([replayed.question.id, "c", "d"])


def test_the_next_step_is_requested_before_this_ones_teacher_has_answered() -> None:
    server = SlowServer()
    known: list[int] = []
    submit = server.submit

    def submitted(prompt: Prompt, n: int, sampling: Sampling, priority: Priority | None = None) -> "Future[Group]":
        if priority is not None and priority.rank == EXPECTED:
            known.append(len(server.open))
            server.answer_from_now_on()
        return submit(prompt, n, sampling, priority)

    server.submit = submitted  # type: ignore[method-assign]
    step(questions("a", "b"), replace(parts(server, all_wrong), ahead=0), upcoming=[questions("c", "d")])
    assert known == [2], "a question of the next step is asked while both answers of this one are open"


def test_all_new_questions_may_be_asked_ahead_and_the_easy_ones_are_cancelled() -> None:
    server = SlowServer()
    made = parts(server, first_right)
    step(questions("before"), made, 0, upcoming=[questions("a", "b"), questions("too early")])
    assert [name for name, _ in server.asked] == ["a", "b"]
    assert {priority.rank for priority in server.priorities} == {SPECULATIVE}
    (easy, _), (hard, answer) = server.open
    hard.set_result(answer)
    step(questions("a", "b"), made, 1)
    assert len(server.asked) == 2 and easy.cancelled()


def test_an_easy_question_is_cancelled_as_soon_as_it_is_seen_to_be_easy() -> None:
    server, seen = SlowServer(), []
    student = OneByOne(lambda prompt, n, visit: ["\\boxed{1}"] * n, lambda: seen.append(cancelled(server)))
    made = parts(server, student)
    step(questions("before"), made, 0, upcoming=[questions("a", "b")])
    step(questions("a", "b"), made, 1)
    assert seen[1:] == [[True, False], [True, True]]


def cancelled(server: SlowServer) -> list[bool]:
    return [future.cancelled() for future, _ in server.open]


@pytest.mark.parametrize("method", ["hint", "prefix+replay"])
def test_hint_and_prefix_ask_about_the_kept_questions_alone_and_nothing_is_requested_for_others(method: str) -> None:
    server = SlowServer(text="count \\boxed{1}")
    server.answer_from_now_on()
    made = replace(parts(server, half_or_never), method=parse_method(method), rewriter=cut_hints)
    zone = ZoneConfig(**SIZES, augment_fraction=0.5, tau=1.0)
    step(questions("half", "never"), made, upcoming=[questions("later")], zone=zone)
    assert [name for name, _ in server.asked] == ["never"]


def test_grpo_teacher_requests_only_all_wrong_groups_and_nothing_ahead_of_its_step() -> None:
    server = SlowServer()
    made, zone = parts(server, half_or_never, "grpo_teacher+replay"), ZoneConfig(**SIZES, tau=1.0)
    server.answer_from_now_on()
    step(questions("half", "never"), made, upcoming=[questions("c", "d")], zone=zone)
    assert [name for name, _ in server.asked] == ["never"], "what is replayed may not be all wrong the next time"


def half_or_never(prompt: Prompt, n: int, visit: int) -> list[str]:
    return ["\\boxed{1}" if i == 0 and prompt.question.id == "half" else f"\\boxed{{{i + 2}}}" for i in range(n)]


@pytest.mark.parametrize("method", ["grpo+replay", "grpo+replay+ncq", "on_distill"])
def test_a_teacher_that_is_not_asked_gets_no_request(method: str) -> None:
    server = SlowServer()
    step(questions("a", "b"), parts(server, all_wrong, method), upcoming=[questions("c", "d")])
    assert server.asked == []


def test_while_the_teacher_is_down_a_step_goes_on_with_ncqs() -> None:
    server = SlowServer(missing=2)
    server.answer_from_now_on()
    batch = step(questions("a", "b"), parts(server, all_wrong))
    assert [g.prompt.kind for g in batch.groups] == ["plain", "plain", "ncq", "ncq"]
    assert "accuracy/teacher" not in batch.metrics


def test_a_step_is_the_same_whenever_the_teacher_begins() -> None:
    def outcome(upcoming: list[list[Question]]) -> list[tuple[str, str]]:
        server, buffer = SlowServer(text="\\boxed{1}"), PromptReplayBuffer(9)
        made = parts(server, all_wrong)
        server.answer_from_now_on()
        step(questions("x", "y"), made, 0, buffer, upcoming)
        batch = step(questions("a", "b"), made, 1, buffer)
        numbered = re.compile(r"(boxed.1.) \d+")  # by the server, in the order it was asked
        return [(g.prompt.uid, numbered.sub(r"\1", g.prompt.text)) for g in batch.groups]

    assert outcome([questions("a", "b")]) == outcome([])
