"""What real servers make of our requests, and we of their answers."""

import shutil
from dataclasses import replace

import pytest
from realserver import KEY_VARIABLE, TEACHER, RealServer
from talk import asking, counted
from transformers import AutoTokenizer

from zppo.config import SamplingConfig, ZoneConfig
from zppo.engines.base import ask_all
from zppo.engines.scripted import ByteRenderer, ScriptedEngine
from zppo.errors import EngineError
from zppo.methods import parse_method
from zppo.models.renderer import Renderer
from zppo.rewards.routing import RoutedScorer
from zppo.rollout.worker import Parts
from zppo.step import rollout_step
from zppo.teacher.model import ModelTeacher
from zppo.teacher.rewriting import keep_whole
from zppo.types import Prompt, Sampling
from zppo.zone.prompts import Templates
from zppo.zone.replay import PromptReplayBuffer
from zppo.zone.streams import Streams

pytestmark = pytest.mark.services
SAMPLING = Sampling(max_tokens=24, seed=1)
WILD = replace(SAMPLING, temperature=2.0)


def test_the_teacher_behind_it_solves_what_it_was_trained_to_solve(server: RealServer, prompts: list[Prompt]) -> None:
    with asking(server.url, model=server.model, api_key_env=KEY_VARIABLE) as engine:
        engine.check()
        groups = ask_all(engine, prompts, 1, SAMPLING)
        assert "failed" not in counted(engine)
    answers = [g.rollouts[0].text for g in groups]
    rewards = RoutedScorer()([g.question for g in groups], answers)
    assert sum(reward or 0 for reward in rewards) / len(rewards) > 0.8


def test_it_reads_the_tokens_that_a_local_model_would_read(server: RealServer, prompts: list[Prompt]) -> None:
    renderer = Renderer(AutoTokenizer.from_pretrained(server.folder))
    with asking(server.url, model=server.model, api_key_env=KEY_VARIABLE) as engine:
        groups = ask_all(engine, prompts[:4], 1, SAMPLING)
    assert [g.prompt_tokens for g in groups] == [len(renderer.read(p)) for p in prompts[:4]]
    assert all(5 < g.rollouts[0].tokens <= 24 for g in groups)


def test_a_response_that_meets_its_limit_is_cut_off(server: RealServer, prompts: list[Prompt]) -> None:
    with asking(server.url, model=server.model, api_key_env=KEY_VARIABLE) as engine:
        rollout = ask_all(engine, prompts[:1], 1, replace(SAMPLING, max_tokens=3))[0].rollouts[0]
    assert (rollout.finish_reason, rollout.tokens) == ("length", 3)


def test_vllm_tells_that_the_template_opens_the_thoughts(vllm: RealServer, prompts: list[Prompt]) -> None:
    with asking(vllm.url, model="teacher", api_key_env=KEY_VARIABLE) as engine:
        engine.check()
        rollout = ask_all(engine, prompts[:1], 1, replace(SAMPLING, max_tokens=3))[0].rollouts[0]
    assert rollout.whole == f"<think>{rollout.text}" != rollout.text


def test_a_name_that_is_not_served_is_an_error(server: RealServer, prompts: list[Prompt]) -> None:
    with asking(server.url, model="nobody", api_key_env=KEY_VARIABLE) as engine:
        asked = engine.submit(prompts[0], 1, SAMPLING)
        with pytest.raises(EngineError, match=r"HTTP 40[04].*nobody"):
            asked.result()


def test_a_server_that_lists_other_models_than_its_own_is_asked_for_its_own(
    transformers_serve: RealServer, prompts: list[Prompt]
) -> None:
    """`transformers serve` lists what lies in the Hub's cache, whatever it was started with."""
    snapshot = transformers_serve.hub / "models--somebody--else"
    (snapshot / "snapshots/0").mkdir(parents=True)
    (snapshot / "refs").mkdir()
    (snapshot / "refs/main").write_text("0")
    (snapshot / "snapshots/0/config.json").write_text('{"architectures": ["Qwen3ForCausalLM"]}')
    try:
        with asking(transformers_serve.url, model=TEACHER) as engine:
            engine.check()
            assert engine.model == TEACHER and ask_all(engine, prompts[:1], 1, SAMPLING)[0].rollouts
    finally:
        shutil.rmtree(snapshot)


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_both_names_of_the_limit_are_understood(server: RealServer, prompts: list[Prompt], name: str) -> None:
    with asking(server.url, model=server.model, api_key_env=KEY_VARIABLE, length_field=name) as engine:
        assert ask_all(engine, prompts[:1], 1, replace(SAMPLING, max_tokens=3))[0].rollouts[0].tokens == 3


def test_vllm_gives_all_responses_of_a_group_in_one_call(vllm: RealServer, prompts: list[Prompt]) -> None:
    with asking(vllm.url, model=None, api_key_env=KEY_VARIABLE) as engine:
        engine.check()
        groups = ask_all(engine, prompts[:4], 4, WILD)
        assert engine.model == "teacher" and counted(engine) == {"calls": 4}
    assert all(len({r.text for r in g.rollouts}) > 1 for g in groups)


def test_transformers_serve_is_asked_for_each_response(transformers_serve: RealServer, prompts: list[Prompt]) -> None:
    with asking(transformers_serve.url, model=TEACHER) as engine:
        groups = ask_all(engine, prompts[:4], 4, WILD)
        assert counted(engine) == {"calls": 16}
    assert all(len(g.rollouts) == 4 for g in groups)
    assert any(len({r.text for r in g.rollouts}) > 1 for g in groups)


def test_equal_seeds_give_equal_responses_on_vllm(vllm: RealServer, prompts: list[Prompt]) -> None:
    def responses(seed: int) -> list[str]:
        with asking(vllm.url, model="teacher", api_key_env=KEY_VARIABLE) as engine:
            return [r.text for g in ask_all(engine, prompts, 2, replace(WILD, seed=seed)) for r in g.rollouts]

    first, again, other = responses(1), responses(1), responses(2)
    assert first == again
    assert sum(a == b for a, b in zip(first, other, strict=True)) < len(first) / 2


def test_a_step_shows_its_responses_to_the_student(
    server: RealServer, prompts: list[Prompt], templates: Templates
) -> None:
    zone = ZoneConfig(new_questions=4, group_size=2, teacher_samples=2, updates=1, augment_fraction=2)
    student = ScriptedEngine(lambda prompt, n, visit: ["\\boxed{0}"] * n)
    with asking(server.url, model=server.model, api_key_env=KEY_VARIABLE) as engine:
        teachers = [ModelTeacher(engine, templates)]
        parts = Parts(parse_method("zppo"), student, ByteRenderer(), RoutedScorer(), teachers, keep_whole, templates)
        questions = [p.question for p in prompts[:4]]
        sampling = SamplingConfig(max_tokens=24)
        batch = rollout_step(questions, PromptReplayBuffer(9), parts, zone, sampling, Streams(0, 0))
    assert batch.metrics["accuracy/teacher"] > 0.8 and batch.metrics["tokens/teacher"] > 0
    assert all(f"\\boxed{{{g.question.answer}}}" in g.prompt.text for g in batch.of_kind("bcq"))
    assert batch.of_kind("bcq")
