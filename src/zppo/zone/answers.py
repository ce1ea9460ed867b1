"""Normal form and equality of final answers as strings (method sections 6 and 9).

The grader compares values; the list of an NCQ and the audit of aided rollouts compare the text.
"""

import re
from collections.abc import Iterable

_WRAPPED = re.compile(r"\\(?:text|textrm|textbf|textit|mathrm|mathbf|mathit|mathsf|operatorname)\s*\{([^{}]*)\}")


def normal_form(answer: str) -> str:
    r"""`answer` in lower case, spaces collapsed, `\text{}` and the like removed, without full stops at its end.

    >>> normal_form(r"\text{Great  Tit}.")
    'great tit'
    """
    before = ""
    while before != answer:
        before, answer = answer, _WRAPPED.sub(r"\1", answer)
    return " ".join(answer.split()).rstrip(" .").lower()


def distinct(answers: Iterable[str | None]) -> list[str]:
    """The distinct answers as first written, in order; a missing or an empty one is skipped.

    Answers that differ only in runs of spaces or in full stops at the end are equal.
    """
    first: dict[str, str] = {}
    for answer in answers:
        string = " ".join((answer or "").split()).rstrip(" .")
        if answer is not None and normal_form(string):
            first.setdefault(string, answer.strip())
    return list(first.values())
