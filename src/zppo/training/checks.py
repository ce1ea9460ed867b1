"""Validation of the options of a run against each other, its student and its teachers, before any weights are read."""

import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from transformers import PreTrainedTokenizerBase

from zppo.config import RunOptions
from zppo.engines.local import LocalText
from zppo.engines.transformers import TransformersEngine
from zppo.errors import ConfigError, EngineError, TeacherError
from zppo.models.loading import called, check_model, check_sees, load_processing, student_processing
from zppo.models.renderer import Renderer
from zppo.rewards.extraction import warn_of_boxes
from zppo.rewards.routing import RoutedScorer, is_free
from zppo.teacher.model import ModelTeacher, served_engine
from zppo.teacher.program import ProgramTeacher
from zppo.types import Prompt, Question
from zppo.zone.selection import share

logger = logging.getLogger(__name__)

DIGITS = 4
"""Digits of the decimals that are proposed."""


def check_options(options: RunOptions, student: Any, teachers: Sequence[Any], processing: Any = None) -> None:
    """Refuse combinations that cannot work, before any weights are read. Raises ConfigError or TeacherError.

    `processing` is the student's tokenizer or processor, if it is not the one beside the model.
    """
    if not student:
        raise ConfigError("there is no student; pass model=... or set student.model")
    check_model("student.model", student)
    reason = why_teacher(options)
    if reason and not teachers:
        raise TeacherError(
            f"method {options.method!r} {reason}; set teacher.model or teacher.endpoint, or "
            "take a method that needs no teacher: grpo or grpo+replay"
        )
    for number, teacher in enumerate(teachers):
        if teacher is student and not isinstance(student, str):
            raise TeacherError("teacher and student are one model object, which training would change; load it twice")
        if is_model(teacher):
            option = "teacher.fallbacks" if number else "teacher.model"
            check_model(option, teacher)
            Renderer(load_processing(option, teacher, options.teacher.chat_template))
        else:
            teacher.check()
    _check_ahead(options, teachers)
    renderer = Renderer(student_processing(options.student, student, processing))
    _check_thinking(options, teachers, renderer)
    if teacher_writes(options):
        _check_writer(teachers[0])
    if "distributions" in options.parsed_method.needs:
        _check_distillation(options.method, teachers, renderer.tokenizer, student)
    compresses = teacher_writes(options) and options.parsed_method.writes == "summaries"
    asking = ("closer", "compress") if compresses else ("closer",)
    warn_of_boxes(options.loaded_templates.texts, options.rewards.extract, asking)
    _warn_of_empty_shares(options)


def _warn_of_empty_shares(options: RunOptions) -> None:
    """Shares of the new questions are rounded down: one that comes to nothing switches off a part of the method."""
    method, zone = options.parsed_method, options.zone
    parts = (
        ("augment_fraction", bool(method.aids), "aided prompts"),
        ("replay_fraction", method.replay, "replayed questions"),
    )
    for name, is_on, what in parts:
        fraction = getattr(zone, name)
        if is_on and share(fraction, zone.new_questions) == 0:
            least = math.ceil(Fraction(10**DIGITS, zone.new_questions)) / 10**DIGITS
            logger.warning(
                "zone.%s (%s) of zone.new_questions (%s) is less than one: steps of method %r have no %s; set zone.%s "
                "to %s or more, or draw more new questions",
                *(name, fraction, zone.new_questions, options.method, what, name, least),
            )


def _check_thinking(options: RunOptions, teachers: Sequence[Any], student: Renderer) -> None:
    """Refuse to switch thoughts off where nothing can: no template of a model, no field of a request.

    A server that is not told to think keeps its own default: that is a warning.
    """
    renderers = [("sampling.thinking", options.sampling.thinking, student)]
    thinking = options.teacher.thinking or options.sampling.thinking
    option = "teacher.thinking" if options.teacher.thinking else "sampling.thinking"
    for teacher in teachers if why_teacher(options) else ():
        if is_model(teacher):
            theirs = Renderer(load_processing("teacher.model", teacher, options.teacher.chat_template))
            renderers.append((option, thinking, theirs))
    for name, value, renderer in renderers:
        if value == "off" and not renderer.switches_thinking:
            model = renderer.tokenizer.name_or_path
            raise ConfigError(f"{name} is off, but the chat template of {model} has no switch for it; leave it out")
    asked = "responses" in options.parsed_method.needs
    if asked and thinking == "off" and not all(call.no_thinking_body for call in options.teacher.calls):
        raise ConfigError(f"{option} is off, which the field no_thinking_body tells a teacher's server; set it too")
    if asked and thinking == "on" and not all(call.thinking_body for call in options.teacher.calls):
        logger.warning(
            "%s is on, but a teacher's server is not told, and thinks if that is its own default: thinking_body can "
            "tell it (docs/teacher.md), and teacher.thinking: template says that its default is meant",
            option,
        )


def _check_ahead(options: RunOptions, teachers: Sequence[Any]) -> None:
    if not options.teacher.ahead:
        return
    if not teachers or is_model(teachers[0]) or not teachers[0].works_ahead:
        raise ConfigError("teacher.ahead asks a teacher elsewhere ahead of time; set teacher.endpoint, or leave it out")
    if not options.parsed_method.asks_all_hard:
        raise ConfigError(
            f"teacher.ahead asks about new questions in case they are hard, but method {options.method!r} does not ask "
            "about every hard question; leave it out"
        )


def check_answers(verdict: Any, questions: Iterable[Question], options: RunOptions, teachers: Sequence[Any]) -> bool:
    """Refuse questions that the verdict cannot score; returns whether a judge must be built for some of them.

    Raises DataError naming the question, or ConfigError when free-form answers have no judge. Reward functions look
    after their own questions.
    """
    if not isinstance(verdict, RoutedScorer):
        return False
    free = None
    for question in questions:
        verdict.check([question])
        free = question if free is None and is_free(question) else free
    if free is None or verdict.judge is not None:
        return False
    model = options.judge.model
    if options.judge.urls:
        _check_judge(options)
    elif model is not None:
        check_model("judge.model", model)
        Renderer(load_processing("judge.model", model))
    elif not teachers or isinstance(teachers[0], ProgramTeacher):
        raise ConfigError(
            f"question {free.id!r} has a free-form answer (answer_type: free), which a judge must compare, and there "
            "is none; set judge.model or judge.endpoint, or a teacher that judges too"
        )
    return True


def _check_judge(options: RunOptions) -> None:
    engine = served_engine(options.judge.server(), options.teacher)
    try:
        engine.check()
    except EngineError as error:
        raise ConfigError(f"judge.endpoint: {error}") from error
    finally:
        engine.close()


def media_filter(options: RunOptions, student: Any, teachers: Sequence[Any]) -> Callable[[Question], None]:
    """Passes every question, and refuses the run at the first with images, with videos or with a system message, if the
    student, or a local teacher that answers questions, cannot be shown them: ConfigError or TeacherError naming the
    question, EngineError naming the chat template.
    """
    checked: set[str] = set()

    def passes(question: Question) -> None:
        kinds = {medium.kind for medium in question.media}
        new = ({*kinds, "system"} if question.system else kinds) - checked
        checked.update(new)
        if new & kinds:
            check_sees("student.model", student, question)
        for number, teacher in enumerate(teachers if why_teacher(options) and new else ()):
            option = "teacher.fallbacks" if number else "teacher.model"
            if is_model(teacher):
                if new & kinds:
                    check_sees(option, teacher, question)
                if "system" in new:
                    renderer = Renderer(load_processing(option, teacher, options.teacher.chat_template))
                    renderer.rendered(Prompt("plain", question, question.words, turns=question.turns))

    return passes


def is_model(teacher: Any) -> bool:
    """True for a model that is still to be loaded: a folder, a name or a loaded one; a `Teacher` is ready as it is."""
    return not isinstance(teacher, ModelTeacher | ProgramTeacher)


def embedded(teacher: Any) -> TransformersEngine | None:
    """The engine of a teacher that is a loaded model in this process."""
    text = teacher.engine if isinstance(teacher, ModelTeacher) else None
    engine = text.engine if isinstance(text, LocalText) else None
    return engine if isinstance(engine, TransformersEngine) else None


def why_teacher(options: RunOptions) -> str:
    """Reason why the method needs a teacher, or ''."""
    method = options.parsed_method
    if "distributions" in method.needs:
        return "follows the distributions of a teacher"
    if "responses" in method.needs:
        return "asks a teacher for responses"
    if teacher_writes(options):
        return "lets a teacher compress candidates (or set teacher.compression to truncate or none)"
    return ""


def teacher_writes(options: RunOptions) -> bool:
    """True if the first teacher also rewrites: candidates, or responses as hints."""
    method, config = options.parsed_method, options.teacher
    return (method.writes == "summaries" and config.compression == "teacher") or (
        method.writes == "hints" and config.hints == "teacher"
    )


def _check_writer(teacher: Any) -> None:
    if isinstance(teacher, ProgramTeacher):
        raise TeacherError(
            f"{teacher.name} cannot rewrite responses; set teacher.compression to truncate or none, and "
            "teacher.hints to cut"
        )


def _check_distillation(method: str, teachers: Sequence[Any], own: PreTrainedTokenizerBase, student: Any) -> None:
    """One local teacher over the student's vocabulary."""
    if len(teachers) > 1:
        raise TeacherError(f"method {method!r} follows one teacher, not {len(teachers)}; leave out teacher.fallbacks")
    teacher = teachers[0]
    engine = embedded(teacher)
    if not is_model(teacher) and engine is None:
        kind = teacher.name if isinstance(teacher, ProgramTeacher) else "a server"
        raise TeacherError(f"method {method!r} needs token distributions, which {kind} has not; use a local model")
    unloaded: Any = None if engine else load_processing("teacher.model", teacher)
    theirs: Any = engine.renderer.tokenizer if engine else getattr(unloaded, "tokenizer", unloaded)
    mine, other = own.get_vocab(), theirs.get_vocab()
    if mine != other:
        odd = min(token for token in mine.keys() | other.keys() if mine.get(token) != other.get(token))
        raise TeacherError(
            f"method {method!r} compares distributions over one vocabulary, but student {called(student)} has "
            f"{len(mine)} tokens and teacher {called(teacher)} {len(other)}: token {odd!r} is {_number(mine, odd)} of "
            f"the student's and {_number(other, odd)} of the teacher's. Take a teacher of the same family"
        )


def _number(vocabulary: Mapping[str, int], token: str) -> str:
    return f"number {vocabulary[token]}" if token in vocabulary else "none"


def check_one_process(world_size: int, gpus: int) -> None:
    """Refuse a launch on several devices. Raises ConfigError."""
    if max(world_size, gpus) > 1:
        raise ConfigError(
            f"{world_size} processes with {gpus} GPUs: training runs in one process on one device; start it without "
            "torchrun and with one device in CUDA_VISIBLE_DEVICES"
        )
