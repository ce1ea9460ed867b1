"""Sections of the method, its training and its evaluation, and all options of a run."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cached_property
from typing import Any, Literal

from zppo.config.data import DataConfig, PromptsConfig
from zppo.config.limits import check_sampling, check_thinking, positive
from zppo.config.rewards import RewardsConfig
from zppo.config.services import Dtype, JudgeConfig, TeacherConfig
from zppo.errors import ConfigError
from zppo.methods import Method, parse_method
from zppo.types import AdvantageNorm, Dealing, Sampling, Thinking
from zppo.zone.prompts import Templates

Aggregation = Literal["token", "sequence", "constant"]


@dataclass(frozen=True)
class ZoneConfig:
    """The constants of algorithm 1."""

    new_questions: int = 384
    """`|X_new|`: questions drawn from the data per rollout step (paper: 96 per gradient update x 4)."""
    group_size: int = 8
    """`G_S`: student responses per prompt."""
    teacher_samples: int = 4
    """`G_T`: teacher responses per hard question and visit."""
    tau: float = 0.5
    """A question is hard while its plain accuracy is below this; at or above, it graduates. In (0, 1]."""
    replay_fraction: float = 0.25
    """`rho_replay`: replayed questions per new question."""
    augment_fraction: float = 0.25
    """`rho_aug`: BCQ and NCQ prompts (together) per new question."""
    buffer_size: int = 10_000
    """`|B|_max`: questions in the buffer; the oldest are removed first."""
    updates: int = 4
    """`I`: gradient updates per rollout step."""
    minibatches: Dealing = "groups"
    """Unit in which the rollouts of a step are divided into the `updates` minibatches. `groups`: whole groups, so that
    a minibatch is a number of prompts (method section 2, step 6); `rollouts`: single rollouts."""
    advantage: AdvantageNorm = "without_zero"
    """Second step of the advantage (method section 3)."""
    prefix_fraction: float = 0.4
    """`alpha`: share of a teacher response's tokens that the method `prefix` forces. In (0, 1)."""
    dynamic_sampling: bool = False
    """Leave a question out of the updates when all of its groups (plain, BCQ, NCQ, ...) are trivial. Nothing is
    sampled in its place (method section 12)."""

    def __post_init__(self) -> None:
        positive("zone", self, "new_questions", "group_size", "teacher_samples", "buffer_size", "updates")
        if not 0 < self.tau <= 1:
            raise ConfigError(f"zone.tau is {self.tau}; it is an accuracy in (0, 1] (paper: 0.5)")
        if not 0 < self.prefix_fraction < 1:
            raise ConfigError(f"zone.prefix_fraction is {self.prefix_fraction}; it is a share in (0, 1) (paper: 0.4)")
        for name in ("replay_fraction", "augment_fraction"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ConfigError(f"zone.{name} is {getattr(self, name)}; a fraction of the new questions, 0 or more")
        if self.group_size < 2:
            raise ConfigError("zone.group_size is 1; a group needs at least 2 rollouts to have a baseline")
        if self.new_questions % self.updates:
            raise ConfigError(
                f"zone.new_questions ({self.new_questions}) is not a multiple of zone.updates ({self.updates}); "
                f"the next one that divides is {-(-self.new_questions // self.updates) * self.updates}"
            )


@dataclass(frozen=True)
class SamplingConfig:
    """Sampling of student and teacher during training (paper: temperature 1.0, top-p 1.0, no top-k, 12,288 tokens)."""

    max_tokens: int = 12_288
    """Longest response, in tokens."""
    temperature: float = 1.0
    """Divides the logits before sampling; above 0."""
    top_p: float = 1.0
    """Share of the probability mass to sample from, the likeliest tokens first. In (0, 1]."""
    top_k: int = 0
    """Number of tokens to sample from, the likeliest first; 0 means no limit."""
    thinking: Thinking = "on"
    """Thoughts at the start of responses, if the chat template has a switch (`enable_thinking`): `on`, `off`, or
    `template` for its default. Applies to student, teacher and held-out evaluation; `teacher.thinking` overrides it for
    the teacher. Compression, hints and the judge do not think (method section 6)."""

    def __post_init__(self) -> None:
        check_sampling("sampling", self)
        check_thinking("sampling", self)

    def at(self, seed: int) -> Sampling:
        return Sampling(self.max_tokens, self.temperature, self.top_p, self.top_k, seed, thinking=self.thinking)


@dataclass(frozen=True)
class EvalConfig:
    """Held-out evaluation with plain prompts (method section 11: top-p 0.95, top-k 20)."""

    every: int = 0
    """Rollout steps between two evaluations; 0 evaluates only before and after training."""
    early_stopping_patience: int = 0
    """Training ends after this many evaluations in a row without a better held-out accuracy; 0 trains to the last step.
    The checkpoint of the best evaluation is kept beside the newest."""
    samples: int = 1
    """Responses per held-out question; accuracy is the mean over them."""
    max_tokens: int | None = None
    """Longest response, in tokens; None means as `sampling.max_tokens`."""
    temperature: float | None = None
    """None means as `sampling.temperature` (the paper evaluates at 0.6)."""
    top_p: float = 0.95
    """Share of the probability mass to sample from, the likeliest tokens first. In (0, 1]."""
    top_k: int = 20
    """Number of tokens to sample from, the likeliest first; 0 means no limit."""

    def __post_init__(self) -> None:
        check_sampling("eval", self)
        positive("eval", self, "samples")
        if self.every < 0:
            raise ConfigError(f"eval.every is {self.every}; rollout steps between evaluations, or 0")
        if self.early_stopping_patience < 0:
            raise ConfigError(f"eval.early_stopping_patience is {self.early_stopping_patience}; evaluations, or 0")
        if self.early_stopping_patience and not self.every:
            raise ConfigError("eval.early_stopping_patience counts evaluations: set eval.every to some rollout steps")

    def at(self, seed: int, sampling: SamplingConfig) -> Sampling:
        """Options of sampling; `thinking`, and options not set here, are those of `sampling`."""
        return replace(
            sampling.at(seed),
            max_tokens=sampling.max_tokens if self.max_tokens is None else self.max_tokens,
            temperature=sampling.temperature if self.temperature is None else self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
        )


@dataclass(frozen=True)
class UpdateConfig:
    """One gradient update (method section 4)."""

    clip_low: float = 0.20
    """`epsilon_low`: a token's ratio to the old policy is clipped below 1 minus this. In (0, 1)."""
    clip_high: float = 0.28
    """`epsilon_high`: a token's ratio to the old policy is clipped above 1 plus this."""
    dual_clip: float = 10.0
    """Bound on the loss of negative advantages, as a multiple of the advantage; must exceed 1."""
    aggregation: Aggregation = "token"
    """Mean of the token losses of an update. `token`: over all its response tokens; `sequence`: within each rollout,
    then over rollouts; `constant`: their sum divided by rollouts x `sampling.max_tokens` (Dr. GRPO, arXiv 2503.20783).
    `off_distill` has a mean of its own."""
    microbatch_tokens: int = 16_384
    """Most tokens (prompt + response, padding included) in one forward and backward pass."""
    distill_positions: int = 128
    """Response positions whose distributions over the vocabulary a distillation loss holds in memory at once."""

    def __post_init__(self) -> None:
        positive("update", self, "microbatch_tokens", "distill_positions")
        if not (0 < self.clip_low < 1 and self.clip_high > 0):
            got = f"{self.clip_low} and {self.clip_high}"
            raise ConfigError(f"update.clip_low must be in (0, 1) and update.clip_high above 0; got {got}")
        if not self.dual_clip > 1:
            raise ConfigError(f"update.dual_clip is {self.dual_clip}; it must exceed 1 (paper: 10)")


@dataclass(frozen=True)
class EngineConfig:
    """The embedded engine: transformers' `generate` on the model that is being trained."""

    batch_size: int = 256
    """Responses generated at once."""

    def __post_init__(self) -> None:
        positive("engine", self, "batch_size")


@dataclass(frozen=True)
class StudentConfig:
    """The model that is trained."""

    model: str = ""
    """Folder or Hub name of the checkpoint to train."""
    dtype: Dtype = "float32"
    """Data type of the trained weights. At the paper's learning rate bfloat16 weights would round most updates to zero;
    compute in bfloat16 with `training.bf16: true`."""
    chat_template: str | None = None
    """File with a chat template (Jinja), for a checkpoint without one or instead of its own. Saved in checkpoints."""


@dataclass(frozen=True)
class CheckpointConfig:
    """Checkpoints, from which a run can be resumed."""

    every: int = 10
    """Rollout steps between two checkpoints; the last step is always saved."""
    keep: int = 2
    """Checkpoints kept; older ones are removed after the newer one is complete."""
    weights_only: bool = False
    """All checkpoints but the newest keep only their weights, about a third of the size with AdamW in fp32. They can be
    used and evaluated, but a run cannot be resumed from them if the newest is damaged."""

    def __post_init__(self) -> None:
        positive("checkpoints", self, "every", "keep")


@dataclass(frozen=True)
class ReportsConfig:
    """Measurements for reports; the training is the same without them."""

    reliance: int = 2
    """Groups of each kind (BCQ, NCQ) per rollout step whose right responses get log-probs with and without the shown
    candidates (docs/method.md, "What a run shows"); 0 measures nothing."""
    rollouts_every: int = 10
    """Rollout steps between two tables of sampled rollouts in the trackers of `training.report_to`; 0 writes none."""

    def __post_init__(self) -> None:
        if self.reliance < 0:
            raise ConfigError(f"reports.reliance is {self.reliance}; groups per rollout step, or 0 for none")
        if self.rollouts_every < 0:
            raise ConfigError(f"reports.rollouts_every is {self.rollouts_every}; rollout steps, or 0 for no tables")


@dataclass(frozen=True)
class AlarmsConfig:
    """Actions on alarms (docs/symptoms.md); alarms are logged and reported in every run."""

    stop_when_blind: int = 0
    """Training ends with a checkpoint, a message and exit status 3 after this many rollout steps in a row without
    signal (every group trivial, or hardly any final answers); 0 trains on."""

    def __post_init__(self) -> None:
        if self.stop_when_blind < 0:
            raise ConfigError(f"alarms.stop_when_blind is {self.stop_when_blind}; rollout steps, or 0 to go on")


@dataclass
class RunOptions:
    """Options that a recipe and `ZPPOConfig` share."""

    method: str = "zppo"
    """`zppo`; `grpo` with any of the switches `+replay`, `+bcq`, `+ncq`; or `hint`, `prefix`, `grpo_teacher`,
    `off_distill`, `on_distill`, each with or without `+replay`."""
    rollout_steps: int = 200
    """Rollout steps of the whole run; each makes `zone.updates` gradient updates."""
    student: StudentConfig = field(default_factory=StudentConfig)
    teacher: TeacherConfig = field(default_factory=TeacherConfig)
    judge: JudgeConfig = field(default_factory=JudgeConfig)
    data: DataConfig = field(default_factory=DataConfig)
    prompts: PromptsConfig = field(default_factory=PromptsConfig)
    rewards: RewardsConfig = field(default_factory=RewardsConfig)
    zone: ZoneConfig = field(default_factory=ZoneConfig)
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    update: UpdateConfig = field(default_factory=UpdateConfig)
    engine: EngineConfig = field(default_factory=EngineConfig)
    eval: EvalConfig = field(default_factory=EvalConfig)
    checkpoints: CheckpointConfig = field(default_factory=CheckpointConfig)
    reports: ReportsConfig = field(default_factory=ReportsConfig)
    alarms: AlarmsConfig = field(default_factory=AlarmsConfig)
    programs: Mapping[str, str] = field(default_factory=dict)
    """Digests (`sha256:...`) of the user's code files that other options name, by path. `config.yaml` holds them; a
    file with another digest is refused."""

    def __post_init__(self) -> None:
        for section in fields(RunOptions):
            kind, given = section.default_factory, getattr(self, section.name)
            if isinstance(kind, type) and is_dataclass(kind) and not isinstance(given, kind):
                raise ConfigError(f"{section.name} is {type(given).__name__}; pass zppo.{kind.__name__}(...)")
        positive("", self, "rollout_steps")
        loss = self.parsed_method.loss
        if loss == "distill_responses" and self.update.aggregation != "token":
            raise ConfigError(
                f"update.aggregation is {self.update.aggregation}, but method {self.method!r} takes the mean over a "
                "question's right responses, then over questions; leave it out"
            )
        if loss != "policy" and self.zone.dynamic_sampling:
            raise ConfigError(
                f"zone.dynamic_sampling drops groups whose rewards are all equal, but method {self.method!r} trains on "
                "no rewards; switch it off"
            )

    @cached_property
    def parsed_method(self) -> Method:
        """The method that `method` names."""
        return parse_method(self.method)

    @cached_property
    def loaded_templates(self) -> Templates:
        """The templates of `prompts.templates`. Raises ConfigError for a folder that cannot be used."""
        return Templates.load(self.prompts.templates)

    @property
    def updates_per_step(self) -> int:
        """Gradient updates per rollout step: `zone.updates`, but one for distillation."""
        return self.parsed_method.updates(self.zone.updates)


@dataclass
class Recipe(RunOptions):
    """All options of a run, as `zppo train RECIPE` reads them. `training` goes to `transformers.TrainingArguments`."""

    seed: int = 0
    """Seed of everything random: order of the data, sampling, drawing. In [0, 2**32)."""
    training: dict[str, Any] = field(default_factory=dict)
    """Options of `transformers.TrainingArguments`, by name."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.seed < 2**32:
            raise ConfigError(f"seed is {self.seed}; it must be in [0, 2**32)")
        for section, option in (("student", "model"), ("data", "train"), ("data", "eval")):
            if not getattr(getattr(self, section), option):
                raise ConfigError(f"{section}.{option} is missing; set it in the recipe or with --{section}.{option}")
