"""Short answers: text recognition, questions about texts, counts, formulas, handwritten choices."""

import re
from collections.abc import Sequence

from zppo.evals.metrics import ANLS_THRESHOLD, similarity

SHORT_WORDS = 5
"""A gold of fewer words need only occur in the answer; a longer one is compared as a whole."""
SHORT_PARTS = 4
"""The same for Chinese golds, which are counted in parts between commas."""
REGRESSION_THRESHOLD = 0.5
_FIRST_NUMBER = re.compile(r"\d{1,18}")
_TEXT = re.compile(r"\\text\{([^{}]*)\}")
_SEPARATORS = ("", ".", ". ", ",", ", ", "、", ";", "; ", " ", "和")


def contained(answer: str, golds: Sequence[str], case_sensitive: bool = False) -> float:
    """1 if a short gold occurs in the answer; a long gold counts by its similarity, if that reaches one half."""
    answer, golds = _line(answer), [_line(gold) for gold in golds]
    if not case_sensitive:
        answer, golds = answer.lower(), [gold.lower() for gold in golds]
    return max(_contained(answer, gold, len(gold.split()) < SHORT_WORDS) for gold in golds)


def contained_chinese(answer: str, golds: Sequence[str]) -> float:
    answer, golds = _without_spaces(answer).lower(), [_without_spaces(gold).lower() for gold in golds]
    return max(_contained(answer, gold, len(gold.split(",")) < SHORT_PARTS) for gold in golds)


def letters_equal(answer: str, golds: Sequence[str]) -> float:
    """Score of a choice: 1 if the letters of the answer, without all other characters, are the gold."""
    return float("".join(c for c in answer if c.isalpha()) == golds[0])


def counted(answer: str, golds: Sequence[str], how: str) -> float:
    """Score of a count: `exact match` needs the number in the answer; `regression` gives 1 - |error| / gold, above one
    half. Raises ValueError for another method, and for a regression gold that is not a whole number.
    """
    if how == "exact match":
        return float(any(_line(gold).lower() in answer.lower() for gold in golds))
    if how != "regression":
        raise ValueError(f"the column 'eval' should be 'exact match' or 'regression', not {how!r}")
    number = _FIRST_NUMBER.search(answer)
    return max(_near(int(number.group()), int(gold)) for gold in golds) if number else 0.0


def formula(answer: str, golds: Sequence[str]) -> float:
    """1 if the LaTeX of a gold occurs in the answer, ignoring spaces and line breaks."""
    answer = _without_spaces(answer)
    return float(any(_without_spaces(gold) in answer for gold in golds))


def formula_chinese(answer: str, golds: Sequence[str]) -> float:
    return formula(_TEXT.sub(r"\1", answer), [_TEXT.sub(r"\1", gold) for gold in golds])


def written_choice(answer: str, gold: str) -> float:
    """Score of one letter or several, with any common separator."""
    return float(any(separator.join(gold) in answer for separator in _SEPARATORS))


def _contained(answer: str, gold: str, is_short: bool) -> float:
    if is_short:
        return float(gold in answer)
    value = similarity(answer, gold)
    return value if value >= ANLS_THRESHOLD else 0.0


def _near(number: int, gold: int) -> float:
    if not 0 < number < 2 * gold:
        return 0.0
    value = 1 - abs(number - gold) / gold
    return value if value > REGRESSION_THRESHOLD else 0.0


def _line(text: str) -> str:
    return text.strip().replace("\n", " ")


def _without_spaces(text: str) -> str:
    return text.strip().replace("\n", "").replace(" ", "")
