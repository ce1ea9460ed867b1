"""Which responses enter a prompt, and in what shape (algorithm 1, step 4): choose, shuffle, make harmless.

Text that a model wrote is data. Before it enters a prompt it can neither close its `<candidate>` tag nor smuggle a
chat or media token into the prompt.
"""

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from zppo.types import Candidate, Prompt, Question, Rollout
from zppo.zone.prompts import Templates

_THINK = re.compile(r"</?think>")
_TAG = re.compile(r"<(?=/?(?:candidate|response|summary|hint)\b)", re.IGNORECASE)


@dataclass(frozen=True)
class Draft:
    """A BCQ or NCQ before its candidates are compressed. `candidates` stand in the order they will be shown."""

    kind: str
    question: Question
    candidates: tuple[Candidate, ...]


def harmless(text: str, special_tokens: Sequence[str] = ()) -> str:
    """`text` without thinking marks, with our own tags escaped and every special token of the student broken up."""
    text = _THINK.sub("\n", text)
    for token in special_tokens:
        text = text.replace(token, f"{token[0]} {token[1:]}")
    return _TAG.sub("&lt;", text).strip()


def as_candidates(rollouts: Iterable[Rollout], special_tokens: Sequence[str] = ()) -> list[Candidate]:
    """Scored rollouts as candidates. A response with no visible text shows nothing and is not a candidate.

    The final answer is made harmless too: an NCQ lists it outside the `<candidate>` tags.
    """
    shown = [(harmless(r.text, special_tokens), r) for r in rollouts if r.reward is not None]
    return [Candidate(text, _harmless_answer(r, special_tokens), r.is_right) for text, r in shown if text]


def _harmless_answer(rollout: Rollout, special_tokens: Sequence[str]) -> str | None:
    return None if rollout.answer is None else harmless(rollout.answer, special_tokens)


def draft_bcq(
    question: Question, right: Sequence[Candidate], wrong: Sequence[Candidate], rng: random.Random
) -> list[Draft]:
    """One right teacher candidate and one wrong student candidate, each drawn uniformly, in random order."""
    if not right or not wrong:
        return []
    pair = [rng.choice(right), rng.choice(wrong)]
    rng.shuffle(pair)
    return [Draft("bcq", question, tuple(pair))]


def draft_ncq(question: Question, wrong: Sequence[Candidate]) -> list[Draft]:
    """Every wrong candidate of the group, in rollout order."""
    return [Draft("ncq", question, tuple(wrong))] if wrong else []


def build_prompts(draft: Draft, compressed: Sequence[Candidate | None], templates: Templates) -> list[Prompt]:
    """The prompt of a draft after compression, or nothing when too few candidates survived.

    `compressed` is aligned with `draft.candidates`; None marks a candidate whose final answer did not survive. A BCQ
    needs both of its candidates, an NCQ at least one; the answers of those it lost are still listed as wrong.
    """
    alive = [c for c in compressed if c is not None]
    if draft.kind == "bcq":
        whole = len(alive) == len(draft.candidates)
        return [Prompt("bcq", draft.question, templates.bcq(draft.question, alive))] if whole else []
    return [Prompt("ncq", draft.question, templates.ncq(draft.question, alive, draft.candidates))] if alive else []
