"""Making candidates short without touching their final answer (method section 6).

One prompt and one cap serve teacher-right and student-wrong text alike, so that length and style give nothing away.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from zppo.engines.base import Compressed, Engine
from zppo.rewards.boxed import last_boxed
from zppo.types import Candidate, Prompt, Question, Sampling
from zppo.zone.candidates import harmless
from zppo.zone.prompts import Templates

_SUMMARY = re.compile(r"<summary>(.*?)</summary>", re.DOTALL)

KeepTail = Callable[[str, int], str]
"""`keep_tail(text, tokens)`: the text's last `tokens` tokens, in the student's tokenizer."""


def keep_whole(candidates: Sequence[tuple[Question, Candidate]], seed: int) -> Compressed:
    """No compression."""
    return Compressed([c for _, c in candidates])


class Truncate:
    """Keep the last `tokens` tokens, which hold the final answer; a candidate whose answer is cut off is dropped."""

    def __init__(self, keep_tail: KeepTail, tokens: int) -> None:
        self._keep_tail = keep_tail
        self._tokens = tokens

    def __call__(self, candidates: Sequence[tuple[Question, Candidate]], seed: int) -> Compressed:
        return Compressed([self._shorten(c) for _, c in candidates])

    def _shorten(self, candidate: Candidate) -> Candidate | None:
        return surviving(candidate, self._keep_tail(candidate.text, self._tokens))


class TeacherCompression:
    """The teacher rewrites each candidate as a `<summary>`; a second try where the first one lost the answer.

    A candidate without a final answer has nothing that must survive except that it stays without one. Equal texts on
    one question are rewritten once.
    """

    tries = 2

    def __init__(self, engine: Engine, templates: Templates, sampling: Sampling, forbidden: Sequence[str]) -> None:
        self._engine = engine
        self._templates = templates
        self._sampling = sampling
        self._forbidden = forbidden

    def __call__(self, candidates: Sequence[tuple[Question, Candidate]], seed: int) -> Compressed:
        done: dict[tuple[str, str], Candidate] = {}
        tokens = 0
        for attempt in range(self.tries):
            open_ = {(q.id, c.text): (q, c) for q, c in candidates if (q.id, c.text) not in done}
            if not open_:
                break
            prompts = [Prompt("plain", q, self._templates.compress(q, c.text)) for q, c in open_.values()]
            groups = self._engine.generate(prompts, 1, replace(self._sampling, seed=seed + attempt))
            tokens += sum(len(g.rollouts[0].token_ids) for g in groups)
            for key, (_, candidate), group in zip(open_, open_.values(), groups, strict=True):
                shortened = surviving(candidate, harmless(_summary(group.rollouts[0].text), self._forbidden))
                if shortened is not None:
                    done[key] = shortened
        return Compressed([done.get((q.id, c.text)) for q, c in candidates], tokens)


def surviving(candidate: Candidate, text: str) -> Candidate | None:
    """`candidate` with the new `text`, or None when the text is empty or its final answer is another one."""
    unchanged = _spaceless(last_boxed(text)) == _spaceless(candidate.answer)
    return replace(candidate, text=text) if text and unchanged else None


def _summary(text: str) -> str:
    found = _SUMMARY.findall(text)
    return found[-1] if found else ""


def _spaceless(answer: str | None) -> str | None:
    return None if answer is None else "".join(answer.split())
