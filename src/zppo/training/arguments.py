"""`ZPPOConfig`: the options of a run beside those of `transformers.TrainingArguments`."""

import copy
import json
import math
from dataclasses import MISSING, Field, asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from transformers import TrainingArguments

from zppo.config import Recipe, RunOptions
from zppo.custom import PROGRAM, digest, source
from zppo.errors import ConfigError, nearest
from zppo.masking import masked
from zppo.rewards.extraction import names_in
from zppo.training.trackers import check_trackers

OWNED = (
    {
        "max_steps": "rollout_steps and zone.updates",
        "num_train_epochs": "rollout_steps",
        "per_device_train_batch_size": "zone.new_questions and update.microbatch_tokens",
        "per_device_eval_batch_size": "engine.batch_size",
        "gradient_accumulation_steps": "update.microbatch_tokens",
        "auto_find_batch_size": "update.microbatch_tokens",
        "train_sampling_strategy": "nothing: microbatches are always sorted by length",
        "logging_strategy": "nothing: metrics are logged at every rollout step",
        "logging_steps": "nothing: metrics are logged at every rollout step",
        "logging_first_step": "nothing: metrics are logged at every rollout step",
        "save_strategy": "checkpoints.every",
        "save_steps": "checkpoints.every",
        "save_total_limit": "checkpoints.keep",
        "save_only_model": "checkpoints.weights_only, which keeps the weights of older checkpoints",
        "load_best_model_at_end": "eval.early_stopping_patience, which keeps the best checkpoint",
        "eval_strategy": "eval.every",
        "eval_steps": "eval.every",
        "eval_delay": "eval.every",
        "eval_on_start": "nothing: the held-out questions are always asked before training",
        "do_eval": "eval.every",
        "data_seed": "seed",
        "use_cache": "nothing: rollouts use a cache, updates do not",
        "ignore_data_skip": "nothing: a resumed run knows its place in the data",
        "resume_from_checkpoint": "train(resume_from_checkpoint=True) or --resume",
        "label_smoothing_factor": "nothing: there are no labels",
        "remove_unused_columns": "nothing: all columns are kept",
        "enable_jit_checkpoint": "checkpoints.every",
        "include_num_input_tokens_seen": "nothing: tokens are counted in the metrics",
        "torch_empty_cache_steps": "update.microbatch_tokens and engine.batch_size",
        "do_train": "train()",
        "do_predict": "eval.every",
    }
    | {
        name: "eval.every and the held-out metrics"
        for name in (
            "prediction_loss_only",
            "metric_for_best_model",
            "greater_is_better",
            "include_for_metrics",
            "batch_eval_metrics",
            "eval_accumulation_steps",
            "eval_do_concat_batches",
            "eval_use_gather_object",
        )
    }
    | {
        f.name: "nothing: there is no data loader of examples"
        for f in fields(TrainingArguments)
        if f.name.startswith("dataloader_")
    }
)
"""Options of TrainingArguments that have no effect here, with what takes their place."""


WORKS = frozenset(
    (
        *("output_dir", "seed", "use_cpu", "full_determinism", "local_rank"),
        *("learning_rate", "lr_scheduler_type", "lr_scheduler_kwargs", "warmup_steps", "max_grad_norm", "weight_decay"),
        *("optim", "optim_args", "optim_target_modules", "adam_beta1", "adam_beta2", "adam_epsilon"),
        *("bf16", "fp16", "tf32", "gradient_checkpointing", "gradient_checkpointing_kwargs"),
        *("activation_checkpointing", "activation_checkpointing_kwargs"),
        *("disable_tqdm", "log_level", "report_to", "run_name", "project"),
        *("trackio_space_id", "trackio_bucket_id", "trackio_static_space_id"),
        *(
            "push_to_hub",
            "hub_token",
            "hub_private_repo",
            "hub_model_id",
            "hub_strategy",
            "hub_always_push",
            "hub_revision",
        ),
    )
)
"""Options of TrainingArguments that may be set. All others are refused, as nobody has tried them with rollout steps."""


@dataclass
class ZPPOConfig(TrainingArguments, RunOptions):
    """All options of `ZPPOTrainer`, in the sections of `zppo.config`, beside those of `TrainingArguments`.

    Defaults are the paper's (method section 5) where they differ from transformers'.

    `ZPPOConfig(output_dir="run", method="zppo", rollout_steps=100, zone=ZoneConfig(new_questions=32))`

    Raises ConfigError for an option of TrainingArguments that has no effect here (`OWNED`), or is not among those that
    are known to work (`WORKS`).
    """

    output_dir: str | None = "zppo-run"
    learning_rate: float = 1e-6
    lr_scheduler_type: str = "constant"
    weight_decay: float = 0.1

    def __post_init__(self) -> None:
        RunOptions.__post_init__(self)
        defaults = {f.name: _default(f) for f in fields(TrainingArguments)}
        derived: dict[str, Any] = {
            "max_steps": self.rollout_steps * self.updates_per_step,
            "save_steps": self.checkpoints.every * self.updates_per_step,
            "logging_strategy": "no",
            "ignore_data_skip": True,
        }
        for name in OWNED:
            if getattr(self, name) not in (defaults[name], derived.get(name)):
                raise ConfigError(f"{name} has no effect here; instead use {OWNED[name]}")
        for name, default in defaults.items():
            if name not in WORKS and name not in OWNED and getattr(self, name) != default:
                raise ConfigError(_untried(name))
        self._changed = self._changed_options()
        for name, value in derived.items():
            setattr(self, name, value)
        given = vars(self)["report_to"]
        if isinstance(given, tuple):
            self.report_to = list(given)  # which transformers would take for one name
        super().__post_init__()
        check_trackers(self.report_to or ())

    @classmethod
    def from_recipe(cls, recipe: Recipe, run_dir: str) -> "ZPPOConfig":
        """The options of a recipe. Raises ConfigError for a training option that is unknown or has no effect."""
        shared = {f.name: getattr(recipe, f.name) for f in fields(RunOptions)}
        return cls(output_dir=run_dir, seed=recipe.seed, **shared, **_training_options(recipe.training))

    def effective(self) -> dict[str, Any]:
        """The whole config as JSON values, in the shape of a recipe; training options only where they were changed.

        Secrets are masked, as everything that is written down of the options comes from here.

        Raises ConfigError for a file of the user's code that is missing or is not the one of `programs`.
        """
        shared = {f.name: _plain(getattr(self, f.name)) for f in fields(RunOptions)} | {"programs": digests(self)}
        return masked(json.loads(json.dumps({"seed": self.seed, **shared, "training": self._changed}, default=str)))

    def without_secrets(self) -> "ZPPOConfig":
        """A copy to be written into a file."""
        written = copy.copy(self)
        for option in fields(self):
            setattr(written, option.name, masked(getattr(self, option.name), option.name))
        written._changed = masked(self._changed)
        return written

    def _changed_options(self) -> dict[str, Any]:
        """Training options that differ from their defaults, as they were given."""
        silent = {*OWNED, *(f.name for f in fields(RunOptions)), "seed", "output_dir"}
        given = {f.name: (getattr(self, f.name), f) for f in fields(self) if f.init and f.name not in silent}
        return {k: v for k, (v, f) in given.items() if v != _default(f)}

    def to_dict(self) -> dict[str, Any]:
        return masked({name: _plain(value) for name, value in super().to_dict().items()})


def digests(options: RunOptions) -> dict[str, str]:
    """Digests of the files of the user's code that the options name, by path, sorted.

    Raises ConfigError for one that is missing, and for one whose digest stands in `programs` and is another.
    """
    extractors = [name for name in names_in(options.rewards.extract) if name.startswith(PROGRAM)]
    code = {
        "rewards.functions": options.rewards.named_functions,
        "rewards.extract": [name.removeprefix(PROGRAM) for name in extractors],
        "teacher.model": options.teacher.programs,
    }
    files = {str(source(option, each)): option for option, named in code.items() for each in named}
    found = {file: digest(Path(file)) for file in sorted(files)}
    for file, mark in found.items():
        if options.programs.get(file, mark) != mark:
            raise ConfigError(
                f"{files[file]}: {file} is not the file of `programs` ({options.programs[file]}), but {mark}"
            )
    return found


def _default(option: Field[Any]) -> Any:
    return option.default_factory() if option.default_factory is not MISSING else option.default


def _plain(value: Any) -> Any:
    """A section of the config as a dict."""
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def _training_options(options: dict[str, Any]) -> dict[str, Any]:
    """A recipe's `training` section, checked. Raises ConfigError for an unknown or ineffective name or a bad number."""
    known = {f.name: f.default for f in fields(TrainingArguments)}
    for name in {f.name for f in fields(RunOptions)} | {"output_dir", "seed"}:
        known.pop(name, None)
    for name in options:
        if name in OWNED:
            raise ConfigError(f"training.{name} has no effect here; instead use {OWNED[name]}")
        if name in known and name not in WORKS:
            raise ConfigError(_untried(f"training.{name}"))
        if name not in known:
            close = nearest(name, known)
            hint = close if "did you mean" in close else "; see transformers.TrainingArguments"
            raise ConfigError(f"there is no option training.{name}{hint}")
    return {name: _number(name, value, known[name]) for name, value in options.items()}


def _number(name: str, value: Any, default: Any) -> Any:
    """YAML reads 1e-6 as a text; where the default is a number, a text must be one too."""
    if type(default) not in (int, float):
        return value
    try:
        number = type(default)(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ConfigError(f"training.{name} is {value!r}, which is not a number") from error
    if isinstance(number, float) and not math.isfinite(number):
        raise ConfigError(f"training.{name} is {number}; it is a finite number")
    return number


def _untried(name: str) -> str:
    return f"{name} is not known to work with rollout steps; leave it out (known: {', '.join(sorted(WORKS))})"
