"""A whole rollout step whose teacher sits behind the OpenAI API: there, and not there."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from flaky import FlakyServer, Request, Response
from talk import asking, completion

from zppo.config import SamplingConfig, ZoneConfig
from zppo.engines import servers
from zppo.engines.endpoint import EndpointEngine
from zppo.engines.scripted import ByteRenderer, ScriptedEngine
from zppo.methods import parse_method
from zppo.rewards.boxed import last_boxed
from zppo.rewards.functions import RewardFunctions
from zppo.rollout.worker import Parts
from zppo.step import rollout_step
from zppo.teacher.compression import teacher_compression
from zppo.teacher.hints import teacher_hints
from zppo.teacher.model import ModelTeacher
from zppo.types import Question, Sampling, StepBatch
from zppo.zone.prompts import Templates
from zppo.zone.replay import PromptReplayBuffer
from zppo.zone.streams import Streams

TEMPLATES = Templates.load()
COMPRESSION = partial(teacher_compression, sampling=Sampling())
HINTS = partial(teacher_hints, sampling=Sampling())
ZONE = ZoneConfig(new_questions=2, group_size=2, teacher_samples=2, updates=1, augment_fraction=2)


def wise(request: Request) -> Response:
    """Answers questions, and writes summaries and hints when asked to."""
    asked = request.json["messages"][0]["content"]
    if "<summary>" in asked:
        says = "<summary>short \\boxed{1}</summary>" if "\\boxed{1}" in asked else "<summary>short \\boxed{2}</summary>"
    else:
        says = "<hint>count them</hint>" if "<hint>" in asked else "long story \\boxed{1}"
    return completion(*[{"content": says}] * request.json.get("n", 1))


def verdict(questions: Sequence[Question], responses: Sequence[str]) -> list[float | None]:
    return [float(last_boxed(r) == q.answer) for q, r in zip(questions, responses, strict=True)]


def step(method: str, engine: EndpointEngine, rewriting: Callable[..., Any], judge: Any = verdict) -> StepBatch:
    """On two questions that the student never solves."""
    student = ScriptedEngine(lambda prompt, n, visit: ["\\boxed{2}"] * n)
    rewriter = rewriting(engine, TEMPLATES)
    parts = Parts(
        parse_method(method), student, ByteRenderer(), judge, [ModelTeacher(engine, TEMPLATES)], rewriter, TEMPLATES
    )
    questions = [Question(f"q{i}", f"q{i}?", "1", {"level": "hard"}) for i in range(2)]
    return rollout_step(questions, PromptReplayBuffer(9), parts, ZONE, SamplingConfig(), Streams(0, 0))


def test_its_compressed_responses_reach_the_student() -> None:
    with FlakyServer(wise) as server, asking(server) as engine:
        batch = step("zppo", engine, COMPRESSION)
    bcq = batch.of_kind("bcq")
    assert len(bcq) == 2 and all("short \\boxed{1}" in g.prompt.text and "long story" not in g.prompt.text for g in bcq)
    assert batch.metrics["accuracy/teacher"] == 1.0
    calls, rewritten = 2, 4
    assert batch.metrics["tokens/teacher"] == calls * (2 * 5 + 1) + rewritten * (5 + 1)
    assert batch.metrics["tokens/teacher_prompt"] == 7 * (calls + rewritten)


def thinking_first(request: Request) -> Response:
    """Like Qwen3.5-27B: what it writes is cut off in its thoughts unless they are switched off."""
    asked = request.json
    switched_off = asked.get("chat_template_kwargs", {}).get("enable_thinking") is False
    if asked["max_tokens"] > 512 or switched_off:
        return wise(request)
    return completion({"content": "<think>let me see"}, finish="length")


def test_one_that_thinks_first_compresses_once_that_is_switched_off(caplog: pytest.LogCaptureFixture) -> None:
    quick = {"chat_template_kwargs": {"enable_thinking": False}}
    writing = partial(teacher_compression, sampling=Sampling(max_tokens=512, thinking="off"))
    with FlakyServer(thinking_first) as server:
        with asking(server) as engine:
            lost = step("zppo", engine, writing)
        with asking(server, no_thinking_body=quick) as engine:
            batch = step("zppo", engine, writing)
    assert lost.metrics["zone/compressions_failed"] == 8
    assert all("long story" in g.prompt.text for g in lost.of_kind("bcq")) and len(lost.of_kind("ncq")) == 2
    assert ["teacher.no_thinking_body" in message for message in caplog.messages] == [True]
    assert len(batch.of_kind("bcq")) == 2 and batch.metrics["zone/compressions_failed"] == 0


def test_its_hints_reach_the_student() -> None:
    with FlakyServer(wise) as server, asking(server) as engine:
        hints = step("hint", engine, HINTS).of_kind("hint")
    assert len(hints) == 2 and all("count them" in g.prompt.text for g in hints)


@pytest.mark.parametrize(("method", "rewriting"), [("zppo", COMPRESSION), ("hint", HINTS)])
def test_the_step_goes_on_without_it(
    method: str, rewriting: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "FIRST_WAIT", 0.01)
    with asking("http://127.0.0.1:9/v1", tries=2) as engine:
        batch = step(method, engine, rewriting)
    assert {g.prompt.kind for g in batch.groups} == ({"plain", "ncq"} if method == "zppo" else {"plain"})
    assert "accuracy/teacher" not in batch.metrics and batch.metrics["tokens/teacher"] == 0


def test_reward_functions_are_not_called_for_no_responses(monkeypatch: pytest.MonkeyPatch) -> None:
    def by_level(completions: list[str], level: list[str], **columns: Any) -> list[float]:
        return [0.0 for _ in completions]

    monkeypatch.setattr(servers, "FIRST_WAIT", 0.01)
    with asking("http://127.0.0.1:9/v1", tries=1) as engine:
        batch = step("zppo", engine, COMPRESSION, RewardFunctions([by_level]))
    assert [g.prompt.kind for g in batch.groups] == ["plain", "plain", "ncq", "ncq"]
