"""Options that cannot work are refused where they are written, by name."""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

import pytest

from zppo.config import (
    AlarmsConfig,
    CheckpointConfig,
    DataConfig,
    EndpointConfig,
    EngineConfig,
    EvalConfig,
    JudgeConfig,
    PromptsConfig,
    Recipe,
    ReportsConfig,
    RunOptions,
    SamplingConfig,
    StudentConfig,
    TeacherConfig,
    UpdateConfig,
    ZoneConfig,
)
from zppo.errors import ConfigError

NAN, INF = float("nan"), float("inf")
ENDPOINT = partial(EndpointConfig, urls=("http://a/v1",))
BAD: list[tuple[Callable[..., Any], str, Any]] = [
    *[(ZoneConfig, "tau", v) for v in (0, -0.1, 1.01, NAN)],
    *[(ZoneConfig, "prefix_fraction", v) for v in (0, 1, -0.1, NAN)],
    *[(ZoneConfig, name, v) for name in ("replay_fraction", "augment_fraction") for v in (-0.01, NAN, INF)],
    *[(ZoneConfig, name, 0) for name in ("new_questions", "teacher_samples", "buffer_size", "updates")],
    *[(ZoneConfig, "group_size", v) for v in (0, 1)],
    *[(section, "temperature", v) for section in (SamplingConfig, EvalConfig) for v in (0.0, -1.0, NAN, INF)],
    *[(section, "top_p", v) for section in (SamplingConfig, EvalConfig) for v in (0.0, 1.1, NAN)],
    *[(section, "top_k", -1) for section in (SamplingConfig, EvalConfig)],
    *[(section, "max_tokens", 0) for section in (SamplingConfig, EvalConfig, PromptsConfig)],
    *[(EvalConfig, name, v) for name, v in (("every", -1), ("samples", 0))],
    *[(UpdateConfig, "clip_low", v) for v in (0.0, 1.0, NAN)],
    *[(UpdateConfig, "clip_high", v) for v in (0.0, NAN)],
    *[(UpdateConfig, "dual_clip", v) for v in (1.0, NAN)],
    *[(UpdateConfig, name, 0) for name in ("microbatch_tokens", "distill_positions")],
    (EngineConfig, "batch_size", 0),
    (TeacherConfig, "compression_tokens", 0),
    *[(DataConfig, name, 0) for name in ("max_answer_chars", "min_image_side", "max_image_pixels", "video_frames")],
    *[(CheckpointConfig, name, 0) for name in ("every", "keep")],
    *[(ENDPOINT, "urls", v) for v in ((), "http://a/v1", ("localhost:8000/v1",), ("http://me:secret@a/v1",))],
    *[(ENDPOINT, name, 0) for name in ("concurrency", "tries")],
    *[(ENDPOINT, "timeout", v) for v in (0, NAN, INF)],
    *[(section, name, 3) for section in (TeacherConfig, JudgeConfig) for name in ("tries", "price_prompt")],
    *[(section, "extra_body", {"top_k": 1}) for section in (TeacherConfig, JudgeConfig)],
    *[(section, "model", "http://a/v1") for section in (TeacherConfig, JudgeConfig)],
    *[(ReportsConfig, name, -1) for name in ("reliance", "rollouts_every")],
    (AlarmsConfig, "stop_when_blind", -1),
    (RunOptions, "rollout_steps", 0),
]


@pytest.mark.parametrize(("section", "option", "value"), BAD)
def test_a_value_that_cannot_work_is_refused_by_name(section: Callable[..., Any], option: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=option):
        section(**{option: value})


def test_new_questions_that_do_not_divide_are_refused_with_the_next_number_that_does() -> None:
    with pytest.raises(ConfigError, match=r"new_questions \(10\).*zone.updates \(4\).*divides is 12"):
        ZoneConfig(new_questions=10, updates=4)


def test_another_mean_is_refused_where_the_method_has_its_own() -> None:
    with pytest.raises(ConfigError, match=r"update.aggregation is sequence.*over questions"):
        RunOptions(method="off_distill+replay", update=UpdateConfig(aggregation="sequence"))
    assert RunOptions(method="on_distill", update=UpdateConfig(aggregation="sequence")).updates_per_step == 1


def test_tau_may_be_one() -> None:
    assert ZoneConfig(tau=1.0).tau == 1.0


@pytest.mark.parametrize(
    ("method", "problem"),
    [("ppo", "no method 'ppo'"), ("zpo", "did you mean 'zppo'"), ("grpo+replai", "did you mean 'replay'")],
)
def test_an_unknown_method_is_refused(method: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        RunOptions(method=method)


@pytest.mark.parametrize("missing", ["student", "data"])
def test_a_recipe_needs_a_student_and_data(missing: str) -> None:
    sections = {"student": StudentConfig("a"), "data": DataConfig("b", "c")}
    assert Recipe(**sections).student.model == "a"  # type: ignore[arg-type]
    del sections[missing]
    with pytest.raises(ConfigError, match=rf"{missing}\.\w+ is missing"):
        Recipe(**sections)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_numpy_would_not_take_is_refused(seed: int) -> None:
    with pytest.raises(ConfigError, match="seed"):
        Recipe(student=StudentConfig("a"), data=DataConfig("b", "c"), seed=seed)


def test_defaults_are_those_of_the_paper() -> None:
    """Method sections 3 to 5."""
    zone = asdict(ZoneConfig())
    assert zone == {
        "new_questions": 96 * 4,
        "group_size": 8,
        "teacher_samples": 4,
        "tau": 0.5,
        "replay_fraction": 0.25,
        "augment_fraction": 0.25,
        "buffer_size": 10_000,
        "updates": 4,
        "minibatches": "groups",
        "advantage": "without_zero",
        "prefix_fraction": 0.4,
        "dynamic_sampling": False,
    }
    assert asdict(SamplingConfig()) == {
        "max_tokens": 12_288,
        "temperature": 1.0,
        "top_p": 1.0,
        "top_k": 0,
        "thinking": "on",
    }
    update = UpdateConfig()
    assert (update.clip_low, update.clip_high, update.dual_clip) == (0.20, 0.28, 10.0)
    assert (TeacherConfig().compression_tokens, PromptsConfig().max_tokens, RunOptions().rollout_steps) == (
        512,
        4096,
        200,
    )


def test_held_out_questions_are_sampled_as_in_training_but_for_what_is_set() -> None:
    sampling = SamplingConfig(max_tokens=24, temperature=1.5, top_p=0.5, top_k=7, thinking="off")
    found = EvalConfig().at(3, sampling)
    assert (found.max_tokens, found.temperature, found.seed, found.thinking) == (24, 1.5, 3, "off")
    assert (found.top_p, found.top_k) == (0.95, 20), "the paper's"
    own = EvalConfig(max_tokens=9, temperature=0.6).at(3, sampling)
    assert (own.max_tokens, own.temperature) == (9, 0.6)


def test_a_section_that_is_no_section_is_refused_by_its_name() -> None:
    with pytest.raises(ConfigError, match=r"zone is dict; pass zppo\.ZoneConfig\(\.\.\.\)"):
        RunOptions(zone={"updates": 2})  # type: ignore[arg-type]
