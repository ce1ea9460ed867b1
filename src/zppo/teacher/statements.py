r"""Where a text states an answer, so that a hint which does is refused (method section 6: a hint states no answer).

One rule: a text states a value where the value stands whole. What is only part of something larger states nothing: an
operand (`9 + 3`, `x^9`, `9x`, `\sqrt{9}`, `f(9)`), a number that counts items or refers to one (`step 9`, `equation
(9)`, a `2.` that begins a line after the one which begins with `1.`), a digit of a longer number. A letter is an
article, a name or a variable (`A train`, `A = \pi r^2`) unless it is in brackets, alone, or said to be chosen or right.

What could be either counts as a statement: a good hint refused costs one group, an answer given away spoils it.
"""

import re
from collections.abc import Iterator
from fractions import Fraction

from zppo.rewards.plain import number
from zppo.rewards.quantity import quantity_in
from zppo.rewards.units import COMMON, unit_named

_INTEGER_OR_DECIMAL = re.compile(r"(?<![^\W_])(?<!\.)(?:\d+(?:\.\d+)?|\.\d+)")
_GROUPED = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_FRACTION = re.compile(r"(?<![\w.])\d+\s*/\s*\d+|\\[dt]?frac\s*(?:\{\s*\d+\s*\}|\d)\s*(?:\{\s*\d+\s*\}|\d)")
_MIXED = re.compile(rf"(?<![\w.])\d+\s*(?:{_FRACTION.pattern})")
_FORMS = (_INTEGER_OR_DECIMAL, _GROUPED, _FRACTION, _MIXED)
"""How a number may be written; a whole one is looked for in the first two."""
_WRAPPED = re.compile(r"^(?:\$+(.+?)\$+|\\\((.+)\\\)|\(([^()]+)\)|\\(?:text|mathrm|textbf|mathbf)\{([^{}]*)\})$")

_FUNCTION = r"(?:sqrt|d?frac|tfrac|d?binom|log|ln|lg|exp|sin|cos|tan|gcd|lcm|max|min|mod|pi)"
_COMMAND = rf"\\(?:{_FUNCTION}|times|cdot|div|pm|mp|ast|[bp]mod|alpha|beta|gamma|theta|lambda|mu)(?![A-Za-z])"
_LABEL = (
    r"(?:step|part|case|equation|eqn?|formula|fig|figure|table|section|example|problem|exercise|question|rule|theorem"
    r"|lemma|hint|item|stage|method|condition)s?\.?"
)
_DASHES = "*/\N{EN DASH}\N{MINUS SIGN}-"  # emphasis, rates and dashes in a sentence look like these operators
_SIGNS = "+×·÷"
_BEFORE = re.compile(
    rf"(?:\^\s*\{{?\s*|(?<=[\w)\]}}])_\{{?|{_COMMAND}\s*(?:\[[^]]*\])?\s*[\[{{]?\s*|\}}\s*\{{\s*|(?<=\d):"
    rf"|(?:(?<![A-Za-z])[A-Za-z]|[\d)\]}}]|(?<![A-Za-z]){_FUNCTION})[(\[]\s*"
    rf"|(?<=\S)(?:[{_SIGNS}]|[ \t]+[{_SIGNS}][ \t]+)"
    rf"|(?:(?<![A-Za-z])[A-Za-z]|[\d)\]}}])(?:[{_DASHES}]|[ \t]+[{_DASHES}][ \t]+)"
    rf"|(?i:\b{_LABEL})[ \t~]*[#(]?)$"
)
"""What makes an operand, an argument, an index or a reference of what follows it."""
_OPERAND = r"(?:[\s({\[$]*(?:[\d.\\]|[A-Za-z](?![A-Za-z])(?!\s+[A-Za-z]{2})))"  # not "9 - a nice number"
_AFTER = re.compile(
    rf"\s*\^(?!\s*\{{?\s*\\circ)|\s*{_COMMAND}|:(?=\d)|\((?={_OPERAND})"
    rf"|[{_SIGNS}{_DASHES}](?=\S){_OPERAND}|[ \t]+[{_SIGNS}{_DASHES}][ \t]+{_OPERAND}"
)
_AFTER_UNIT = re.compile(rf"[ \t]*(?:[{_SIGNS}*\N{{MINUS SIGN}}-]|\\times|\\cdot)[ \t]*{_OPERAND}")
_ATTACHED = re.compile(r"[A-Za-z]+")
_VARIABLE = re.compile(r"[ \t]+[B-HJ-Zb-z](?![\w'’])(?!\s+[A-Za-z]{2})")
_IMPERIAL = frozenset({"in", "ft", "lb", "oz", "yd"})
_ENUMERATION = re.compile(r"^[ \t>*#-]*\(?(\d{1,3})[.)]\**[ \t]+(?=\S)", re.MULTILINE)
_NEAR = 80
"""Characters before a place that decide what it is part of."""

_OPENING, _CLOSING = r"[*_\"'“‘${(\[]*", r"[*_\"'”’$})\]]*"
_CHOSEN = (
    r"(?i:\b(?:options?|choices?|answers?|letter|choose|pick|select|mark|go with|opt for|is|be|are|as|so|thus|hence"
    r"|therefore|only|get|gives|yields|equals|leaves|leaving)\b)[\s:,]*"
)
_RIGHT = (
    r"\s+(?:(?:is|must be|seems|looks)\s+(?:the\s+)?(?:only\s+|most\s+)?"
    r"(?:right|correct|true|best|answer|choice|option|one)|fits|works|holds|matches|follows|remains)\b"
)


def states(text: str, answer: str) -> bool:
    """Whether `text` states `answer`.

    A number by its value, with its unit or without: 9 is in `3*3 = 9 cm` and in `9.0`, not in 19, 9.5 or x9; a fraction
    only as a fraction, so that `18/2` may be said where 9 may not. Other answers whatever their spacing, their case
    (but for single letters: the choice A is not the article a) and what they are wrapped in (dollars, a text command,
    parentheses).
    """
    return next(stated_at(text, answer), None) is not None


def stated_at(text: str, answer: str) -> Iterator[int]:
    """Where in `text` each statement of `answer` begins, in no order."""
    counted = _enumerating(text)
    for start, end in _occurrences(text, _unwrapped(answer)):
        if start not in counted and not _is_part(text, start, end):
            yield start


def _occurrences(text: str, answer: str) -> Iterator[tuple[int, int]]:
    if len(answer) == 1 and answer.isalpha():
        yield from ((found.end() - 1, found.end()) for found in _lettered(answer).finditer(text))
        return
    value = _value(answer)
    if value is None:
        yield from (found.span() for found in _worded(answer).finditer(text))
        quantity = quantity_in(answer)
        if quantity is None:
            return
        value = quantity.value
    for form in _FORMS[:2] if value.denominator == 1 else _FORMS:
        yield from (found.span() for found in form.finditer(text) if _value(found.group()) in (value, -value))


def _is_part(text: str, start: int, end: int) -> bool:
    """Whether what stands between `start` and `end` is part of a larger expression or refers to something."""
    while True:
        before, after = text[max(0, start - _NEAR) : start], text[end : end + _NEAR]
        if _BEFORE.search(before) or _goes_on(after):
            return True
        if before.endswith(("+", "-", "\N{MINUS SIGN}")):
            start -= 1
        elif before.endswith("(") and after.startswith(")"):
            start, end = start - 1, end + 1
        else:
            return False


def _goes_on(after: str) -> bool:
    """Whether a larger expression goes on behind a value, or behind the unit that it has."""
    letters = _ATTACHED.match(after.lstrip())
    if letters and (unit_named(letters[0]) in COMMON or letters[0] in _IMPERIAL):
        return _AFTER_UNIT.match(after.lstrip()[letters.end() :]) is not None
    attached = _ATTACHED.match(after)
    if attached:  # a product or an ordinal, not a word that a space is missing before
        return attached.end() < 3 or re.fullmatch(_FUNCTION, attached[0]) is not None
    return (_AFTER.match(after) or _VARIABLE.match(after)) is not None


def _enumerating(text: str) -> set[int]:
    """Where the numbers stand that count the items of a list, from 1 on, each at the beginning of a line."""
    places, last = set(), 0
    for item in _ENUMERATION.finditer(text):
        if int(item[1]) in (1, last + 1):
            last = int(item[1])
            places.add(item.start(1))
    return places


def _unwrapped(answer: str) -> str:
    before = ""
    while answer != before:
        before, answer = answer, _WRAPPED.sub(lambda inner: "".join(filter(None, inner.groups())), answer.strip())
    return answer


def _value(text: str) -> Fraction | None:
    """Of a number or a fraction of integers, with or without commas between thousands."""
    plain = number(text)
    return plain if plain is not None or not _GROUPED.fullmatch(text) else number(text.replace(",", ""))


def _worded(answer: str) -> re.Pattern[str]:
    characters = "".join(answer.split())
    before = r"(?<!\w)" if characters[:1].isalnum() else ""
    after = r"(?!\w)" if characters[-1:].isalnum() else ""
    spaced = r"\s*".join(map(re.escape, characters))
    return re.compile(f"{before}{spaced}{after}", re.IGNORECASE)


def _lettered(letter: str) -> re.Pattern[str]:
    """A letter in brackets, named or called right as a choice, the right side of an equation, or a sentence of its own.

    Matches end in the letter. Its case counts outside brackets. `a` and `I` before a word are an article and a pronoun.
    """
    word = r"(?!\s+[a-z])"
    alone = rf"(?<![\w\\]){letter}(?!\w|\s*=)"
    named = alone + (word if letter in "aI" else "")
    return re.compile(
        rf"(?<=[(\[])(?<![\w)\]}}][(\[])(?i:{letter})(?=[)\]])"
        rf"|{_CHOSEN}{_OPENING}{named}|[=:]\s*{_OPENING}{alone}{word}|{alone}(?={_CLOSING}{_RIGHT})"
        rf"|(?:^|[.!?;])[ \t]*{_OPENING}{alone}(?={_CLOSING}[.!?]*[ \t]*$)",
        re.MULTILINE,
    )
