r"""Hints: what a right teacher response says without its answer (method section 8, `hint`).

A hint that holds the gold answer, the response's own final answer or a `\boxed` is refused.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from zppo.engines.base import Generator, Rewritten
from zppo.teacher.rewriting import TeacherRewriting, written_in
from zppo.types import Candidate, Question, Sampling
from zppo.zone.candidates import harmless
from zppo.zone.prompts import Templates

BOX = "\\boxed"


def teacher_hints(
    engine: Generator, templates: Templates, sampling: Sampling, forbidden: Sequence[str]
) -> TeacherRewriting:
    """The teacher turns a response into a `<hint>`, from which the `forbidden` tokens are kept out."""

    def accept(question: Question, candidate: Candidate, written: str) -> Candidate | None:
        return answer_free(question, candidate, harmless(written_in("hint", written), forbidden))

    return TeacherRewriting(engine, templates.write_hint, accept, sampling)


def cut_hints(candidates: Sequence[tuple[Question, Candidate]], seed: int) -> Rewritten:
    """Each response up to where an answer or a box first stands: for teachers that cannot follow an instruction."""
    return Rewritten([answer_free(q, c, _before_answer(q, c)) for q, c in candidates])


def answer_free(question: Question, candidate: Candidate, text: str) -> Candidate | None:
    """`candidate` with the hint `text`, or None when it is empty or gives the answer away."""
    told = BOX in text or any(states(text, answer) for answer in _answers(question, candidate))
    return replace(candidate, text=text) if text and not told else None


def states(text: str, answer: str) -> bool:
    """Whether `answer` stands in `text` on its own, whatever the spacing: 9 is in `3*3 = 9`, not in 19, 9.5 or x9."""
    return _stated(answer).search(text) is not None


def _before_answer(question: Question, candidate: Candidate) -> str:
    found = [_stated(answer).search(candidate.text) for answer in _answers(question, candidate)]
    ends = [match.start() for match in found if match] + [candidate.text.find(BOX)]
    return candidate.text[: min((end for end in ends if end >= 0), default=None)].strip()


def _answers(question: Question, candidate: Candidate) -> set[str]:
    return {answer for answer in (question.answer, candidate.answer) if answer}


def _stated(answer: str) -> re.Pattern[str]:
    """One letter is looked for in its own case: the choice A is not the article a."""
    characters = "".join(answer.split())
    spaced = r"\s*".join(map(re.escape, characters))
    before = r"(?<![\w.])" if characters[:1].isalnum() else ""
    after = r"(?!\w|\.\d)" if characters[-1:].isalnum() else ""
    return re.compile(f"{before}{spaced}{after}", re.IGNORECASE if len(characters) > 1 else 0)
