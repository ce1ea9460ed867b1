r"""Answers with words in them: their words must agree, and what stands between them.

math-verify reads a word as a product of variables, for which `cat` is `act`, or leaves it out.
"""

import re
from collections.abc import Callable

from zppo.rewards.symbolic.tree import NAMES
from zppo.rewards.units import COMMON

Same = Callable[[str, str], bool | None]

_SHORT = {
    *("no", "of", "in", "is", "at", "to", "or", "am", "pm", "by", "if", "on", "we", "he", "it", "as", "an", "be", "do"),
    *("so", "us", "up", "ok"),
}
_WORD = re.compile(
    r"(?:(?<=[\s(,;:'\"!?/-])|(?<![\s\S]))([^\W\d_]{1,30}(?:(?<=..)['-][^\W\d_]{2,30})*)(?=[\s),.;:!?'\"/-]|$)"
)
_LETTERS = re.compile(r"[A-Za-z]{2,30}")
_MIXED = re.compile(r"(?<=[a-z])[A-Z]|(?<=[A-Z])[A-Z](?=[a-z])")
"""Capitals within a word, which make it another product of variables."""
_TIMES = re.compile(r"\s*(?:\\cdot(?![A-Za-z])|\*)\s*")
_POINTS = " ,.;:!?'\"-"
_ARTICLES = {"a", "an", "the"}


def words(text: str) -> list[str]:
    """Letters between spaces that are no names of mathematics; `ab` is a product."""
    return [word for word in _WORD.findall(text) if _is_word(word)]


def same_words(gold: str, answer: str, same: Same) -> bool | None:
    """None where neither has words; `same` compares what stands between words that are the same."""
    if _LETTERS.fullmatch(gold) and _LETTERS.fullmatch(answer) and not {gold, answer} & NAMES:
        return gold == answer or (_folded(gold) == _folded(answer) and not any(map(_MIXED.search, (gold, answer))))
    products = _TIMES.sub("", gold), _TIMES.sub("", answer)
    if products != (gold, answer) and all(map(_LETTERS.fullmatch, products)):
        return sorted(products[0]) == sorted(products[1])
    left, right = _parts(gold), _parts(answer)
    if len(left) == len(right) == 1:
        return None
    if left[1::2] != right[1::2]:
        return False
    verdicts = [_same_piece(*pair, same) for pair in zip(left[::2], right[::2], strict=True)]
    return False if False in verdicts else None if None in verdicts else True


def _same_piece(gold: str, answer: str, same: Same) -> bool | None:
    gold, answer = (piece.strip(_POINTS if len(piece.strip()) < 3 else " ,.;:") for piece in (gold, answer))
    return same(gold, answer) if gold and answer else gold == answer


def _parts(text: str) -> list[str]:
    """What stands between the words, and the words at the odd places."""
    parts, start = [""], 0
    for match in _WORD.finditer(text):
        if not _is_word(match[1]):
            continue
        parts[-1] += text[start : match.start()]
        start = match.end()
        if match[1].casefold() not in _ARTICLES:
            parts += [_folded(match[1]), ""]
    parts[-1] += text[start:]
    return parts


def _is_word(word: str) -> bool:
    if not word.isascii():
        return True
    if len(word) < 3:
        return word.casefold() in _SHORT
    return word not in NAMES or word in COMMON


def _folded(word: str) -> str:
    """Case counts in one or two letters, which may be variables."""
    return word.casefold() if len(word) > 2 or word.casefold() in _SHORT else word
