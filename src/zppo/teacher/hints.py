r"""Hints: what a right teacher response says without its answer (method section 8, `hint`).

A hint that holds the gold answer, the response's own final answer or a `\boxed` is refused.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from zppo.engines.base import Generator, Rewritten
from zppo.rewards.plain import number
from zppo.teacher.rewriting import TeacherRewriting, written_in
from zppo.types import Candidate, Question, Sampling
from zppo.zone.candidates import harmless
from zppo.zone.prompts import Templates

_BOX = re.compile(r"\\(?:boxed|fbox)(?![A-Za-z])")
_INTEGER_OR_DECIMAL = re.compile(r"(?<![\w.])(?:\d+(?:\.\d+)?|\.\d+)")
_GROUPED = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_FRACTION = re.compile(r"(?<![\w.])\d+\s*/\s*\d+|\\[dt]?frac\s*(?:\{\s*\d+\s*\}|\d)\s*(?:\{\s*\d+\s*\}|\d)")
_MIXED = re.compile(rf"(?<![\w.])\d+\s*(?:{_FRACTION.pattern})")
_FORMS = (_INTEGER_OR_DECIMAL, _GROUPED, _FRACTION, _MIXED)
"""How a number may be written; a whole one is looked for in the first two."""
_WRAPPED = re.compile(r"^(?:\$+(.+?)\$+|\\\((.+)\\\)|\(([^()]+)\)|\\(?:text|mathrm|textbf|mathbf)\{([^{}]*)\})$")


def teacher_hints(engine: Generator, templates: Templates, sampling: Sampling) -> TeacherRewriting:
    """The teacher turns a response into a `<hint>`."""

    def accept(question: Question, candidate: Candidate, written: str) -> Candidate | None:
        return answer_free(question, candidate, harmless(written_in("hint", written)))

    return TeacherRewriting(engine, templates.write_hint, accept, sampling)


def cut_hints(candidates: Sequence[tuple[Question, Candidate]], seed: int) -> Rewritten:
    """Each response up to where an answer or a box first stands: for teachers that cannot follow an instruction."""
    hints = [answer_free(q, c, _before_answer(q, c)) for q, c in candidates]
    return Rewritten(hints, refused=hints.count(None))


def answer_free(question: Question, candidate: Candidate, text: str) -> Candidate | None:
    """`candidate` with the hint `text`, or None when it is empty or gives the answer away."""
    told = any(True for _ in _giveaways(question, candidate, text))
    return replace(candidate, text=text) if text and not told else None


def states(text: str, answer: str) -> bool:
    """Whether `answer` stands in `text` on its own.

    A number by its value: 9 is in `3*3 = 9 cm` and in `9.0`, not in 19, 9.5 or x9; a fraction only as a fraction, so
    that `18/2` may be said where 9 may not. Other answers whatever their spacing, their case (but for single letters:
    the choice A is not the article a) and what they are wrapped in (dollars, a text command, parentheses).
    """
    return next(_places(text, answer), None) is not None


def _before_answer(question: Question, candidate: Candidate) -> str:
    return candidate.text[: min(_giveaways(question, candidate, candidate.text), default=None)].strip()


def _giveaways(question: Question, candidate: Candidate, text: str) -> Iterator[int]:
    """Where in `text` an answer or a box begins."""
    yield from (box.start() for box in _BOX.finditer(text))
    for answer in (question.answer, candidate.answer):
        yield from _places(text, answer) if answer else ()


def _places(text: str, answer: str) -> Iterator[int]:
    bare = _unwrapped(answer)
    value = _value(bare)
    if value is None:
        yield from (found.start() for found in _worded(bare).finditer(text))
        return
    forms = _FORMS[:2] if value.denominator == 1 else _FORMS
    for form in forms:
        yield from (found.start() for found in form.finditer(text) if _value(found.group()) in (value, -value))


def _unwrapped(answer: str) -> str:
    before = ""
    while answer != before:
        before, answer = answer, _WRAPPED.sub(lambda inner: "".join(filter(None, inner.groups())), answer.strip())
    return answer


def _value(text: str) -> Fraction | None:
    """Of a number or a fraction of integers, with or without commas between thousands."""
    plain = number(text)
    return plain if plain is not None or not _GROUPED.fullmatch(text) else number(text.replace(",", ""))


def _worded(answer: str) -> re.Pattern[str]:
    characters = "".join(answer.split())
    before = r"(?<!\w)" if characters[:1].isalnum() else ""
    after = r"(?!\w)" if characters[-1:].isalnum() else ""
    spaced = r"\s*".join(map(re.escape, characters))
    return re.compile(f"{before}{spaced}{after}", re.IGNORECASE if len(characters) > 1 else 0)
