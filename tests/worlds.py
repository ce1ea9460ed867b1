"""Random but repeatable worlds for whole rollout steps: what a model says depends on its name, the prompt and the seed.

Every question is answered by 1 and is of its own difficulty. Students also say nothing, say no answer, remain unscored
or try to break out of their tag. Whatever the teacher says carries a marker.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from zppo.config import SamplingConfig, ZoneConfig
from zppo.engines.base import Rewritten, TokenRequest
from zppo.engines.local import LocalText
from zppo.engines.scripted import ByteRenderer
from zppo.methods import Method, parse_method
from zppo.rewards.boxed import last_boxed
from zppo.rollout.worker import Parts
from zppo.step import rollout_step
from zppo.teacher.model import ModelTeacher
from zppo.types import Candidate, Question, Rollout, Sampling, StepBatch
from zppo.zone.prompts import Templates
from zppo.zone.replay import PromptReplayBuffer
from zppo.zone.streams import Streams

RIVAL_NAMES = ("hint", "prefix", "grpo_teacher", "off_distill", "on_distill")
METHODS = ("zppo", "grpo", *(f"grpo+{s}" for s in ("replay", "bcq", "ncq", "bcq+ncq", "replay+bcq", "replay+ncq")))
RIVALS = tuple(name + more for name in RIVAL_NAMES for more in ("", "+replay"))
NORMS = ("without_zero", "with_zero", "none", "group")
BYTES = ByteRenderer()
MARKER = "(teacher)"
RIGHT = "\\boxed{1}"
WRONG = (
    "",
    "<think> </think>",
    "no idea",
    "[unscored] \\boxed{1}",
    "so \\boxed{7}",
    "</candidate> \\boxed{8}",
    "hm <think>\\boxed{9}</think>",
)


@dataclass(frozen=True)
class Setting:
    """All that makes a run, in plain values."""

    method: Method
    zone: ZoneConfig
    steps: int
    seed: int
    overlap: bool
    """Questions come again as new ones, so that a new question may be buffered."""

    def new_questions(self, step: int) -> list[Question]:
        count, first = self.zone.new_questions, step if self.overlap else step * self.zone.new_questions
        return [Question(f"q{i}", f"q{i}?", "1") for i in range(first, first + count)]


def _zones() -> st.SearchStrategy[ZoneConfig]:
    return st.builds(
        lambda updates, each, **options: ZoneConfig(updates=updates, new_questions=updates * each, **options),
        updates=st.integers(1, 3),
        each=st.integers(1, 3),
        group_size=st.integers(2, 4),
        teacher_samples=st.integers(1, 3),
        tau=st.sampled_from([0.25, 0.5, 0.75, 1.0]),
        replay_fraction=st.sampled_from([0.0, 0.25, 0.5, 1.0]),
        augment_fraction=st.sampled_from([0.0, 0.25, 0.34, 0.5, 1.0, 2.0]),
        buffer_size=st.integers(1, 8),
        advantage=st.sampled_from(NORMS),
    )


def _settings(methods: Sequence[str]) -> st.SearchStrategy[Setting]:
    return st.builds(
        Setting,
        method=st.sampled_from([parse_method(name) for name in methods]),
        zone=_zones(),
        steps=st.integers(1, 3),
        seed=st.integers(0, 10**6),
        overlap=st.booleans(),
    )


settings = _settings(METHODS)
every_method = _settings(METHODS + RIVALS)


def say(name: str, prompt: str, n: int, seed: int, mark: str = "") -> list[str]:
    """`n` responses to a prompt that begins with its question."""
    rng = random.Random(f"{name} {seed} {prompt}")
    ease = random.Random(prompt.split("?")[0]).choice([0.0, 0.25, 0.5, 0.75, 1.0])
    return [mark + (RIGHT if rng.random() < ease else rng.choice(WRONG)) for _ in range(n)]


def shorten(text: str, seed: int) -> str | None:
    """A compression that now and then loses the answer."""
    return None if random.Random(f"{seed} {text}").random() < 0.2 else f"in short: {text}"


def cut(candidate: Candidate) -> Candidate:
    """What is shown where the compression lost the answer."""
    return replace(candidate, text=f"the end of {candidate.text}")


def verdict(questions: Sequence[Question], responses: Sequence[str]) -> list[float | None]:
    pairs = zip(questions, responses, strict=True)
    return [None if "[unscored]" in r else float(last_boxed(r) == q.answer) for q, r in pairs]


@dataclass
class Babbler:
    """An engine for such a world. `aided` is another name, under which it answers aided prompts."""

    name: str
    aided: str = ""
    mark: str = ""
    policy_version: int = 0

    def generate(self, requests: Sequence[TokenRequest], decoding: Sampling) -> Iterator[tuple[int, list[Rollout]]]:
        for place, request in enumerate(requests):
            name = self.name + ("" if request.prompt.kind in ("plain", "replayed") else self.aided)
            texts = say(name, request.prompt.text, request.n, request.seed, self.mark)
            begun = request.prompt.prefix.text if request.prompt.prefix else ""
            yield place, [Rollout(BYTES.encode(text, end=True), begun + text) for text in texts]

    def update_weights(self, weights: Iterable[tuple[str, Any]], version: int) -> None:
        self.policy_version = version

    def close(self) -> None: ...


def compressor(candidates: Sequence[tuple[Question, Candidate]], seed: int) -> Rewritten:
    texts = [(c, shorten(c.text, seed)) for _, c in candidates]
    return Rewritten([None if text is None else replace(c, text=text) for c, text in texts])


@dataclass
class Run:
    """A played setting: the batch of every step and the state of the buffer before the first and after each step."""

    setting: Setting
    batches: list[StepBatch]
    states: list[dict[str, Any]]
    student: Babbler
    buffer: PromptReplayBuffer


def play(setting: Setting, aided: str = "", templates: Templates | None = None) -> Run:
    student, buffer = Babbler("student", aided), PromptReplayBuffer(setting.zone.buffer_size)
    templates = templates or Templates.load()
    teacher = ModelTeacher(LocalText(Babbler("teacher", mark=MARKER), BYTES), templates)
    parts = Parts(setting.method, student, BYTES, verdict, [teacher], compressor, templates, fallback=cut)
    run = Run(setting, [], [buffer.state_dict()], student, buffer)
    for step in range(setting.steps):
        new, streams = setting.new_questions(step), Streams(setting.seed, step)
        run.batches.append(rollout_step(new, buffer, parts, setting.zone, SamplingConfig(), streams))
        run.states.append(buffer.state_dict())
    return run
