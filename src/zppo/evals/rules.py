"""Rules shared by several benchmarks: responses -> **rules** -> scores, or a judge where they decide nothing."""

import re
from functools import cache

from zppo.evals.benchmark import Item, Scored
from zppo.rewards.boxed import last_boxed
from zppo.rewards.equivalence import Equivalence
from zppo.rewards.graded import shown
from zppo.rewards.plain import as_text, number
from zppo.rewards.thoughts import after_thoughts

_TEXT = re.compile(r"\\(?:text|textbf|textit|textrm|texttt|mathrm|mathbf|mbox)\s*\{(.*)\}", re.DOTALL)
_ESCAPED = re.compile(r"\\([%$&#_{}])")


@cache
def equivalence() -> Equivalence:
    """The grader of training, one for all benchmarks. Its workers start at the first pair that needs them."""
    return Equivalence()


def score_value(item: Item, response: str) -> Scored | None:
    r"""Right if the box is equivalent to the gold (or to one of several), wrong if both are plain numbers that
    differ; None, for the judge, in every other case and without a box."""
    box = last_boxed(response)
    if box is None:
        return None
    golds = item.gold if isinstance(item.gold, list) else [item.gold]
    if any(equivalence()(gold, box) for gold in golds):
        return Scored(1.0, f"rule: {shown(box)} is equivalent to the gold", box)
    if number(as_text(box)) is not None and all(number(as_text(gold)) is not None for gold in golds):
        return Scored(0.0, f"rule: {shown(box)} is another number", box)
    return None


def leave_to_judge(item: Item, response: str) -> None:
    """Rule of a benchmark without rules: the judge decides."""


def final_text(response: str) -> str:
    """The final answer of a response as text: `final_answer` without LaTeX around it."""
    return unwrapped(final_answer(response))


def final_answer(response: str) -> str:
    r"""The last box, as written; else the content of a truncated `\boxed{`; else the text after the thoughts,
    which is empty if they never end."""
    box = last_boxed(response)
    return after_thoughts(response).rpartition("\\boxed{")[2].strip() if box is None else box


def unbroken(text: str) -> str:
    """The text with halves of surrogate pairs, which a server may send and no file can hold, as question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def unwrapped(box: str) -> str:
    r"""The non-mathematical text of a box: out of `\text{...}`, `\%` and similar without the backslash."""
    match = _TEXT.fullmatch(box.strip())
    if match and _is_closed(match[1]):
        box = match[1]
    return _ESCAPED.sub(r"\1", box).strip()


def _is_closed(text: str) -> bool:
    """True if no brace of `text` is closed before it is opened: `a} + {b` is not the content of one pair."""
    depth = 0
    for character in _ESCAPED.sub("", text):
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return False
    return True
