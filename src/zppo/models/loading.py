"""Finding and loading student and teacher, with the checks that need no weights first."""

import math
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoProcessor,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING,
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
)

from zppo.config import StudentConfig
from zppo.errors import ConfigError, TeacherError, ZppoError
from zppo.models.chat_template import Processing, with_template
from zppo.models.vision import runs_apart
from zppo.types import Question


def check_model(option: str, model: Any) -> None:
    """Refuse a model that cannot be found or cannot generate text after a prompt. Reads its config only.

    Raises ConfigError, or TeacherError for the teacher, naming the option, the model and what it is.
    """
    error = _error(option)
    if not isinstance(model, str | PreTrainedModel):
        raise error(f"{option}: a folder, a Hub name or a loaded model is needed, not {type(model).__name__}")
    config = model.config if isinstance(model, PreTrainedModel) else _config(option, model, error)
    name = model if isinstance(model, str) else type(model).__name__
    if not _sees(config) and config.model_type not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        raise error(f"{option}: {name} is of kind {config.model_type!r}, not a causal or image-text language model")


def check_sees(option: str, model: str | PreTrainedModel, example: Question) -> None:
    """Refuse a model that cannot be shown the media of `example`. Reads its config only.

    Raises ConfigError, or TeacherError for the teacher, naming the option and the question.
    """
    error, name = _error(option), model if isinstance(model, str) else type(model).__name__
    config = model.config if isinstance(model, PreTrainedModel) else _config(option, model, error)
    if not _sees(config):
        raise error(
            f"{option}: {name} is of kind {config.model_type!r}, which reads text only, but question {example.id!r} "
            f"holds {example.media[0].name}; take an image-text model"
        )
    kind = type(model) if isinstance(model, PreTrainedModel) else MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING[type(config)]
    if not runs_apart(kind):
        raise error(
            f"{option}: models of kind {config.model_type!r} do not take the output of their vision tower alone "
            "(`mm_encoder_outputs`), so that images would be encoded once per rollout; take one of a family that "
            "does, such as Qwen3.5"
        )
    for medium in example.media:
        if not hasattr(kind, f"get_{medium.kind}_features"):
            raise error(
                f"{option}: models of kind {config.model_type!r} read no {medium.kind}s, but question {example.id!r} "
                f"holds {medium.name}"
            )


def context_window(config: PreTrainedConfig) -> float:
    """Context window of a model in tokens; infinite where its config names no number.

    Frequencies that are stretched after training (YaRN) lengthen it by their factor.
    """
    text = config.get_text_config()
    window = getattr(text, "max_position_embeddings", None) or math.inf
    rope = getattr(text, "rope_parameters", None) or {}
    return max(window, int((rope.get("factor") or 0) * (rope.get("original_max_position_embeddings") or 0)))


def end_tokens(model: PreTrainedModel) -> list[int]:
    """Every end token that the model's generation config names."""
    configured = model.generation_config.eos_token_id if model.generation_config else None
    several = configured if isinstance(configured, list) else [configured]
    return [i for i in several if i is not None]


def window_of(option: str, model: str | PreTrainedModel) -> float:
    """The context window of a model, in tokens. Reads its config only."""
    return context_window(
        model.config if isinstance(model, PreTrainedModel) else _config(option, model, _error(option))
    )


def called(model: Any) -> str:
    """The name of a model for a message."""
    return model if isinstance(model, str) else getattr(model, "name_or_path", "") or type(model).__name__


def student_processing(section: StudentConfig, model: str | PreTrainedModel, given: Any = None) -> Processing:
    """Processing: `given`, or else the one beside the model, with the chat template of the section, if any."""
    return with_template(
        given or load_processing("student.model", model), "student.chat_template", section.chat_template
    )


def load_processing(option: str, model: str | PreTrainedModel, template: str | None = None) -> Processing:
    """The tokenizer beside the model, or the processor of an image-text model. `template` is the file of its own one.

    Raises ConfigError, or TeacherError for the teacher, when there is none.
    """
    name = model if isinstance(model, str) else model.name_or_path
    sees = _sees(model.config if isinstance(model, PreTrainedModel) else _config(option, model, _error(option)))
    try:
        found = (AutoProcessor if sees else AutoTokenizer).from_pretrained(name)
    except (OSError, ValueError, ImportError) as problem:
        hint = "; pass one as processing_class" if option.startswith("student") else ""
        kind = "processor" if sees else "tokenizer"
        raise _error(option)(f"{option}: no {kind} beside {name!r} that can be read{hint}: {problem}") from problem
    return with_template(found, f"{option.partition('.')[0]}.chat_template", template)


def load_model(option: str, model: str | PreTrainedModel, dtype: str) -> PreTrainedModel:
    """The model itself; a loaded one is used as it is.

    Raises ConfigError, or TeacherError for the teacher, when there are no weights.
    """
    if isinstance(model, PreTrainedModel):
        return model
    kind = AutoModelForImageTextToText if _sees(_config(option, model, _error(option))) else AutoModelForCausalLM
    try:
        return kind.from_pretrained(model, dtype=getattr(torch, dtype))
    except OSError as problem:
        raise _error(option)(f"{option}: {model!r} has no weights that can be read: {problem}") from problem


def _sees(config: PreTrainedConfig) -> bool:
    """True if models of this config read images beside text."""
    return config.model_type in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES


def _error(option: str) -> type[ZppoError]:
    return TeacherError if option.startswith("teacher") else ConfigError


def _config(option: str, name: str, error: type[ZppoError]) -> Any:
    try:
        return AutoConfig.from_pretrained(name)
    except StrictDataclassError as problem:  # such as a list where one token id belongs
        said = " ".join(str(problem).split())
        raise error(f"{option}: the config.json of {name!r} has an entry to be corrected: {said}") from problem
    except (OSError, ValueError) as problem:
        raise error(f"{option}: {name!r} is neither a checkpoint folder nor a model that can be fetched") from problem
