"""Answers compared as text (`answer_type: exact`): names, words, codes."""

import unicodedata

from zppo.rewards.graded import Graded, refuse, shown
from zppo.rewards.plain import as_text, unwrapped
from zppo.types import Question


def read_exact(question: Question) -> str:
    return normal_text(question.answer) or refuse(question, "the answer is empty; exact match needs a text")


def compare_exact(gold: str, box: str) -> Graded:
    r"""Case counts. Unicode forms, spacing, `\text{...}`, math delimiters, bold type, the backslash of `\%` and a full
    stop at the end do not.
    """
    same = normal_text(box) == gold
    return Graded(float(same), f"{shown(box)} is {'' if same else 'not '}the text {shown(gold)}", box)


def normal_text(text: str) -> str:
    """NFKC, unwrapped, with single spaces."""
    return unwrapped(as_text(unicodedata.normalize("NFKC", text)), (("**", "**"),))
