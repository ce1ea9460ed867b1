"""Making candidates short without touching their final answer (method section 6).

One prompt and one cap serve teacher-right and student-wrong text alike, so that length and style give nothing away.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from zppo.engines.base import Rewritten, TextEngine
from zppo.rewards.boxed import last_boxed
from zppo.rewards.extraction import BOXED, Extractor
from zppo.teacher.rewriting import TeacherRewriting, written_in
from zppo.types import Candidate, Question, Sampling
from zppo.zone.candidates import neutralise
from zppo.zone.prompts import Templates

_WORD, _TAG = re.compile(r"\w"), re.compile(r"</?\w+>")
KeepTail = Callable[[str, int], str]
"""`keep_tail(text, tokens)`: the text's last `tokens` tokens, in the student's tokenizer."""


class Truncate:
    """Keeps the last `tokens` tokens of a candidate, its final answer included (method section 6, fallback).

    An answer that `extract` does not read in them is put at their end, in the form that it reads.
    """

    def __init__(self, keep_tail: KeepTail, tokens: int, extract: Extractor = BOXED) -> None:
        self._keep_tail = keep_tail
        self._tokens = tokens
        self._extract = extract

    def __call__(self, candidate: Candidate) -> Candidate:
        tail = self._keep_tail(candidate.text, self._tokens)
        if candidate.answer is not None and not _answers(tail, candidate, self._extract):
            tail = self._keep_tail(f"{candidate.text}\n{self._extract.state(candidate.answer)}", self._tokens)
        return replace(candidate, text=tail)

    def rewrite(self, candidates: Sequence[tuple[Question, Candidate]], seed: int) -> Rewritten:
        """A `Rewriter` that needs no teacher."""
        return Rewritten([self(candidate) for _, candidate in candidates])


def teacher_compression(
    engine: TextEngine, templates: Templates, sampling: Sampling, extract: Extractor = BOXED
) -> TeacherRewriting:
    """The teacher rewrites each candidate as a `<summary>`.

    A candidate without a final answer has nothing that must survive except that it stays without one.
    """

    def accept(question: Question, candidate: Candidate, written: str) -> Candidate | None:
        return surviving(candidate, neutralise(written_in("summary", written)), extract)

    return TeacherRewriting(engine, templates.compress, accept, sampling)


def surviving(candidate: Candidate, text: str, extract: Extractor = BOXED) -> Candidate | None:
    """`candidate` with the new `text`; None when the text is empty or does not end in the candidate's final answer.

    Without a final answer it must stay without one.
    """
    kept = text and _answers(text, candidate, extract) and _ends_in_box(text)
    return replace(candidate, text=text) if kept else None


def _answers(text: str, candidate: Candidate, extract: Extractor) -> bool:
    """True if the final answer of `text` is the candidate's, spaces aside. An empty one is none."""
    return _spaceless(extract(text)) == _spaceless(candidate.answer)


def _ends_in_box(text: str) -> bool:
    """True if nothing but marks (brackets, full stops, tags) follows the last box, if there is one."""
    answer = last_boxed(text)
    return not answer or _WORD.search(_TAG.sub("", text[text.rindex(answer) + len(answer) :])) is None


def _spaceless(answer: str | None) -> str:
    return "".join((answer or "").split())
