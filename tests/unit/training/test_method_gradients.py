"""What each method trains on, from its prompts to the gradient: the groups differ, and nothing else does."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from rows import assert_same_gradient, gradient, token_logprobs
from texts import BYTES, ScriptedText, rolled_out

from zppo.config import SamplingConfig, UpdateConfig, ZoneConfig
from zppo.engines.scripted import ScriptedEngine
from zppo.methods import parse_method
from zppo.rewards.boxed import last_boxed
from zppo.rollout.worker import Parts
from zppo.step import rollout_step
from zppo.teacher.hints import cut_hints
from zppo.teacher.model import ModelTeacher
from zppo.teacher.rewriting import keep_whole
from zppo.training.microbatch import microbatches
from zppo.training.update import PolicyUpdate
from zppo.types import Group, Prompt, Question, StepBatch
from zppo.zone.prompts import Templates
from zppo.zone.replay import PromptReplayBuffer
from zppo.zone.streams import Streams

WORDING = dict.fromkeys(Templates.load().texts, "{question}") | {
    "bcq": "{question} one is right {candidates}",
    "ncq": "{question} not {wrong_answers} {candidates}",
    "hint": "{question} {hint}",
}
TEMPLATES = Templates(WORDING)
EXPECTED_KINDS = {
    "grpo": {"plain"},
    "grpo+replay": {"plain", "replayed"},
    "grpo+bcq+ncq": {"plain", "bcq", "ncq"},
    "grpo+replay+bcq": {"plain", "replayed", "bcq"},
    "grpo+replay+ncq": {"plain", "replayed", "ncq"},
    "zppo": {"plain", "replayed", "bcq", "ncq"},
    "hint+replay": {"plain", "replayed", "hint"},
    "prefix+replay": {"plain", "replayed", "prefix"},
    "grpo_teacher+replay": {"plain", "replayed"},
}


def student(prompt: Prompt, n: int, visit: int) -> list[str]:
    """Some right on the easy question, none on the others; with help a few."""
    right = 2 if prompt.question.id == "easy" else {"plain": 0, "replayed": 0}.get(prompt.kind, 1)
    return [f"yes {i} \\boxed{{1}}" for i in range(right)] + [f"no {i} \\boxed{{{i}}}" for i in range(2, n + 2 - right)]


def verdict(questions: list[Question], responses: list[str]) -> list[float | None]:
    return [float(last_boxed(text) == q.answer) for q, text in zip(questions, responses, strict=True)]


def buffer_with(question: Question) -> PromptReplayBuffer:
    buffer = PromptReplayBuffer(10)
    (failed,) = rolled_out(ScriptedEngine(student), [Prompt("plain", question, "")], 2, SamplingConfig().at(0))
    for rollout in failed.rollouts:
        rollout.reward = 0.0
    buffer.refresh([failed], 0.5)
    return buffer


def step_of(method: str) -> StepBatch:
    """One step on an easy and a hard new question, with a hard one in the buffer; the teacher is always right."""
    sizes = {"new_questions": 2, "group_size": 3, "teacher_samples": 1, "updates": 1}
    zone = ZoneConfig(**sizes, replay_fraction=0.5, augment_fraction=2)
    old, *new = [Question(name, f"{name}?", "1") for name in ("old", "easy", "hard")]
    teacher = ModelTeacher(ScriptedText(lambda prompt, n, visit: ["it is so \\boxed{1}"] * n), TEMPLATES)
    rewriter = cut_hints if method.startswith("hint") else keep_whole
    parts = Parts(parse_method(method), ScriptedEngine(student), BYTES, verdict, [teacher], rewriter, TEMPLATES)
    return rollout_step(new, buffer_with(old), parts, zone, SamplingConfig(), Streams(0, 0))


@pytest.fixture(scope="module")
def model(new_model: Callable[..., Any]) -> Any:
    return new_model(seed=7)


def centred(group: Group) -> list[float]:
    rewards = [r.reward or 0.0 for r in group.rollouts]
    return [reward - sum(rewards) / len(rewards) for reward in rewards]


def own_gradient(model: Any, group: Group) -> list[torch.Tensor]:
    """What one group pulls at the weights, whatever else is in the step: minus sum of A' grad log pi."""

    def pull() -> None:
        pairs = zip(centred(group), group.rollouts, strict=True)
        (-sum(a * token_logprobs(model, group, r, 1.0).sum() for a, r in pairs)).backward()

    return gradient(model, pull)


@pytest.mark.parametrize("method", EXPECTED_KINDS)
def test_a_methods_gradient_is_the_sum_of_what_its_groups_pull(method: str, model: Any) -> None:
    """Scaled by the spread of its non-trivial groups and its response tokens, as method sections 3 and 4 have it."""
    batch = step_of(method)
    assert {g.prompt.kind for g in batch.groups} == EXPECTED_KINDS[method]
    (minibatch,) = batch.minibatches
    tokens = sum(len(r.token_ids) for _, r in minibatch)
    deviations = [d for g in batch.groups if not g.is_trivial for d in centred(g)]
    scale = (sum(d * d for d in deviations) / len(deviations)) ** 0.5 * tokens
    pulls = [own_gradient(model, group) for group in batch.groups]
    expected = [torch.stack(parts).sum(0) / scale for parts in zip(*pulls, strict=True)]
    update = PolicyUpdate(UpdateConfig(), SamplingConfig(), pad=0)
    update.before_step(model, [minibatch])
    got = gradient(model, lambda: update.accumulate(model, minibatch, lambda loss: loss.backward()))
    assert_same_gradient(got, expected)


@pytest.mark.parametrize("method", [name for name in EXPECTED_KINDS if name.split("+")[0] == "grpo"])
def test_a_group_is_the_same_under_every_switch_that_asks_it(method: str) -> None:
    full = {g.prompt.uid: [(r.text, r.reward) for r in g.rollouts] for g in step_of("zppo").groups}
    for group in step_of(method).groups:
        assert [(r.text, r.reward) for r in group.rollouts] == full[group.prompt.uid]


@pytest.mark.parametrize("method", EXPECTED_KINDS)
def test_the_mask_covers_what_was_sampled_and_nothing_that_was_fed(method: str) -> None:
    (minibatch,) = step_of(method).minibatches
    for micro in microbatches(minibatch, 4096, 0, torch.device("cpu")):
        for rollout, targets, mask in zip(micro.rollouts, micro.target_BT, micro.mask_BT, strict=True):
            assert targets[mask].tolist() == rollout.token_ids


def test_a_prefix_is_read_by_the_model_and_masked_from_the_loss() -> None:
    (group, _) = step_of("prefix+replay").of_kind("prefix")
    assert group.prompt.prefix is not None and group.prompt.prefix.text == "it is so \\boxed{1}"[:7]
    (micro,) = microbatches([(group, group.rollouts[0])], 4096, 0, torch.device("cpu"))
    fed, sampled = group.prompt_ids, group.rollouts[0].token_ids
    assert fed[-7:] == list(group.prompt.prefix.token_ids)
    assert micro.ids_BL.tolist() == [fed + sampled]
    assert micro.target_BT[micro.mask_BT].tolist() == sampled
    assert group.rollouts[0].text == group.prompt.prefix.text + "yes 0 \\boxed{1}"


def test_a_teachers_response_is_trained_on_in_its_place() -> None:
    batch = step_of("grpo_teacher+replay")
    taught = [(g.question.id, r.text) for g in batch.groups for r in g.rollouts if r.injected]
    assert taught == [("hard", "it is so \\boxed{1}"), ("old", "it is so \\boxed{1}")]
    assert [len(g.rollouts) for g in batch.groups] == [3, 3, 3]
