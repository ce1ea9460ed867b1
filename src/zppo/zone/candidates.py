"""Which responses enter a prompt, and in what shape (algorithm 1, step 4): choose, shuffle, make harmless.

Text that a model wrote is data. Before it enters a prompt it can neither close its `<candidate>` tag nor smuggle a
chat or media token into the prompt. Engines see to the tokens that only their own tokenizer knows.
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
"""Unicode's Default_Ignorable_Code_Point: what a reader does not see."""
_NAMES = "|".join(f"[{_INVISIBLE}]*".join(name) for name in ("candidate", "response", "summary", "hint"))
_TAG = re.compile(rf"<(?=[\s/{_INVISIBLE}]*(?:{_NAMES})(?:[{_INVISIBLE}]|(?!\w)))", re.IGNORECASE)
"""The beginning of a tag of ours, also of one that only looks like it: `</ candidate>`."""


@dataclass(frozen=True)
class Draft:
    """An aided prompt before its candidates are rewritten. `candidates` stand in the order they will be shown."""

    kind: Kind
    question: Question
    candidates: tuple[Candidate, ...]


def harmless(text: str) -> str:
    """`text` without thinking and media marks, our own tags escaped, the control tokens of chat formats broken up."""
    text = _THINK.sub("\n", text.replace(MEDIA_MARK, ""))
    return _TAG.sub("&lt;", as_plain_text(text)).strip()


def as_candidates(rollouts: Iterable[Rollout]) -> list[Candidate]:
    """Scored rollouts as candidates. A response with no visible text shows nothing and is not a candidate.

    The final answer is made harmless too: an NCQ lists it outside the `<candidate>` tags.
    """
    shown = [(harmless(r.text), r) for r in rollouts if r.reward is not None]
    return [Candidate(text, _harmless_answer(r), r.is_right, r) for text, r in shown if text]


def _harmless_answer(rollout: Rollout) -> str | None:
    return None if rollout.answer is None else harmless(rollout.answer)


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


def draft_single(kind: Kind, question: Question, right: Sequence[Candidate], rng: random.Random) -> list[Draft]:
    """A hint or a prefix: one right teacher candidate, drawn uniformly."""
    return [Draft(kind, question, (rng.choice(right),))] if right else []


def build_prompts(
    draft: Draft,
    rewritten: Sequence[Candidate | None],
    templates: Templates,
    begin: Callable[[Candidate], Prefix | None],
) -> list[Prompt]:
    """The prompt of a draft after rewriting, or nothing when too few candidates survived.

    `rewritten` is aligned with `draft.candidates`; None marks a candidate that must not be shown. An NCQ needs at least
    one candidate, and still lists the answers of those it lost as wrong; any other prompt needs all of its candidates.
    `begin` makes a prefix of a candidate's response, None where it is too short for one.
    """
    question, alive = draft.question, [c for c in rewritten if c is not None]
    if draft.kind == "ncq":
        return [Prompt("ncq", question, templates.ncq(question, alive, draft.candidates))] if alive else []
    if len(alive) < len(draft.candidates):
        return []
    if draft.kind == "bcq":
        return [Prompt("bcq", question, templates.bcq(question, alive))]
    if draft.kind == "hint":
        return [Prompt("hint", question, templates.hint(question, alive[0].text))]
    prefix = begin(alive[0])
    return [Prompt("prefix", question, templates.plain(question), prefix)] if prefix else []
