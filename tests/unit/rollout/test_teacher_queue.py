"""Requests to a teacher, by rollout step."""

from concurrent.futures import Future
from typing import Any

import pytest
from slow_server import SlowServer

from zppo.engines.base import EXPECTED, REQUIRED, SPECULATIVE
from zppo.errors import DataError
from zppo.rollout.teacher_queue import TeacherQueue
from zppo.teacher.model import ModelTeacher
from zppo.teacher.program import ProgramTeacher
from zppo.types import Group, Prompt, Question, Sampling
from zppo.zone.prompts import Templates

FIRST, SECOND = Sampling(seed=1), Sampling(seed=2)


def queue_to(server: SlowServer) -> TeacherQueue:
    return TeacherQueue([ModelTeacher(server, Templates.load())])


def questions(*names: str) -> list[Question]:
    return [Question(name, f"{name}?", "1") for name in names]


def test_what_was_requested_is_collected_and_not_asked_again() -> None:
    server = SlowServer()
    queue = queue_to(server)
    queue.request(1, questions("a"), 2, FIRST)
    queue.request(1, questions("a", "b"), 2, FIRST)
    server.answer_from_now_on()
    groups = queue.collect(1, questions("b", "a"), 2, FIRST)
    assert [g.question.id for g in groups] == ["b", "a"]
    assert server.asked == [("a", 1), ("b", 1)]
    assert [r.text for r in groups[1].rollouts] == ["so \\boxed{1} 1"] * 2


def test_another_step_gets_fresh_answers() -> None:
    server = SlowServer()
    queue = queue_to(server)
    queue.request(1, questions("a"), 1, FIRST)
    server.answer_from_now_on()
    (group,) = queue.collect(2, questions("a"), 1, SECOND)
    assert server.asked == [("a", 1), ("a", 2)]
    assert group.rollouts[0].text.endswith("2")


def test_what_a_step_does_not_collect_is_cancelled() -> None:
    server = SlowServer()
    queue = queue_to(server)
    queue.request(1, questions("easy", "hard"), 1, FIRST)
    queue.request(2, questions("later"), 1, SECOND)
    (easy, _), (hard, answer), (later, _) = server.open
    hard.set_result(answer)
    queue.collect(1, questions("hard"), 1, FIRST)
    assert easy.cancelled() and not later.cancelled()
    assert queue.metrics() == {"teacher/prefetched": 3, "teacher/cancelled": 1, "teacher/unreachable": 0}
    assert set(queue.metrics().values()) == {0}


def test_what_was_answered_before_it_turned_out_easy_is_given_up_too() -> None:
    server = SlowServer()
    queue = queue_to(server)
    queue.request(1, questions("easy"), 1, FIRST)
    server.answer_all()
    queue.collect(1, [], 1, FIRST)
    assert queue.metrics()["teacher/cancelled"] == 1


def test_what_is_cancelled_is_given_up_at_once() -> None:
    server = SlowServer()
    queue = queue_to(server)
    queue.request(1, questions("easy", "hard"), 1, FIRST, SPECULATIVE)
    queue.cancel(1, questions("easy", "never requested"))
    (easy, _), (hard, _) = server.open
    assert easy.cancelled() and not hard.cancelled()
    queue.cancel(2, questions("hard"))
    assert not hard.cancelled(), "another step's affair"
    assert queue.metrics()["teacher/cancelled"] == 1


def test_a_question_becomes_as_urgent_as_whoever_asks_for_it_last_but_never_less() -> None:
    server = SlowServer()
    queue = queue_to(server)
    queue.request(1, questions("a", "b"), 1, FIRST, SPECULATIVE)
    queue.request(1, questions("a"), 1, FIRST, EXPECTED)
    queue.request(1, questions("a"), 1, FIRST, SPECULATIVE)
    assert [priority.rank for priority in server.priorities] == [EXPECTED, SPECULATIVE]
    server.answer_all()
    server.answer_from_now_on()
    queue.collect(1, questions("b", "c"), 1, FIRST)
    assert [priority.rank for priority in server.priorities] == [EXPECTED, REQUIRED, REQUIRED]


def test_responses_that_never_came_are_counted_and_nothing_stands_in_for_them() -> None:
    server = SlowServer(missing=3)
    queue = queue_to(server)
    server.answer_from_now_on()
    groups = queue.collect(1, questions("a", "b"), 4, FIRST)
    assert [len(g.rollouts) for g in groups] == [1, 1]
    assert queue.metrics()["teacher/unreachable"] == 6


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
    queue = queue_to(server)
    queue.request(1, questions("a"), 1, FIRST)
    server.answer_from_now_on()
    (group,) = queue.collect(1, questions("a"), 1, FIRST)
    assert len(group.rollouts) == 1 and server.asked == [("a", 1)] * 2


def test_a_teacher_that_cannot_work_ahead_is_asked_when_its_answers_are_collected() -> None:
    class Program:
        asked = 0

        def respond(self, questions: list[Question], n: int, sampling: Sampling) -> list[Group]:
            self.asked += 1
            return [Group(Prompt("plain", question, ""), []) for question in questions]

    program = Program()
    queue = TeacherQueue([ProgramTeacher(program)])
    queue.request(1, questions("a"), 1, FIRST)
    assert program.asked == 0 and queue.metrics() == {}
    assert queue.collect(1, [], 1, FIRST) == [] and program.asked == 0
    assert len(queue.collect(1, questions("b", "a"), 1, FIRST)) == 2 and program.asked == 1


def test_responses_that_a_later_teacher_never_sent_are_counted_too() -> None:
    class Silent:
        def respond(self, questions: Any, n: int, sampling: Sampling) -> list[list[str]]:
            return [[] for _ in questions]

    server = SlowServer(missing=1)
    server.answer_from_now_on()
    first = ProgramTeacher(Silent())
    queue = TeacherQueue([first, ModelTeacher(server, Templates.load())])
    assert queue.collect(1, [], 2, FIRST) == []
    (group,) = queue.ask(1, questions("a"), 2, SECOND)
    assert len(group.rollouts) == 1
    assert queue.metrics()["teacher/unreachable"] == 1
