"""Every option of a run, in sections; the defaults are the paper's values (method sections 3-5 and 11) where it gives
one, except that weights are kept in fp32 (`student.dtype`).

The same section classes are used by a recipe (YAML), by the command line (`--zone.tau 0.4`) and by `ZPPOConfig`.
Standard library only: what needs torch or transformers stands in `zppo.training.arguments`.
"""

import math
from dataclasses import dataclass, field
from typing import Any, Literal

from zppo.errors import ConfigError
from zppo.methods import parse_method
from zppo.types import AdvantageNorm, Sampling

Compression = Literal["teacher", "truncate", "none"]
Hints = Literal["teacher", "cut"]
Outage = Literal["truncate", "none"]
Aggregation = Literal["token", "sequence", "constant"]
Dtype = Literal["float32", "bfloat16", "float16"]


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
    """`|B|_max`: questions; the oldest leave first."""
    updates: int = 4
    """`I`: gradient updates per rollout step."""
    advantage: AdvantageNorm = "without_zero"
    """Second step of the advantage (method section 3)."""
    prefix_fraction: float = 0.4
    """`alpha`: share of a teacher response's tokens that the method `prefix` forces. In (0, 1)."""
    dynamic_sampling: bool = False
    """Leave a question out of the updates when all of its groups (plain, BCQ, NCQ, ...) are trivial. Nothing is
    sampled in its place (method section 12)."""

    def __post_init__(self) -> None:
        _positive("zone", self, "new_questions", "group_size", "teacher_samples", "buffer_size", "updates")
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
    """How student and teacher sample during training (paper: temperature 1.0, top-p 1.0, no top-k, 12,288 tokens)."""

    max_tokens: int = 12_288
    """Longest response, in tokens."""
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    """0 means no limit."""

    def __post_init__(self) -> None:
        _check_sampling("sampling", self)

    def at(self, seed: int) -> Sampling:
        return Sampling(self.max_tokens, self.temperature, self.top_p, self.top_k, seed)


@dataclass(frozen=True)
class EvalConfig:
    """Held-out evaluation with plain prompts (method section 11: temperature 0.6, top-p 0.95, top-k 20)."""

    every: int = 0
    """Rollout steps between two evaluations; 0 evaluates only before and after training."""
    samples: int = 1
    """Responses per held-out question; accuracy is the mean over them."""
    max_tokens: int = 12_288
    temperature: float = 0.6
    top_p: float = 0.95
    top_k: int = 20

    def __post_init__(self) -> None:
        _check_sampling("eval", self)
        _positive("eval", self, "samples")
        if self.every < 0:
            raise ConfigError(f"eval.every is {self.every}; rollout steps between evaluations, or 0")

    def at(self, seed: int) -> Sampling:
        return Sampling(self.max_tokens, self.temperature, self.top_p, self.top_k, seed)


@dataclass(frozen=True)
class UpdateConfig:
    """One gradient update (method section 4)."""

    clip_low: float = 0.20
    clip_high: float = 0.28
    dual_clip: float = 10.0
    """Bound on the loss of negative advantages, as a multiple of the advantage; must exceed 1."""
    aggregation: Aggregation = "token"
    """Mean of the token losses of an update. `token`: over all its response tokens; `sequence`: within each rollout,
    then over rollouts; `constant`: their sum over rollouts x `sampling.max_tokens` (Dr. GRPO, arXiv 2503.20783)."""
    microbatch_tokens: int = 16_384
    """Most tokens (prompt + response, padding included) in one forward and backward pass."""
    distill_positions: int = 128
    """Response positions whose distributions over the vocabulary are held at once by a distillation loss."""

    def __post_init__(self) -> None:
        _positive("update", self, "microbatch_tokens", "distill_positions")
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
        _positive("engine", self, "batch_size")


@dataclass(frozen=True)
class StudentConfig:
    model: str = ""
    """Folder or Hub name of the checkpoint to train."""
    dtype: Dtype = "float32"
    """Of the weights that are trained. At the paper's learning rate bfloat16 weights would round most updates away;
    compute in bfloat16 with `training.bf16: true`."""


@dataclass(frozen=True)
class EndpointConfig:
    """Servers of one model that speak the OpenAI API: vLLM, SGLang, `transformers serve`, a hosted API."""

    urls: tuple[str, ...]
    """Base URLs, such as `http://localhost:8000/v1`; calls go round among them."""
    model: str | None = None
    """The name under which it is served; not needed where the servers list a single one."""
    api_key_env: str = "OPENAI_API_KEY"
    """Environment variable with the API key, read at every call; the key itself is never written anywhere."""
    concurrency: int = 64
    """Calls under way at once, over all URLs."""
    timeout: float = 600
    """Seconds per call."""
    tries: int = 5
    """Per call, over all URLs."""

    def __post_init__(self) -> None:
        _positive("endpoint", self, "concurrency", "tries")
        if not 0 < self.timeout < math.inf:
            raise ConfigError(f"endpoint.timeout is {self.timeout}; seconds per call, above 0")
        if isinstance(self.urls, str) or not self.urls:
            raise ConfigError("endpoint.urls is a list of base URLs, such as [http://localhost:8000/v1]")
        for url in self.urls:
            if not url.startswith(("http://", "https://")) or "@" in url.split("/")[2]:
                raise ConfigError("endpoint.urls: a base URL begins with http:// or https:// and holds no password")


@dataclass(frozen=True)
class TeacherConfig:
    model: str | None = None
    """Folder or Hub name of a local teacher, or with `endpoint` the name under which it is served (not needed if it is
    the only one). Every method that shows or trains on a teacher's words needs one or the other."""
    endpoint: str | tuple[str, ...] = ()
    """Base URL, or several of one and the same model, of servers that speak the OpenAI API."""
    fallbacks: tuple[str, ...] = ()
    """Further teachers, local ones or base URLs, in order of cost: each is asked the questions that no teacher before
    it got right. Hints and compressed candidates are written by the first teacher."""
    dtype: Dtype = "bfloat16"
    """Of a local teacher."""
    compression: Compression = "teacher"
    """`teacher`: rewritten by the teacher; `truncate`: the last `compression_tokens` tokens; `none`: as it is."""
    compression_tokens: int = 512
    """Cap per candidate and per hint."""
    outage: Outage = "truncate"
    """What candidates look like while the teacher who should compress them is out of reach."""
    hints: Hints = "teacher"
    """`teacher`: written by the teacher from one of its right responses; `cut`: that response, up to where its final
    answer first stands."""
    api_key_env: str = "OPENAI_API_KEY"
    concurrency: int = 64
    timeout: float = 600
    tries: int = 5
    """These four as in `EndpointConfig`."""
    ahead: int = 0
    """Steps for which an endpoint is asked about all new questions before it is known which are hard. Hides a slow
    teacher, at the price of its tokens on easy questions. What is to be replayed is always asked ahead."""
    cache: str | None = None
    """SQLite file of what endpoints said; what it holds is not asked again."""
    offline: bool = False
    """Answer from the cache alone: a run is made again without its teacher."""
    price_prompt: float = 0.0
    price_response: float = 0.0
    """Per million tokens, in any currency; the run's `teacher_cost` is in it."""

    def __post_init__(self) -> None:
        _positive("teacher", self, "compression_tokens")
        if self.fallbacks and not (self.model or self.endpoint):
            raise ConfigError("teacher.fallbacks are asked after teacher.model, which is missing")
        if (self.cache or self.offline) and not self.remote:
            raise ConfigError("teacher.cache keeps what an endpoint says; set teacher.endpoint, or leave the cache out")
        if self.ahead < 0:
            raise ConfigError(f"teacher.ahead is {self.ahead}; a number of steps, or 0")
        if self.offline and not self.cache:
            raise ConfigError("teacher.offline answers from a cache; set teacher.cache")
        for url in self.remote:
            self.server(url)

    @property
    def urls(self) -> tuple[str, ...]:
        return (self.endpoint,) if isinstance(self.endpoint, str) else self.endpoint

    @property
    def remote(self) -> tuple[str, ...]:
        """Every URL among the teachers."""
        return self.urls + tuple(name for name in self.fallbacks if is_url(name))

    def server(self, *urls: str) -> EndpointConfig:
        """The servers of one teacher of this section."""
        model = self.model if urls == self.urls else None
        return EndpointConfig(urls, model, self.api_key_env, self.concurrency, self.timeout, self.tries)


def is_url(name: str) -> bool:
    return name.startswith(("http://", "https://"))


@dataclass(frozen=True)
class JudgeConfig:
    """Who scores free-form answers (questions with `answer_type: free`), at temperature 0 (method section 6)."""

    model: str | None = None
    """Folder or Hub name of a local model, or with `endpoint` the name under which it is served. Without a judge of its
    own the first teacher judges."""
    endpoint: str | tuple[str, ...] = ()
    """Base URL, or several of one and the same model, of servers that speak the OpenAI API."""
    api_key_env: str = "OPENAI_API_KEY"
    dtype: Dtype = "bfloat16"
    """Of a local judge."""
    max_tokens: int = 512
    """Longest reply."""

    def __post_init__(self) -> None:
        _positive("judge", self, "max_tokens")
        if self.urls:
            self.server()

    @property
    def urls(self) -> tuple[str, ...]:
        return (self.endpoint,) if isinstance(self.endpoint, str) else self.endpoint

    def server(self) -> EndpointConfig:
        return EndpointConfig(self.urls, self.model, self.api_key_env)


@dataclass(frozen=True)
class DataConfig:
    train: str = ""
    """JSONL file with `prompt` (or `question`) and `answer`; other columns are kept, and `answer_type` chooses how a
    response is scored (docs/rewards.md)."""
    eval: str = ""
    """The held-out questions, same format. Columns `level` (easy, hard) and `cluster`, if present, are reported."""


@dataclass(frozen=True)
class PromptsConfig:
    templates: str | None = None
    """Folder whose files replace the shipped templates: `plain.txt`, `closer.txt`, `bcq.txt`, `ncq.txt`, `hint.txt`,
    `compress.txt`, `write_hint.txt`, `judge.txt`."""
    max_tokens: int = 4096
    """Questions with a longer plain prompt are left out, and counted; aided prompts are never truncated."""

    def __post_init__(self) -> None:
        _positive("prompts", self, "max_tokens")


@dataclass(frozen=True)
class CheckpointConfig:
    every: int = 10
    """Rollout steps between two checkpoints; the last step is always saved."""
    keep: int = 2
    """Checkpoints kept; older ones are removed after the newer one is complete."""

    def __post_init__(self) -> None:
        _positive("checkpoints", self, "every", "keep")


@dataclass
class RunOptions:
    """What a recipe and `ZPPOConfig` have in common."""

    method: str = "zppo"
    """`zppo`; `grpo` with any of the switches `+replay`, `+bcq`, `+ncq`; or `hint`, `prefix`, `grpo_teacher`,
    `off_distill`, `on_distill`, each with or without `+replay`."""
    rollout_steps: int = 200
    student: StudentConfig = field(default_factory=StudentConfig)
    teacher: TeacherConfig = field(default_factory=TeacherConfig)
    judge: JudgeConfig = field(default_factory=JudgeConfig)
    data: DataConfig = field(default_factory=DataConfig)
    prompts: PromptsConfig = field(default_factory=PromptsConfig)
    zone: ZoneConfig = field(default_factory=ZoneConfig)
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    update: UpdateConfig = field(default_factory=UpdateConfig)
    engine: EngineConfig = field(default_factory=EngineConfig)
    eval: EvalConfig = field(default_factory=EvalConfig)
    checkpoints: CheckpointConfig = field(default_factory=CheckpointConfig)

    def __post_init__(self) -> None:
        _positive("", self, "rollout_steps")
        if parse_method(self.method).distils and self.zone.dynamic_sampling:
            raise ConfigError(
                f"zone.dynamic_sampling drops groups whose rewards are all equal, but method {self.method!r} trains on "
                "no rewards; switch it off"
            )

    @property
    def updates_per_step(self) -> int:
        """Gradient updates per rollout step: `zone.updates`, but one for distillation."""
        return parse_method(self.method).updates(self.zone.updates)


@dataclass
class Recipe(RunOptions):
    """A whole run: what `zppo train RECIPE` reads. `training` goes to `transformers.TrainingArguments`."""

    seed: int = 0
    training: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.seed < 2**32:
            raise ConfigError(f"seed is {self.seed}; it must be in [0, 2**32)")
        for section, option in (("student", "model"), ("data", "train"), ("data", "eval")):
            if not getattr(getattr(self, section), option):
                raise ConfigError(f"{section}.{option} is missing; set it in the recipe or with --{section}.{option}")


def _positive(section: str, config: Any, *names: str) -> None:
    for name in names:
        if getattr(config, name) < 1:
            where = f"{section}.{name}" if section else name
            raise ConfigError(f"{where} is {getattr(config, name)}; it must be at least 1")


def _check_sampling(section: str, config: Any) -> None:
    _positive(section, config, "max_tokens")
    if not 0 < config.temperature < math.inf:
        raise ConfigError(f"{section}.temperature is {config.temperature}; sampling needs a number above 0")
    if not 0 < config.top_p <= 1:
        raise ConfigError(f"{section}.top_p is {config.top_p}; it must be in (0, 1]")
    if config.top_k < 0:
        raise ConfigError(f"{section}.top_k is {config.top_k}; a number of tokens, or 0 for no limit")
