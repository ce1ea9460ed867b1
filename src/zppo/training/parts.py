"""Puts the parts of a rollout step together from the options, which `checks.py` has found to fit each other."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from zppo.config import RunOptions
from zppo.engines.base import PolicyEngine, Rewriter, Teacher
from zppo.engines.local import LocalText
from zppo.engines.transformers import TransformersEngine, local_text
from zppo.judges.judge import Judge
from zppo.models.loading import called, context_window, end_tokens, load_model, load_processing
from zppo.models.renderer import Renderer
from zppo.reports.progress import Progress
from zppo.rewards.extraction import Extractor
from zppo.rewards.routing import RoutedScorer
from zppo.rollout.worker import Parts
from zppo.teacher.compression import Truncate, teacher_compression
from zppo.teacher.hints import cut_hints, teacher_hints
from zppo.teacher.model import ModelTeacher, served_engine
from zppo.teacher.rewriting import keep_whole
from zppo.training.checks import embedded, is_model, teacher_writes, why_teacher
from zppo.training.distill import Distillation, check_head
from zppo.training.forward import Frozen
from zppo.training.resolve import Resolved
from zppo.training.update import PolicyUpdate, Update
from zppo.types import Prompt, Sampling
from zppo.zone.candidates import identity
from zppo.zone.prompts import Templates

logger = logging.getLogger(__name__)


def build_parts(options: RunOptions, student: PreTrainedModel, run: Resolved, progress: Progress) -> Parts:
    """The parts of a rollout step of `run`, its teachers and its judge loaded, which `progress` shows."""
    extract, scorer = run.extract, run.scorer
    templates = replace(options.loaded_templates, state=extract.state)
    method = options.parsed_method
    renderer = Renderer(run.processing, end_tokens(student))
    engine = TransformersEngine(student, renderer, options.engine.batch_size)
    judging = run.teachers[:1] if run.needs_judge and not options.judge.is_set else []
    needed = run.teachers if why_teacher(options) else judging
    teachers = [_teacher(options, teacher, student, templates, progress) for teacher in needed]
    if run.needs_judge and isinstance(scorer, RoutedScorer):
        scorer.judge = _judge(options, teachers, student, templates)
    truncate = Truncate(_keep_tail(renderer.tokenizer), options.teacher.compression_tokens, extract)
    rewriter = _rewriter(options, truncate, teachers, templates, extract)
    fallback = truncate if options.teacher.compression_fallback == "truncate" else identity
    own = renderer.tokenizer.get_vocab()
    shared = all((it := embedded(t)) is not None and it.renderer.tokenizer.get_vocab() == own for t in teachers)
    fits = LocalText(engine, renderer, window=context_window(student.config)).fits
    fitting = partial(_fitting, fits, options.sampling.at(seed=0))
    return Parts(
        method,
        engine,
        renderer,
        scorer,
        teachers,
        rewriter,
        templates,
        shared,
        fallback,
        fitting=fitting,
        extract=extract,
        ahead=options.teacher.ahead,
        scored_at_once=max(1, options.engine.batch_size // options.zone.group_size),
    )


def build_update(options: RunOptions, parts: Parts) -> Update:
    """The gradient update of the method. Raises ConfigError or TeacherError for a model it cannot distil."""
    first = embedded(parts.teachers[0]) if parts.teachers else None
    student = embedded_student(parts)
    pad = student.renderer.pad
    if parts.method.loss != "policy":
        assert first is not None, "distillation was checked to have a local teacher"
        check_head(student.model, "student.model")
        teacher = Frozen(first.model, first.vision)
        by_question = parts.method.loss == "distill_responses"
        return Distillation(teacher, options.update, options.sampling, pad, student.vision, by_question)
    # Who gave a response is known only if there is one teacher.
    known = first is not None and parts.shared_vocabulary and len(parts.teachers) == 1 and parts.method.injects
    watched = Frozen(first.model, first.vision) if first is not None and known else None
    return PolicyUpdate(options.update, options.sampling, pad, student.vision, watched)


def embedded_student(parts: Parts) -> TransformersEngine:
    """The student's engine: what is trained is in this process."""
    assert isinstance(parts.student, TransformersEngine), "the student that is trained is in this process"
    return parts.student


def use_weights(student: PolicyEngine, model: PreTrainedModel, version: int) -> None:
    """Let the student's engine sample from the weights that the model has after `version` rollout steps."""
    if student.policy_version != version:
        student.update_weights(model.named_parameters(), version)


def _fitting(fits: Callable[[Prompt, Sampling], bool], sampling: Sampling, prompts: Sequence[Prompt]) -> list[Prompt]:
    """The prompts that leave room for a response. The others are named in a warning."""
    kept = []
    for prompt in prompts:
        if fits(prompt, sampling):
            kept.append(prompt)
        else:
            logger.warning(
                "question %r gets no %s prompt: with sampling.max_tokens (%d) it exceeds the student's context window",
                *(prompt.question.id, prompt.kind, sampling.max_tokens),
            )
    return kept


def _teacher(
    options: RunOptions, teacher: Any, student: PreTrainedModel, templates: Templates, progress: Progress
) -> Teacher:
    if not is_model(teacher):
        return teacher
    progress.phase(f"loading teacher {called(teacher)}")
    template = options.teacher.chat_template
    engine = _frozen("teacher.model", teacher, options.teacher.dtype, student, options, template)
    return ModelTeacher(engine, templates, options.teacher.thinking)


def _frozen(
    option: str, name: Any, dtype: str, student: PreTrainedModel, options: RunOptions, template: str | None = None
) -> LocalText:
    """A model that is asked and never trained, beside the student."""
    processing = load_processing(option, name, template)
    model = load_model(option, name, dtype).to(student.device).requires_grad_(False)
    return local_text(model, processing, options.engine.batch_size)


def _judge(options: RunOptions, teachers: Sequence[Teacher], student: PreTrainedModel, templates: Templates) -> Judge:
    """A judge of its own, or the first teacher."""
    config = options.judge
    if config.urls:
        served = served_engine(config.server(), options.teacher)
        served.check()
        return Judge(served, templates, config.max_tokens, served.metrics)
    if config.model is None:
        first = teachers[0]
        assert isinstance(first, ModelTeacher), "the first teacher was checked to be able to judge"
        return Judge(first.engine, templates, config.max_tokens)
    engine = _frozen("judge.model", config.model, config.dtype, student, options)
    return Judge(engine, templates, config.max_tokens)


def _rewriter(
    options: RunOptions, truncate: Truncate, teachers: Sequence[Teacher], templates: Templates, extract: Extractor
) -> Rewriter:
    method, config = options.parsed_method, options.teacher
    hints = method.writes == "hints"
    if teacher_writes(options):
        first = teachers[0]
        assert isinstance(first, ModelTeacher), "the first teacher was checked to be able to write"
        sampling = replace(options.sampling.at(seed=0), max_tokens=config.compression_tokens, thinking="off")
        if hints:
            return teacher_hints(first.engine, templates, sampling)
        return teacher_compression(first.engine, templates, sampling, extract)
    if hints:
        return cut_hints
    return truncate.rewrite if method.writes == "summaries" and config.compression == "truncate" else keep_whole


def _keep_tail(tokenizer: PreTrainedTokenizerBase) -> Any:
    def keep_tail(text: str, tokens: int) -> str:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        return text if len(ids) <= tokens else tokenizer.decode(ids[-tokens:]).strip()

    return keep_tail
