"""Finding and loading student and teacher, with the checks that need no weights first."""

from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from zppo.errors import ConfigError, TeacherError, ZppoError


def check_model(option: str, model: Any) -> None:
    """Refuse a model that cannot be found or cannot generate text after a prompt. Reads its config only.

    Raises ConfigError, or TeacherError for the teacher, naming the option, the model and what it is.
    """
    error = _error(option)
    if not isinstance(model, str | PreTrainedModel):
        raise error(f"{option}: a folder, a Hub name or a loaded model is needed, not {type(model).__name__}")
    config = model.config if isinstance(model, PreTrainedModel) else _config(option, model, error)
    if config.model_type not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        name = model if isinstance(model, str) else type(model).__name__
        raise error(f"{option}: {name} is of kind {config.model_type!r}, not a causal language model")


def load_tokenizer(option: str, model: str | PreTrainedModel) -> PreTrainedTokenizerBase:
    """The tokenizer beside the model. Raises ConfigError, or TeacherError for the teacher, when there is none."""
    name = model if isinstance(model, str) else model.name_or_path
    try:
        return AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError) as problem:
        hint = "; pass one as processing_class" if option.startswith("student") else ""
        raise _error(option)(f"{option}: no tokenizer beside {name!r}{hint}") from problem


def load_model(option: str, model: str | PreTrainedModel, dtype: str) -> PreTrainedModel:
    """The model itself; a loaded one is used as it is.

    Raises ConfigError, or TeacherError for the teacher, when there are no weights.
    """
    if isinstance(model, PreTrainedModel):
        return model
    try:
        return AutoModelForCausalLM.from_pretrained(model, dtype=getattr(torch, dtype))
    except OSError as problem:
        raise _error(option)(f"{option}: {model!r} has no weights that can be read: {problem}") from problem


def _error(option: str) -> type[ZppoError]:
    return TeacherError if option.startswith("teacher") else ConfigError


def _config(option: str, name: str, error: type[ZppoError]) -> Any:
    try:
        return AutoConfig.from_pretrained(name)
    except (OSError, ValueError) as problem:
        raise error(f"{option}: {name!r} is neither a checkpoint folder nor a model that can be fetched") from problem
