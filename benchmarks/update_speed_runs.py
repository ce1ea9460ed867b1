"""One rollout step's gradient updates by either trainer, on the same model and the same rollouts.

What makes rollouts and rewards is replaced; everything else is each trainer's own. Used by `update_speed.py`.
"""

import copy
import random
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from unittest.mock import patch

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PrinterCallback,
    TrainerCallback,
)

from zppo import StudentConfig, UpdateConfig, ZoneConfig, ZPPOConfig, ZPPOTrainer
from zppo.types import Group, Prompt, Question, Rollout, StepBatch
from zppo.zone.advantage import assign_advantages

try:
    from trl import GRPOConfig, GRPOTrainer
except ImportError as problem:
    raise SystemExit("update_speed.py compares with TRL, which is not installed: pip install 'trl>=1.16'") from problem

GROUP_SIZE, UPDATES = 8, 4
SEED = 0
PLAIN_LENGTHS, LONG_LENGTHS, RESPONSE_LENGTHS = range(30, 46), range(90, 121), range(6, 17)
SHARED: dict[str, Any] = {
    "learning_rate": 2e-4,
    "lr_scheduler_type": "constant",
    "weight_decay": 0.1,
    "max_grad_norm": 1.0,
    "use_cpu": True,
    "bf16": False,
    "disable_tqdm": True,
    "report_to": "none",
}
CLIP_LOW, CLIP_HIGH, DUAL_CLIP = 0.2, 0.28, 10.0


@dataclass(frozen=True)
class Rollouts:
    """One rollout step: a prompt per group, then responses and rewards in the order of the groups."""

    prompts: list[list[int]]
    responses: list[list[int]]
    rewards: list[float]

    @property
    def size(self) -> int:
        return len(self.responses)

    def prompt_of(self, index: int) -> list[int]:
        return self.prompts[index // GROUP_SIZE]

    def describe(self) -> str:
        prompt_tokens = GROUP_SIZE * sum(map(len, self.prompts))
        return (
            f"{len(self.prompts)} groups x {GROUP_SIZE} rollouts, {UPDATES} updates; {prompt_tokens} prompt and "
            f"{sum(map(len, self.responses))} response tokens; prompts {min(map(len, self.prompts))}-"
            f"{max(map(len, self.prompts))} tokens, responses {RESPONSE_LENGTHS[0]}-{RESPONSE_LENGTHS[-1]}"
        )


@dataclass
class Run:
    """What one rollout step showed: wall and CPU seconds, the loss and gradient norm of every update, the end."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    losses: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)
    weights: list[torch.Tensor] = field(default_factory=list)

    def start(self) -> None:
        self._began = perf_counter(), process_time()

    def stop(self) -> None:
        self.seconds, self.cpu_seconds = perf_counter() - self._began[0], process_time() - self._began[1]


def shuffled(count: int) -> list[int]:
    """The order in which TRL deals rollouts into minibatches, if torch's seed is `SEED`."""
    torch.manual_seed(SEED)
    return torch.randperm(count).tolist()


def make_rollouts(groups: int, long_share: float, trivial_share: float, ids: Sequence[int], end: int) -> Rollouts:
    """Random tokens of the pocket's lengths. `trivial_share` changes the rewards only.

    Every minibatch has equally many response tokens, so that both trainers' token means have the same denominator.
    """
    rng = random.Random(SEED)
    longs = round(long_share * groups)
    lengths = [rng.choice(LONG_LENGTHS if i < longs else PLAIN_LENGTHS) for i in range(groups)]
    prompts = [rng.choices(ids, k=length) for length in rng.sample(lengths, groups)]
    responses: list[list[int]] = [[] for _ in range(groups * GROUP_SIZE)]
    order = shuffled(len(responses))
    for place, index in enumerate(order):
        length = RESPONSE_LENGTHS[place % (len(order) // UPDATES) % len(RESPONSE_LENGTHS)]
        responses[index] = [*rng.choices(ids, k=length - 1), end]
    trivial = set(rng.sample(range(groups), round(trivial_share * groups)))
    rewards = [r for i in range(groups) for r in group_rewards(i in trivial, rng)]
    return Rollouts(prompts, responses, rewards)


def group_rewards(trivial: bool, rng: random.Random) -> list[float]:
    right = rng.choice((0, GROUP_SIZE)) if trivial else rng.randint(1, GROUP_SIZE - 1)
    rewards = [1.0] * right + [0.0] * (GROUP_SIZE - right)
    return rng.sample(rewards, GROUP_SIZE)


class Recorder(TrainerCallback):
    """Stops the clock after the last update, and keeps the weights."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        if state.global_step == UPDATES:
            self.run.stop()
            self.run.weights = [p.detach().clone() for p in model.parameters()]


class Watched:
    """For a Trainer: notes losses and gradient norms (before clipping)."""

    run: Run

    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        loss = super().training_step(*args, **kwargs)  # type: ignore[misc]
        self.run.losses.append(float(loss))
        return loss

    def _clip_grad_norm(self, model: Any) -> Any:
        norm = super()._clip_grad_norm(model)  # type: ignore[misc]
        self.run.norms.append(float(norm))
        return norm


class WatchedZPPO(Watched, ZPPOTrainer):
    pass


class WatchedGRPO(Watched, GRPOTrainer):
    """TRL's trainer on given rollouts: what generates and what scores is replaced, the rest is TRL's."""

    rollouts: Rollouts

    def _generate(self, prompts: list[str]) -> tuple[Any, ...]:
        rollouts = self.rollouts
        prompt_ids = [list(rollouts.prompt_of(i)) for i in range(rollouts.size)]
        responses = [list(ids) for ids in rollouts.responses]
        texts = [""] * rollouts.size
        torch.manual_seed(SEED)  # for the order of the minibatches
        self.run.start()
        return prompt_ids, responses, None, texts, None, {}, None, None

    def _calculate_rewards(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        return torch.tensor(self.rollouts.rewards).unsqueeze(1)


@dataclass(frozen=True)
class Student:
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase

    @classmethod
    def load(cls, path: Path) -> "Student":
        if not path.is_dir():
            raise SystemExit(f"no model at {path}; name a checkpoint folder with --model")
        model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)
        return cls(model, AutoTokenizer.from_pretrained(path))

    def fresh(self) -> PreTrainedModel:
        return copy.deepcopy(self.model)

    def plain_ids(self) -> list[int]:
        special = set(self.tokenizer.all_special_ids)
        return [i for i in range(len(self.tokenizer)) if i not in special]


def fresh_step(rollouts: Rollouts, order: Sequence[int], run: Run) -> StepBatch:
    """Freshly scored groups; the clock starts before advantages and minibatches."""
    question = Question("benchmark", "", "")
    pairs = list(zip(rollouts.responses, rollouts.rewards, strict=True))
    groups = []
    for number, prompt in enumerate(rollouts.prompts):
        mine = pairs[number * GROUP_SIZE : (number + 1) * GROUP_SIZE]
        responses = [Rollout(list(ids), "", reward=reward) for ids, reward in mine]
        groups.append(Group(Prompt("plain", question, ""), responses, list(prompt)))
    run.start()
    assign_advantages(groups, "none")
    flat = [(g, r) for g in groups for r in g.rollouts]
    size = len(flat) // UPDATES
    minibatches = [[flat[i] for i in order[k * size : (k + 1) * size]] for k in range(UPDATES)]
    return StepBatch(groups, minibatches, {"tokens/student": 0, "tokens/teacher": 0})


def measure_zppo(student: Student, rollouts: Rollouts, microbatch_tokens: int) -> Run:
    """One run of ZPPOTrainer."""
    run, groups = Run(), len(rollouts.prompts)
    order = shuffled(rollouts.size)
    rows = [{"prompt": "1 + 1", "answer": "2"}] * groups
    given = patch("zppo.training.trainer.rollout_step", lambda *_: fresh_step(rollouts, order, run))
    with tempfile.TemporaryDirectory() as folder, given:
        args = ZPPOConfig(
            output_dir=f"{folder}/run",
            method="grpo",
            rollout_steps=1,
            student=StudentConfig(dtype="float32"),
            zone=ZoneConfig(new_questions=groups, group_size=GROUP_SIZE, updates=UPDATES),
            update=UpdateConfig(CLIP_LOW, CLIP_HIGH, DUAL_CLIP, microbatch_tokens=microbatch_tokens),
            **SHARED,
        )
        trainer = WatchedZPPO(
            student.fresh(),
            train_dataset=rows,
            args=args,
            processing_class=student.tokenizer,
            callbacks=[Recorder(run)],
        )
        trainer.run = run
        trainer.train()
    return run


def measure_trl(student: Student, rollouts: Rollouts, passes: int, response_head: bool) -> Run:
    """One run of GRPOTrainer with `passes` forward and backward passes per update.

    `response_head`: apply the LM head to response positions only. TRL does so on a GPU; elsewhere it applies the head
    to all positions.
    """
    run, groups = Run(), len(rollouts.prompts)
    with tempfile.TemporaryDirectory() as folder:
        args = GRPOConfig(
            output_dir=folder,
            max_steps=UPDATES,
            num_generations=GROUP_SIZE,
            per_device_train_batch_size=rollouts.size // UPDATES // passes,
            gradient_accumulation_steps=passes,
            steps_per_generation=UPDATES * passes,
            loss_type="dapo",
            beta=0.0,
            epsilon=CLIP_LOW,
            epsilon_high=CLIP_HIGH,
            delta=DUAL_CLIP,
            scale_rewards="none",
            shuffle_dataset=False,
            logging_strategy="no",
            save_strategy="no",
            gradient_checkpointing=False,
            **SHARED,
        )
        trainer = WatchedGRPO(
            student.fresh(),
            reward_funcs=lambda completions, **_: [0.0] * len(completions),
            args=args,
            train_dataset=one_row_per_group(groups),
            processing_class=student.tokenizer,
            callbacks=[Recorder(run)],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.run, trainer.rollouts = run, rollouts
        as_on_gpu = patch("trl.trainer.utils._use_triton", lambda device: True)
        with as_on_gpu if response_head else nullcontext():
            trainer.train()
    run.losses = [sum(run.losses[i : i + passes]) for i in range(0, len(run.losses), passes)]
    return run


def one_row_per_group(groups: int) -> Any:
    from datasets import Dataset

    return Dataset.from_dict({"prompt": ["1 + 1"] * groups})
