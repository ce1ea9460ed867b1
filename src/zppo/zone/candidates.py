"""Candidates of a prompt (algorithm 1, step 4): chosen, shuffled and escaped.

A model's text is data. Before it enters a prompt, its `<candidate>` tags are escaped and its chat and media tokens
are broken up. Engines handle the tokens that only their own tokenizer knows.
"""

import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from zppo.types import MEDIA_MARK, Candidate, Kind, Prefix, Prompt, Question, Rollout
from zppo.zone.prompts import Templates
from zppo.zone.spelling import as_plain_text

_THINK = re.compile(r"</?think>")
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Unicode's Default_Ignorable_Code_Point: characters without a glyph."""
_NAMES = "|".join(f"[{_INVISIBLE}]*".join(name) for name in ("candidate", "response", "summary", "hint"))
_TAG = re.compile(rf"<(?=[\s/{_INVISIBLE}]*(?:{_NAMES})(?:[{_INVISIBLE}]|(?!\w)))", re.IGNORECASE)
"""The beginning of a prompt's tag, with variants such as `</ candidate>`."""


@dataclass(frozen=True)
class Draft:
    """An aided prompt before its candidates are rewritten. `candidates` stand in the order of the prompt."""

    kind: Kind
    question: Question
    candidates: tuple[Candidate, ...]


def neutralise(text: str) -> str:
    """`text` without thinking and media marks, tags of prompts escaped, control tokens of chat formats broken up."""
    text = _THINK.sub("\n", text.replace(MEDIA_MARK, ""))
    return _TAG.sub("&lt;", as_plain_text(text)).strip()


def as_candidates(rollouts: Iterable[Rollout]) -> list[Candidate]:
    """Every scored rollout as a candidate. The text is empty where a response has no visible text.

    The final answer is escaped too: an NCQ lists it outside the `<candidate>` tags.
    """
    return [Candidate(neutralise(r.text), _harmless_answer(r), r.is_right, r) for r in rollouts if r.reward is not None]


def _harmless_answer(rollout: Rollout) -> str | None:
    return None if rollout.answer is None else neutralise(rollout.answer)


def admits(kind: Kind, right: Sequence[Candidate], wrong: Sequence[Candidate]) -> bool:
    """True if a prompt of this kind can be built from the right teacher and the wrong student candidates."""
    if kind == "ncq":
        return bool(wrong)
    return bool(_visible(right)) and (kind != "bcq" or bool(_visible(wrong)))


def draft_bcq(
    question: Question, right: Sequence[Candidate], wrong: Sequence[Candidate], rng: random.Random
) -> list[Draft]:
    """One right teacher candidate and one wrong student candidate, each drawn uniformly, in random order.

    Only candidates with a text are drawn: an empty one would reveal which of the two is wrong.
    """
    if not admits("bcq", right, wrong):
        return []
    pair = [rng.choice(_visible(right)), rng.choice(_visible(wrong))]
    rng.shuffle(pair)
    return [Draft("bcq", question, tuple(pair))]


def draft_ncq(question: Question, wrong: Sequence[Candidate]) -> list[Draft]:
    """Every wrong candidate of the group, in rollout order."""
    return [Draft("ncq", question, tuple(wrong))] if wrong else []


def draft_single(kind: Kind, question: Question, right: Sequence[Candidate], rng: random.Random) -> list[Draft]:
    """A hint or a prefix: one right teacher candidate, drawn uniformly."""
    return [Draft(kind, question, (rng.choice(_visible(right)),))] if admits(kind, right, ()) else []


def identity(candidate: Candidate) -> Candidate:
    return candidate


def build_prompts(
    draft: Draft,
    rewritten: Sequence[Candidate | None],
    templates: Templates,
    begin: Callable[[Candidate], Prefix | None],
    fallback: Callable[[Candidate], Candidate] = identity,
) -> list[Prompt]:
    """The prompt of a draft after rewriting, or none.

    `rewritten` is aligned with `draft.candidates`. None marks one that could not be rewritten: a BCQ or NCQ shows it
    by `fallback`; a hint is skipped. `begin` cuts a prefix from a candidate's response, None where it is too short.
    """
    question = draft.question
    if draft.kind in ("bcq", "ncq"):
        shown = _shown(draft, rewritten, fallback)
        text = (templates.bcq if draft.kind == "bcq" else templates.ncq)(question, shown)
        return [Prompt(draft.kind, question, text, turns=question.turns, candidates=tuple(shown))]
    (single,) = rewritten
    if single is None:
        return []
    if draft.kind == "hint":
        return [Prompt("hint", question, templates.hint(question, single.text), turns=question.turns)]
    prefix = begin(single)
    return [Prompt("prefix", question, templates.plain(question), prefix, question.turns)] if prefix else []


def _shown(
    draft: Draft, rewritten: Sequence[Candidate | None], fallback: Callable[[Candidate], Candidate]
) -> list[Candidate]:
    """All candidates of a BCQ or NCQ. If one of a BCQ falls back, both do: their form must not show which is right."""
    if draft.kind == "bcq" and None in rewritten:
        return [fallback(c) for c in draft.candidates]
    return [fallback(c) if new is None else new for c, new in zip(draft.candidates, rewritten, strict=True)]


def _visible(candidates: Sequence[Candidate]) -> list[Candidate]:
    return [c for c in candidates if c.text]
