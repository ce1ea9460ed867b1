r"""Answers that are compared part by part: options, dates, times of day, scores, ratios, numbers in a base.

math-verify subtracts in `2023-01-02`, divides in `12:30` and does not see the base of `2516_8`. A function gives True
or False where both are of its kind, and None where it has nothing to say.
"""

import re
import string
from collections.abc import Callable
from fractions import Fraction

from zppo.rewards.units import COMMON, unit_named

Same = Callable[[str, str], bool | None]

_OPTION = re.compile(r"\(?([A-J])(?:\)[.:]?|[.:])?")
_LABELLED = re.compile(
    r"(?:\(([A-J])\)[.:]?|([A-J])(?:\)|[.:](?=\s)))\s*([^\s+*/^=<>_)(-].*|-\s?\d.*|\([^)]*\).*)", re.DOTALL
)
_HEDGED = re.compile(r"(?<![A-Za-z\\])\(?[A-J]\)(?![A-Za-z])|\b(?:or|and|not|nor)\b|(?<![A-Za-z\\])[B-J](?![A-Za-z])")
_DATE = re.compile(r"\d{4}([-/])\d\d?\1\d\d?|\d\d?([-/])\d\d?\2\d{4}")
_SCORE = re.compile(r"\d{1,9}(-)\d{1,9}")
_RATIO = re.compile(r"\d{1,9}(?:\s?:\s?\d{1,9})+")
_TIME = re.compile(r"([01]?\d|2[0-4])(?:\s?:\s?(\d\d))?(?::(\d\d))?\s*(?:([ap])\s?\.?\s?m)?\s*(o'clock)?", re.I)
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november"),
    "december",
)
_MONTH_FIRST = re.compile(
    r"(?P<month>[a-z]{3,9})\.?\s+(?P<day>\d{1,2})(?:\s?(?:st|nd|rd|th))?(?:,?\s+(?P<year>\d{4}))?", re.I
)
_DAY_FIRST = re.compile(
    r"(?P<day>\d{1,2})(?:\s?(?:st|nd|rd|th))?\s+(?:of\s+)?(?P<month>[a-z]{3,9})\.?,?(?:\s+(?P<year>\d{4}))?", re.I
)
_BASES = {
    **{"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10},
    **{"twelve": 12, "sixteen": 16, "binary": 2, "octal": 8, "decimal": 10, "hexadecimal": 16},
}
_MEASURE = re.compile(r"(?:,?\s*(?:and)?\s*)(\d{1,9}(?:\.\d{1,9})?)\s*([A-Za-z]{1,12})\.?(?![A-Za-z])")
_IN_BASE = re.compile(
    r"\(?([0-9A-Za-z][0-9A-Za-z\s,.]*?)\)?\s*(?:_\s*\{?\s*\(?(?:base\s*)?(\d{1,2}|[a-z]+)\)?\s*\}?|\(?\s*(?:in\s+)?base[\s-]*(\d{1,2}|[a-z]+)\)?)"
)


def same_option(gold: str, answer: str, same: Same) -> bool | None:
    """`B`, `(B)` and `B.` are one option, and with a text behind it too: `(B) 7`. A text that hedges is none."""
    left, right = _option(gold), _option(answer)
    if left is None and right is None:
        return None
    if left and right:
        if left[0] != right[0] or (not (left[1] and right[1]) and _HEDGED.search(left[1] + right[1])):
            return False
        return same(left[1], right[1]) if left[1] and right[1] else True
    # A label on one side alone: `(B) 7` is `7`.
    if left and left[1]:
        return same(left[1], answer)
    return same(gold, right[1]) if right and right[1] else None


def _option(text: str) -> tuple[str, str] | None:
    """The letter, and the text behind it or ''."""
    alone = _OPTION.fullmatch(text)
    if alone:
        return alone[1], ""
    labelled = _LABELLED.fullmatch(text)
    return (labelled[1] or labelled[2], labelled[3]) if labelled else None


def same_parts(gold: str, answer: str) -> bool | None:
    """Whether two dates, times of day, measures in several units, scores, ratios or numbers in a base are the same."""
    for compare in (_same_base, _same_compound, _same_date, _same_named_date, _same_time, _same_numbers):
        verdict = compare(gold, answer)
        if verdict is not None:
            return verdict
    return None


def _same_date(gold: str, answer: str) -> bool | None:
    """In digits. A date is no number at all."""
    left, right = _DATE.fullmatch(gold), _DATE.fullmatch(answer)
    if left and right:
        return _numbers(gold) == _numbers(answer) and (left[1] is None) == (right[1] is None)  # the year first, or last
    return False if left or right else None


def _same_named_date(gold: str, answer: str) -> bool | None:
    left, right = _named_date(gold), _named_date(answer)
    return left == right if left and right else None


def _named_date(text: str) -> tuple[int, int, int] | None:
    for form in (_MONTH_FIRST, _DAY_FIRST):
        match = form.fullmatch(text)
        month = match["month"].casefold() if match else ""
        number = next((i for i, name in enumerate(_MONTHS, 1) if month in (name, name[:3], name[:4])), 0)
        if match and number:
            return number, int(match["day"]), int(match["year"] or 0)
    return None


def _same_time(gold: str, answer: str) -> bool | None:
    """A missing AM or PM is forgiven like a missing unit. A plain number is no time."""
    left, right = _TIME.fullmatch(gold), _TIME.fullmatch(answer)
    if not left or not right or not any(left.group(2, 4, 5)) or not any(right.group(2, 4, 5)):
        return None
    if [int(x or 0) for x in left.group(2, 3)] != [int(x or 0) for x in right.group(2, 3)]:
        return False
    if not left[4] and not right[4]:
        return int(left[1]) % 24 == int(right[1]) % 24
    return not _hours(left).isdisjoint(_hours(right))


def _hours(time: re.Match[str]) -> set[int]:
    """Of a day, from 0: both that are meant where neither AM nor PM is said."""
    hour, half = int(time[1]), (time[4] or "").casefold()
    if half:
        return {hour % 12 + 12 * (half == "p")}
    return {hour % 12, hour % 12 + 12} if 0 < hour <= 12 else {hour % 24}


def _same_compound(gold: str, answer: str) -> bool | None:
    """`1 hour and 20 minutes` and `1 h 20 min`."""
    left, right = _compound(gold), _compound(answer)
    return left == right if left and right else None


def _compound(text: str) -> dict[str, Fraction]:
    """Numbers by their units, which are at least two; empty for anything else."""
    parts = _MEASURE.findall(text)
    if len(parts) < 2 or _MEASURE.sub("", text).strip() or not all(unit in COMMON for _, unit in parts):
        return {}
    units = {unit_named(unit): Fraction(number) for number, unit in parts}
    return units if len(units) == len(parts) else {}


def _same_numbers(gold: str, answer: str) -> bool | None:
    """Of a score or a ratio. A ratio of two numbers is their quotient too."""
    spoken = [re.sub(r"(?<=\d)\s+to\s+(?=\d)", ":", text) for text in (gold, answer)]
    for form in (_SCORE, _RATIO):
        if all(map(form.fullmatch, spoken)):
            return _numbers(gold) == _numbers(answer)
    for ratio, other in ((gold, answer), (answer, gold)):
        match = re.fullmatch(r"(\d{1,9})\s?:\s?([1-9]\d{0,8})", ratio)
        fraction = re.fullmatch(r"(?:\\frac\{)?(\d{1,9})(?:\}\{|\s?/\s?)([1-9]\d{0,8})\}?", other)
        if match and fraction:
            return Fraction(int(match[1]), int(match[2])) == Fraction(int(fraction[1]), int(fraction[2]))
    return None


def _same_base(gold: str, answer: str) -> bool | None:
    """The digits and the base; a number without a base is in base ten."""
    left, right = _in_base(gold), _in_base(answer)
    if left is None and right is None:
        return None
    if left is None or right is None:
        digits, base = left or right or ("", 0)
        plain = re.fullmatch(r"[+-]?\d[\d.]*", gold if left is None else answer)
        return base == 10 and plain is not None and plain[0].lstrip("+0") == digits
    return left == right


def _in_base(text: str) -> tuple[str, int] | None:
    """`2516_{8}`, `2516_{\\text{eight}}`, `2516 base 8`. The digits must be digits of the base."""
    match = _IN_BASE.fullmatch(text) if len(text) < 300 else None
    if not match:
        return None
    written = match[2] or match[3]
    base = int(written) if written.isdigit() else _BASES.get(written, 0)
    digits = re.sub(r"[\s,]", "", match[1]).upper().lstrip("0")
    known = set((string.digits + string.ascii_uppercase)[:base] + ".")
    begins = match[1][0].isdigit() or (base > 10 and match[1].isupper())
    return (digits, base) if 2 <= base <= 36 and set(digits) <= known and begins else None


def _numbers(text: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", text)]
