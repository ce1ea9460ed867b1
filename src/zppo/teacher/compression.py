"""Making candidates short without touching their final answer (method section 6).

One prompt and one cap serve teacher-right and student-wrong text alike, so that length and style give nothing away.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from zppo.engines.base import Generator, Rewriter, Rewritten
from zppo.rewards.boxed import last_boxed
from zppo.teacher.rewriting import TeacherRewriting, drop_all, written_in
from zppo.types import Candidate, Question, Sampling
from zppo.zone.candidates import harmless
from zppo.zone.prompts import Templates

KeepTail = Callable[[str, int], str]
"""`keep_tail(text, tokens)`: the text's last `tokens` tokens, in the student's tokenizer."""


class Truncate:
    """Keep the last `tokens` tokens, which hold the final answer; a candidate whose answer is cut off is dropped."""

    def __init__(self, keep_tail: KeepTail, tokens: int) -> None:
        self._keep_tail = keep_tail
        self._tokens = tokens

    def __call__(self, candidates: Sequence[tuple[Question, Candidate]], seed: int) -> Rewritten:
        return Rewritten([surviving(c, self._keep_tail(c.text, self._tokens)) for _, c in candidates])


def teacher_compression(
    engine: Generator, templates: Templates, sampling: Sampling, stand_in: Rewriter = drop_all
) -> TeacherRewriting:
    """The teacher rewrites each candidate as a `<summary>`.

    A candidate without a final answer has nothing that must survive except that it stays without one. `stand_in`
    shortens the candidates while the teacher is out of reach.
    """

    def accept(question: Question, candidate: Candidate, written: str) -> Candidate | None:
        return surviving(candidate, harmless(written_in("summary", written)))

    return TeacherRewriting(engine, templates.compress, accept, sampling, stand_in)


def surviving(candidate: Candidate, text: str) -> Candidate | None:
    """`candidate` with the new `text`, or None when the text is empty or its final answer is another one."""
    unchanged = _spaceless(last_boxed(text)) == _spaceless(candidate.answer)
    return replace(candidate, text=text) if text and unchanged else None


def _spaceless(answer: str | None) -> str | None:
    return None if answer is None else "".join(answer.split())
