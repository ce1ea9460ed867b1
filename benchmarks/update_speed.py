"""How long the gradient updates of one rollout step take: this trainer beside TRL's GRPOTrainer.

Both trainers run their own training loop on the same model and the same rollouts; only the making of rollouts and of
rewards is replaced. The clock runs from the moment the rollouts are there to the end of the last optimizer step of
the rollout step. Every run is one rollout step; the runs of the trainers alternate, after a warm-up run of each.

    python benchmarks/update_speed.py            # needs `pip install trl`
    python benchmarks/update_speed.py --write    # also writes benchmarks/results/update_speed.md
"""

import argparse
import copy
import platform
import random
import tempfile
import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median
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
from transformers.utils import logging as transformers_logging

from zppo import StudentConfig, UpdateConfig, ZoneConfig, ZPPOConfig, ZPPOTrainer
from zppo.types import Group, Prompt, Question, Rollout, StepBatch
from zppo.zone.advantage import assign_advantages

try:
    from trl import GRPOConfig, GRPOTrainer
except ImportError as problem:
    raise SystemExit("update_speed.py compares with TRL, which is not installed: pip install 'trl>=1.16'") from problem

ROOT = Path(__file__).resolve().parent.parent
STUDENT = ROOT / "src/zppo/pocket/assets/student"
RESULTS = ROOT / "benchmarks/results/update_speed.md"
GROUP_SIZE, UPDATES = 8, 4
SHARES = (0.0, 0.5, 0.9)
SEED = 0
PLAIN_LENGTHS, LONG_LENGTHS, RESPONSE_LENGTHS = range(30, 46), range(90, 121), range(6, 17)
LOSS_TOLERANCE, NORM_TOLERANCE, MOVE_TOLERANCE = 1e-5, 1e-4, 2e-2
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


Measure = Callable[[Rollouts], Run]


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
            update=UpdateConfig(CLIP_LOW, CLIP_HIGH, DUAL_CLIP, microbatch_tokens),
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


def fastest_passes(student: Student, rollouts: Rollouts) -> tuple[int, str]:
    """TRL's cheaper number of passes per update here (one, or four with gradient accumulation), and a line on it."""
    per_update = rollouts.size // UPDATES
    options = [n for n in (1, 4) if per_update % n == 0]
    rounds = [{n: measure_trl(student, rollouts, n, False).cpu_seconds for n in options} for _ in range(2)]
    seconds = {n: min(each[n] for each in rounds) for n in options}
    best = min(options, key=seconds.__getitem__)
    tried = ", ".join(f"{per_update // n}: {seconds[n]:.1f} CPU s" for n in options)
    return best, f"TRL: {per_update // best} rollouts per pass, the faster choice ({tried})."


def same_work(student: Student, ours: Run, theirs: Run) -> str:
    """One line on how far two runs agree in their first update and in the end. Ends the program if they do not."""
    start = torch.cat([p.detach().flatten() for p in student.model.parameters()])
    end, other = (torch.cat([w.flatten() for w in run.weights]) for run in (ours, theirs))
    apart = float((end - other).norm() / (end - start).norm())
    line = (
        f"first update: loss {ours.losses[0]:+.6f} / {theirs.losses[0]:+.6f}, gradient norm {ours.norms[0]:.6f} / "
        f"{theirs.norms[0]:.6f}; after {UPDATES} updates the weights are apart by {apart:.1e} of the way they moved"
    )
    loss, norm = abs(ours.losses[0] - theirs.losses[0]), abs(ours.norms[0] / theirs.norms[0] - 1)
    if loss > LOSS_TOLERANCE or norm > NORM_TOLERANCE or apart > MOVE_TOLERANCE:
        raise SystemExit(f"the two trainers do different work: {line}")
    return line


def interleaved(measures: dict[str, Measure], rollouts: Rollouts, repeats: int) -> dict[str, list[Run]]:
    runs: dict[str, list[Run]] = {name: [] for name in measures}
    for repeat in range(repeats):
        names = list(measures)
        for name in names[repeat % len(names) :] + names[: repeat % len(names)]:
            runs[name].append(measures[name](rollouts))
    return runs


def ratio(theirs: Sequence[Run], ours: Sequence[Run], clock: str) -> str:
    """Median, over the repeats, of TRL's time over ours measured next to it."""
    return f"{median(getattr(t, clock) / getattr(o, clock) for t, o in zip(theirs, ours, strict=True)):.2f}x"


def shown(runs: Sequence[Run]) -> str:
    seconds = [run.seconds for run in runs]
    return f"{median(seconds):.2f} ({min(seconds):.2f}-{max(seconds):.2f})"


def table_row(share: float, runs: dict[str, list[Run]]) -> str:
    ours = runs["zppo"]
    cells = [f"{share:.0%}", shown(ours)]
    for name in ("trl", "trl_head"):
        cells += [shown(runs[name]), ratio(runs[name], ours, "seconds"), ratio(runs[name], ours, "cpu_seconds")]
    return f"| {' | '.join(cells)} |"


HEADER = """\
| trivial groups | zppo, s/step | TRL, s/step | ratio | CPU ratio | TRL with response head, s/step | ratio | CPU ratio |
|---|---|---|---|---|---|---|---|"""


def introduction(options: argparse.Namespace, student: Student, rollouts: Rollouts, trl_setting: str) -> list[str]:
    packages = ("zppo", "trl", "torch", "transformers", "accelerate")
    return [
        f"- Model: {options.model.name}, {student.model.num_parameters() / 1e6:.2f}M parameters, fp32, CPU, "
        f"torch threads: {torch.get_num_threads()}.",
        f"- One rollout step: {rollouts.describe()}.",
        f"- Versions: {', '.join(f'{name} {version(name)}' for name in packages)}, Python {platform.python_version()}.",
        f"- {trl_setting} zppo: microbatches of at most {options.microbatch_tokens} tokens.",
        f"- Seconds: median (fastest-slowest) of {options.repeats} rollout steps. Ratios: TRL's time over zppo's, "
        "median over the repeats; the CPU ratio compares processor time, which other work on the machine disturbs "
        "less.",
        "- Outside a GPU, TRL applies its LM head to prompt positions too. With response head: limited to response "
        "positions, as TRL does on a GPU.",
        "",
        HEADER,
    ]


def compare(options: argparse.Namespace) -> list[str]:
    """The lines of the report, printed as they come."""
    student = Student.load(options.model)
    ids, end = student.plain_ids(), student.tokenizer.eos_token_id
    sets = {share: make_rollouts(options.groups, options.long_prompts, share, ids, end) for share in SHARES}
    passes, tried = fastest_passes(student, sets[0.0])
    measures: dict[str, Measure] = {
        "zppo": lambda rollouts: measure_zppo(student, rollouts, options.microbatch_tokens),
        "trl": lambda rollouts: measure_trl(student, rollouts, passes, False),
        "trl_head": lambda rollouts: measure_trl(student, rollouts, passes, True),
    }
    interleaved(measures, sets[0.9], 1)
    lines = introduction(options, student, sets[0.0], tried)
    print("\n".join(lines), flush=True)
    checks = ["", "Same work, zppo / TRL:", ""]
    for share, rollouts in sets.items():
        runs = interleaved(measures, rollouts, options.repeats)
        lines.append(table_row(share, runs))
        print(lines[-1], flush=True)
        agreement = [same_work(student, runs["zppo"][0], runs[name][0]) for name in ("trl", "trl_head")]
        checks.append(f"- {share:.0%}: {agreement[0]}")
    print("\n".join(checks))
    return lines + checks


def write(lines: Sequence[str]) -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("# Seconds per rollout step for the gradient updates\n\n" + "\n".join(lines) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=STUDENT, help="checkpoint folder (default: the pocket student)")
    parser.add_argument("--groups", type=int, default=48, help="groups per rollout step (default 48)")
    parser.add_argument("--long-prompts", type=float, default=0.2, help="share of NCQ-like prompts (default 0.2)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each trainer and share (default 3)")
    parser.add_argument("--threads", type=int, default=1, help="torch threads (default 1)")
    parser.add_argument("--microbatch-tokens", type=int, default=UpdateConfig.microbatch_tokens, help="of zppo")
    parser.add_argument("--write", action="store_true", help=f"write the report to {RESULTS.relative_to(ROOT)}")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    warnings.simplefilter("ignore")
    lines = compare(options)
    if options.write:
        write(lines)


if __name__ == "__main__":
    main()
