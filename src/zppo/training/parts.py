"""Puts the parts of a rollout step together from the options, after checking that they fit each other."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from zppo.config import RunOptions
from zppo.data.reader import questions_from, read_jsonl
from zppo.engines.base import Compressor, Teacher, Verdict
from zppo.engines.transformers import TransformersEngine, prompt_ids
from zppo.errors import ConfigError, DataError, TeacherError
from zppo.methods import parse_method
from zppo.step import Parts
from zppo.teacher.compression import TeacherCompression, Truncate, keep_whole
from zppo.teacher.local import LocalTeacher
from zppo.training.models import check_model, load_model, load_tokenizer
from zppo.types import Question
from zppo.zone.prompts import Templates


def check_options(options: RunOptions, student: Any, teacher: Any) -> None:
    """Refuse combinations that cannot work, before any weights are read. Raises ConfigError or TeacherError."""
    method = parse_method(options.method)
    compresses = method.aids and options.teacher.compression == "teacher"
    if not student:
        raise ConfigError("there is no student; pass model=... or set student.model")
    check_model("student.model", student)
    if teacher is None:
        if method.bcq or compresses:
            need = "asks a teacher for BCQ candidates" if method.bcq else "lets the teacher compress candidates"
            hint = "" if method.bcq else ", or teacher.compression to truncate or none"
            raise TeacherError(f"method {options.method!r} {need}; set teacher.model{hint}")
    elif not hasattr(teacher, "respond"):
        check_model("teacher.model", teacher)
        prompt_ids(load_tokenizer("teacher.model", teacher), "")
    elif compresses and not isinstance(teacher, LocalTeacher):
        kind = type(teacher).__name__
        raise TeacherError(f"{kind} cannot compress; set teacher.compression to truncate or none")
    Templates.load(options.prompts.templates)


def check_one_process(world_size: int, gpus: int) -> None:
    """Refuse a launch on several devices. Raises ConfigError."""
    if max(world_size, gpus) > 1:
        raise ConfigError(
            f"{world_size} processes with {gpus} GPUs: training runs in one process on one device; start it without "
            "torchrun and with one device in CUDA_VISIBLE_DEVICES"
        )


def to_questions(dataset: Any, path: str, source: str) -> list[Question]:
    """Questions from a dataset, from questions, or (`dataset` None) from the JSONL file at `path`."""
    if dataset is None:
        return read_jsonl(path) if path else []
    if isinstance(dataset, str | Path):
        return read_jsonl(dataset)
    rows = list(dataset)
    return rows if rows and isinstance(rows[0], Question) else questions_from(rows, source)


def fitting(questions: Sequence[Question], options: RunOptions, tokenizer: PreTrainedTokenizerBase) -> list[Question]:
    """The questions whose plain prompt is within `prompts.max_tokens`. Raises DataError if too few are left."""
    templates, limit = Templates.load(options.prompts.templates), options.prompts.max_tokens
    kept = [q for q in questions if len(prompt_ids(tokenizer, templates.plain(q))) <= limit]
    if len(kept) < options.zone.new_questions:
        raise DataError(
            f"zone.new_questions is {options.zone.new_questions}, but there are {len(kept)} training questions "
            f"({len(questions) - len(kept)} of {len(questions)} have a prompt over prompts.max_tokens = {limit})"
        )
    return kept


def build_parts(
    options: RunOptions, student: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, teacher: Any, verdict: Verdict
) -> Parts:
    """The parts of a rollout step. `teacher` is None, a model to load, or anything with `respond`."""
    templates, method = Templates.load(options.prompts.templates), parse_method(options.method)
    engine = TransformersEngine(student, tokenizer, options.engine.batch_size)
    if teacher is not None and not hasattr(teacher, "respond") and method.aids:
        teacher = _local_teacher(options, teacher, student, templates)
    return Parts(method, engine, verdict, teacher, _compressor(options, engine, teacher, templates), templates)


def _local_teacher(
    options: RunOptions, teacher: str | PreTrainedModel, student: PreTrainedModel, templates: Templates
) -> Teacher:
    tokenizer = load_tokenizer("teacher.model", teacher)
    model = load_model("teacher.model", teacher, options.teacher.dtype).to(student.device).requires_grad_(False)
    return LocalTeacher(TransformersEngine(model, tokenizer, options.engine.batch_size), templates)


def _compressor(options: RunOptions, student: TransformersEngine, teacher: Any, templates: Templates) -> Compressor:
    config = options.teacher
    if config.compression == "teacher" and isinstance(teacher, LocalTeacher):
        sampling = replace(options.sampling.at(seed=0), max_tokens=config.compression_tokens)
        return TeacherCompression(teacher.engine, templates, sampling, student.special_tokens)
    if config.compression == "truncate":
        return Truncate(_keep_tail(student.tokenizer), config.compression_tokens)
    return keep_whole


def _keep_tail(tokenizer: PreTrainedTokenizerBase) -> Any:
    def keep_tail(text: str, tokens: int) -> str:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        return text if len(ids) <= tokens else tokenizer.decode(ids[-tokens:]).strip()

    return keep_tail
