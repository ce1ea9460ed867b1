"""A rollout step that is watched names its phases, and is the same step."""

from dataclasses import replace
from typing import Any

import pytest
from heard import Heard
from worlds import BYTES, Babbler, compressor, cut, verdict

from zppo.config import SamplingConfig, ZoneConfig
from zppo.engines.local import LocalText
from zppo.methods import parse_method
from zppo.rollout.worker import Parts
from zppo.step import rollout_step
from zppo.teacher.model import ModelTeacher
from zppo.training.watched import held_out_numbers, step_numbers, watched
from zppo.types import Group, Prompt, Question, Rollout, StepBatch
from zppo.zone.prompts import Templates
from zppo.zone.replay import PromptReplayBuffer
from zppo.zone.streams import Streams

ZONE = ZoneConfig(new_questions=8, updates=2, group_size=3, teacher_samples=2, augment_fraction=0.5)


def played(method: str, progress: Heard | None) -> list[StepBatch]:
    templates = Templates.load()
    teachers = [ModelTeacher(LocalText(Babbler("teacher"), BYTES), templates)]
    parts = Parts(
        parse_method(method), Babbler("student"), BYTES, verdict, teachers, compressor, templates, fallback=cut
    )
    parts = parts if progress is None else watched(parts, progress)
    buffer = PromptReplayBuffer(8)
    questions = [[Question(f"q{8 * step + i}", f"q{8 * step + i}?", "1") for i in range(8)] for step in range(2)]
    steps = [Streams(3, step) for step in range(2)]
    return [
        rollout_step(new, buffer, parts, ZONE, SamplingConfig(), s) for new, s in zip(questions, steps, strict=True)
    ]


@pytest.mark.parametrize("method", ["zppo", "grpo", "hint+replay", "prefix"])
def test_a_watched_step_is_the_step_and_counts_every_prompt(method: str) -> None:
    progress = Heard()
    bare, seen = played(method, None), played(method, progress)

    def timeless(batch: StepBatch) -> StepBatch:
        return replace(batch, metrics={k: v for k, v in batch.metrics.items() if not k.startswith("time/")})

    assert [timeless(b) for b in seen] == [timeless(b) for b in bare]
    assert progress.phases[0] == ("rollouts of 8 plain", 8, True, 8)
    counted = {name: (total, done) for name, total, _, done in progress.phases if name.startswith("rollouts")}
    assert all(total == done for total, done in counted.values())
    asked = "responses" in parse_method(method).needs
    assert ("responses of the teacher" in {name for name, *_ in progress.phases}) is asked
    assert any(name.startswith("rewriting") for name, *_ in progress.phases) is (method in ("zppo", "hint+replay"))


def test_prompts_of_a_local_teacher_are_counted(student_folder: Any, new_model: Any, tokenizer: Any) -> None:
    from zppo.engines.transformers import local_text

    progress, templates = Heard(), Templates.load()
    teacher = ModelTeacher(local_text(new_model(), tokenizer, 8), templates, "off")
    parts = Parts(parse_method("zppo"), Babbler("student"), BYTES, verdict, [teacher], compressor, templates)
    [counting] = watched(parts, progress).teachers
    questions, sampling = [Question("a", "a?", "1"), Question("b", "b?", "1")], SamplingConfig(max_tokens=2).at(1)

    def answers(asked: Any) -> list[Group]:
        return [future.result() for future in [asked.submit(question, 2, sampling) for question in questions]]

    assert answers(counting) == answers(teacher)
    assert progress.phases == [("responses of the teacher", 2, True, 2)]
    assert teacher.parameters and counting.parameters == teacher.parameters


def test_the_numbers_of_a_step_are_few_and_readable() -> None:
    prompt = Prompt("plain", Question("a", "a?", "1"), "a?")
    group = Group(
        prompt, [Rollout([1], "", reward=r) for r in (1.0, 0.0, None)] + [Rollout([1], "", reward=1.0, injected=True)]
    )
    metrics = {"accuracy/plain": 0.5, "zone/hard_fraction": 0.25, "buffer/size": 1200, "buffer/graduated_total": 3}
    numbers = {"accuracy": "50.0%", "hard": "25.0%", "reward": "0.500"}
    assert step_numbers(StepBatch([group], [], metrics)) == numbers, "nothing is known of a buffer that is not used"
    assert step_numbers(StepBatch([group], [], metrics | {"buffer/admitted_total": 9, "eval/overall": 0.3})) == {
        **numbers,
        "graduated": "3",
        "buffer": "1,200",
        "held-out": "30.0%",
    }
    assert step_numbers(StepBatch([], [], {"zone/hard_fraction": 0})) == {
        "accuracy": "–",
        "hard": "0.0%",
        "reward": "–",
    }


def test_held_out_accuracy_is_shown_by_level() -> None:
    assert held_out_numbers({"eval/overall": 0.5, "eval/easy": 1.0, "eval/hard": 0.125}) == {
        "held-out": "50.0% (easy 100.0%, hard 12.5%)"
    }
    assert held_out_numbers({"eval/unscored": 3}) == {}
