r"""Hints: what a right teacher response says without its answer (method section 8, `hint`).

A hint that states the gold answer (of a choice its letter or its text), the response's own final answer or a `\boxed`
is refused.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from zppo.engines.base import Rewritten, TextEngine
from zppo.rewards.choice import read_choice
from zppo.rewards.routing import COLUMN
from zppo.teacher.rewriting import TeacherRewriting, written_in
from zppo.teacher.statements import stated_at
from zppo.types import Candidate, Question, Sampling
from zppo.zone.candidates import neutralise
from zppo.zone.prompts import Templates

_BOX = re.compile(r"\\(?:boxed|fbox)(?![A-Za-z])")


def teacher_hints(engine: TextEngine, templates: Templates, sampling: Sampling) -> TeacherRewriting:
    """The teacher turns a response into a `<hint>`."""

    def accept(question: Question, candidate: Candidate, written: str) -> Candidate | None:
        return answer_free(question, candidate, neutralise(written_in("hint", written)))

    return TeacherRewriting(engine, templates.write_hint, accept, sampling)


def cut_hints(candidates: Sequence[tuple[Question, Candidate]], seed: int) -> Rewritten:
    """Each response up to where an answer or a box first stands: for teachers that cannot follow an instruction."""
    hints = [answer_free(q, c, _before_answer(q, c)) for q, c in candidates]
    return Rewritten(hints, refused=hints.count(None))


def answer_free(question: Question, candidate: Candidate, text: str) -> Candidate | None:
    """`candidate` with the hint `text`, or None when it is empty or gives the answer away."""
    told = any(True for _ in _giveaways(question, candidate, text))
    return replace(candidate, text=text) if text and not told else None


def _before_answer(question: Question, candidate: Candidate) -> str:
    text = candidate.text
    while (cut := min(_giveaways(question, candidate, text), default=None)) is not None:
        text = text[:cut].strip()  # which may leave a number alone that went on before
    return text


def _giveaways(question: Question, candidate: Candidate, text: str) -> Iterator[int]:
    """Positions in `text` at which an answer or a box begins."""
    yield from (box.start() for box in _BOX.finditer(text))
    answers = {question.answer, candidate.answer}
    if question.fields.get(COLUMN) == "choice":
        choice = read_choice(question)
        answers |= {choice.gold, choice.options[choice.gold]}
    for answer in answers:
        yield from stated_at(text, answer) if answer else ()
