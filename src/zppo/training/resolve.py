"""From options and arguments to all that a run is made of and that needs no weights: once, before any are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from zppo.data.dropped import Dropped
from zppo.data.questions import Questions
from zppo.models.chat_template import Processing
from zppo.models.loading import student_processing, window_of
from zppo.models.renderer import Renderer
from zppo.reports.progress import Progress
from zppo.rewards.extraction import Extractor
from zppo.rewards.functions import RewardFunctions, as_scorer
from zppo.rewards.routing import RoutedScorer
from zppo.training.arguments import ZPPOConfig
from zppo.training.checks import check_answers, check_one_process, check_options, media_filter
from zppo.training.given import given_functions, given_student, given_teachers, unnamed
from zppo.training.questions import held_out_questions, teacher_readers, training_questions
from zppo.types import Question


@dataclass(frozen=True)
class Resolved:
    """The parts of a run before its weights are read.

    `model` and `teachers` are loaded models or names of models to load; `dropped` are rows of `train` and `eval` that
    are not asked; `needs_judge`: a judge must be built for some answers; `given` names the objects that were given in
    Python.
    """

    model: Any
    processing: Processing
    teachers: Sequence[Any]
    scorer: RoutedScorer | RewardFunctions
    extract: Extractor
    questions: Questions
    eval_questions: Sequence[Question]
    dropped: dict[str, list[Dropped]]
    needs_judge: bool
    given: list[str]


def resolve(
    args: ZPPOConfig,
    progress: Progress,
    model: Any,
    teacher: Any,
    reward_funcs: Any,
    train_dataset: Any,
    eval_dataset: Any,
    processing_class: Processing | None,
) -> Resolved:
    """The arguments are those of `ZPPOTrainer`; `args` is changed to name the student and the teachers in use.

    Raises ConfigError, DataError or TeacherError if something does not fit.
    """
    args.student, model = given_student(args.student, model)
    args.teacher, teachers = given_teachers(args, teacher)
    check_one_process(args.world_size, args.n_gpu)
    check_options(args, model, teachers, processing_class)
    processing = student_processing(args.student, model, processing_class)
    sees, renderer = media_filter(args, model, teachers), Renderer(processing)
    scorer, extract = as_scorer(given_functions(args.rewards, reward_funcs)), Extractor.of(args.rewards.extract)
    if isinstance(scorer, RoutedScorer):
        scorer.extract = extract
    progress.phase("reading questions")
    answered, window = not isinstance(scorer, RewardFunctions), window_of("student.model", model)
    readers = teacher_readers(args, teachers)
    questions, dropped = training_questions(train_dataset, args, renderer, sees, answered, window, readers)
    held_out, unasked = held_out_questions(eval_dataset, args, renderer, sees, answered, window)
    needs_judge = check_answers(scorer, chain(questions, held_out), args, teachers)
    given = unnamed(reward_funcs=reward_funcs, processing_class=processing_class)
    rows = {"train": dropped, "eval": unasked}
    return Resolved(model, processing, teachers, scorer, extract, questions, held_out, rows, needs_judge, given)
