"""Making candidates short without touching their final answer (method section 6).

One prompt and one cap serve teacher-right and student-wrong text alike, so that length and style give nothing away.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from zppo.engines.base import Generator, Rewritten
from zppo.rewards.boxed import last_boxed
from zppo.teacher.rewriting import TeacherRewriting, written_in
from zppo.types import Candidate, Question, Sampling
from zppo.zone.candidates import harmless
from zppo.zone.prompts import Templates

_WORD, _TAG = re.compile(r"\w"), re.compile(r"</?\w+>")
KeepTail = Callable[[str, int], str]
"""`keep_tail(text, tokens)`: the text's last `tokens` tokens, in the student's tokenizer."""


class Truncate:
    """Keeps the last `tokens` tokens of a candidate, its final answer included (method section 6, fallback).

    An answer that does not stand in them, boxed, is put at their end.
    """

    def __init__(self, keep_tail: KeepTail, tokens: int) -> None:
        self._keep_tail = keep_tail
        self._tokens = tokens

    def __call__(self, candidate: Candidate) -> Candidate:
        tail = self._keep_tail(candidate.text, self._tokens)
        if candidate.answer is not None and not _answers(tail, candidate):
            tail = self._keep_tail(f"{candidate.text}\n\\boxed{{{candidate.answer}}}", self._tokens)
        return replace(candidate, text=tail)

    def rewrite(self, candidates: Sequence[tuple[Question, Candidate]], seed: int) -> Rewritten:
        """A `Rewriter` that needs no teacher."""
        return Rewritten([self(candidate) for _, candidate in candidates])


def teacher_compression(engine: Generator, templates: Templates, sampling: Sampling) -> TeacherRewriting:
    """The teacher rewrites each candidate as a `<summary>`.

    A candidate without a final answer has nothing that must survive except that it stays without one.
    """

    def accept(question: Question, candidate: Candidate, written: str) -> Candidate | None:
        return surviving(candidate, harmless(written_in("summary", written)))

    return TeacherRewriting(engine, templates.compress, accept, sampling)


def surviving(candidate: Candidate, text: str) -> Candidate | None:
    """`candidate` with the new `text`; None when the text is empty or does not end in the candidate's final answer.

    Without a final answer it must stay without one.
    """
    return replace(candidate, text=text) if text and _answers(text, candidate) and _ends_in_answer(text) else None


def _answers(text: str, candidate: Candidate) -> bool:
    """Whether the final answer of `text` is the candidate's, spaces aside. An empty box is no answer."""
    return _spaceless(last_boxed(text)) == _spaceless(candidate.answer)


def _ends_in_answer(text: str) -> bool:
    """Whether nothing but marks (brackets, full stops, tags) follows the final answer, if there is one."""
    answer = last_boxed(text)
    return not answer or _WORD.search(_TAG.sub("", text[text.rindex(answer) + len(answer) :])) is None


def _spaceless(answer: str | None) -> str:
    return "".join((answer or "").split())
