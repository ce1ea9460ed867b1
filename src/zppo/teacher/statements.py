r"""Statements of an answer in a text: a hint that has one is refused (method section 6: a hint states no answer).

One rule: a text states a value where the value stands whole. What is only part of something larger states nothing: an
operand (`9 + 3`, `x^9`, `9x`, `\sqrt{9}`, `f(9)`), a number that counts items or refers to one (`step 9`, `equation
(9)`, a `2.` that begins a line after the one which begins with `1.`), a digit of a longer number. A letter is an
article, a name or a variable (`A train`, `A = \pi r^2`) unless it is in brackets, alone, or said to be chosen or right;
the same goes for yes, no, true, false and one (`no remainder`), brackets aside.

What could be either counts as a statement: a good hint refused costs one group, an answer given away spoils it.
"""

import re
from collections.abc import Iterator

from zppo.rewards.plain import as_text, enumeration
from zppo.rewards.units import COMMON, unit_named
from zppo.teacher.spellings import SPOKEN, numbers, spelled, values

_FUNCTION = r"(?:sqrt|[dt]?frac|d?binom|log|ln|lg|exp|sin|cos|tan|gcd|lcm|max|min|mod|pi)"
_COMMAND = rf"(?:\\(?:{_FUNCTION}|div|pm|mp|ast|[bp]mod|alpha|beta|gamma|theta|lambda|mu)(?![A-Za-z])|[√π])"
_OPERATION = r"(?:plus|minus|times|(?:multiplied|divided)\s+by)"
_LABEL = (
    r"(?:step|part|case|equation|eqn?|formula|fig|figure|table|section|example|problem|exercise|question|rule|theorem"
    r"|lemma|hint|item|stage|method|condition)s?\.?"
)
_DASHES = "*/\N{EN DASH}\N{MINUS SIGN}-"  # emphasis, rates and dashes in a sentence look like these operators
_SIGNS = "+·÷"
_BEFORE = re.compile(
    rf"(?:\^\s*\{{?\s*|(?<=[\w)\]}}])_\{{?|{_COMMAND}\s*(?:\[[^]]*\])?\s*[\[{{]?\s*|\}}\s*\{{\s*|(?<=\d):"
    rf"|(?:(?<![A-Za-z])[A-Za-z]|[\d)\]}}]|(?<![A-Za-z]){_FUNCTION})[(\[]\s*"
    rf"|(?<=\S)(?:[{_SIGNS}]|[ \t]+[{_SIGNS}][ \t]+)"
    rf"|(?:(?<![A-Za-z])[A-Za-z]|[\d)\]}}])(?:[{_DASHES}]|[ \t]+[{_DASHES}][ \t]+)"
    rf"|(?i:\b{_LABEL})[ \t]*[#(]?|(?<=\w)\s(?!minus){_OPERATION}\s+)$"
)
"""Text that makes an operand, an argument, an index or a reference of what follows it."""
_OPERAND = r"(?:[\s({\[$]*(?:[\d.\\√π]|[A-Za-z](?![A-Za-z])(?!\s+[A-Za-z]{2})))"  # not "9 - a nice number"
_AFTER = re.compile(
    rf"\s*\^(?!\s*\{{?\s*\\circ)|\s*(?:{_COMMAND}|·)|:(?=\d)|\((?={_OPERAND})"
    rf"|[{_SIGNS}{_DASHES}](?=\S){_OPERAND}|[ \t]+[{_SIGNS}{_DASHES}][ \t]+{_OPERAND}"
    rf"|\s+{_OPERATION}\s+(?:{_OPERAND}|(?i:{SPOKEN.pattern}))"
)
_AFTER_UNIT = re.compile(rf"[ \t]*(?:[{_SIGNS}*\N{{MINUS SIGN}}-])[ \t]*{_OPERAND}")
_ATTACHED = re.compile(r"[A-Za-z]+")
_VARIABLE = re.compile(r"[ \t]+[B-HJ-Zb-z](?![\w'’])(?!\s+[A-Za-z]{2})")
_IMPERIAL = frozenset({"in", "ft", "lb", "oz", "yd"})
_ENUMERATION = re.compile(r"^[ \t>*#-]*\(?(\d{1,3})[.)]\**[ \t]+(?=\S)", re.MULTILINE)
_NEAR = 80
"""Characters before a place that decide what it is part of."""

_OPENING, _CLOSING = r"[*_\"'“‘${(\[]*", r"[*_\"'”’$})\]]*"
_NAMED = (
    r"(?i:\b(?:options?|choices?|answers?|letter|choose|pick|select|mark|go with|opt for)\b)[\s:,]*"
    r"(?i:(?:is|are|be)\s+)?"
)
_CHOSEN = (
    r"(?i:\b(?:is|be|are|(?:it|that|this|answer)['’]s|as|so|thus|hence|therefore|only|get|gives?|yields?|equals|leaves"
    r"|leaving|finds?|found|obtain|reach|means|matches|(?:leads?|points?|comes|corresponds)\s+to)\b)[\s:,]*"
)
_RIGHT = (
    r"(?:\s+(?:(?:is|must be|seems|looks)\s+(?:the\s+)?(?:only\s+|most\s+)?"
    r"(?:right|correct|true|best|answer|choice|option|one)|fits|works|holds|matches|follows|remains)"
    r"|\s*,?\s+(?:because|since))\b"
)
_ADVERBS = frozenset({"yes", "no", "true", "false", "one"})
_HYPHEN = re.compile(r"(?<=[^\W\d_]{2})[\s-]+(?=[^\W\d_]{2})")
_AND = r"\s*(?:,\s*and\b|[,;&]|\b(?:and|or)\b)\s*"


def stated_at(text: str, answer: str) -> Iterator[int]:
    """Yields the places in `text` where a statement of `answer` begins, in no order.

    A number by its value, with its unit or without: 9 is in `3*3 = 9 cm`, in `9.0` and in `nine`, not in 19, 9.5 or x9;
    a fraction only as a fraction or a percentage, so that `18/2` may be said where 9 may not. Several numbers in any
    order. Other answers whatever their spacing, their case (but for single letters: the choice A is not the article a)
    and what they are wrapped in (dollars, a text command, parentheses).
    """
    text, places = spelled(text)
    answer = _unwrapped(answer)
    for start in _starts(text, answer) if answer else ():
        yield places[start]
    elements = enumeration(re.sub(_AND, ", ", answer)).elements
    if len(elements) > 1 and not values(answer) and all(map(values, elements)):
        each = [list(_starts(text, element)) for element in elements]
        yield from (places[start] for starts in each for start in starts if all(each))


def _starts(text: str, answer: str) -> Iterator[int]:
    counted = _enumerating(text)
    for start, end in _occurrences(text, answer):
        if start not in counted and not _is_part(text, start, end):
            yield start


def _occurrences(text: str, answer: str) -> Iterator[tuple[int, int]]:
    wanted = values(answer)
    yield from numbers(text, wanted)
    word = "one" if 1 in wanted else answer
    if word.lower() in _ADVERBS or (len(word) == 1 and word.isalpha()):
        yield from ((found.end() - len(word), found.end()) for found in _alone(word).finditer(text))
    elif not re.fullmatch(r"[\d.,]+", answer) and not SPOKEN.fullmatch(answer):
        yield from (found.span() for found in _worded(spelled(answer)[0]).finditer(text))


def _is_part(text: str, start: int, end: int) -> bool:
    """True for an operand in a larger expression and for a reference to something, between `start` and `end`."""
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
    """True where a larger expression goes on behind a value, or behind the unit that it has."""
    letters = _ATTACHED.match(after.lstrip())
    if letters and (unit_named(letters[0]) in COMMON or letters[0] in _IMPERIAL):
        return _AFTER_UNIT.match(after.lstrip()[letters.end() :]) is not None
    attached = _ATTACHED.match(after)
    if attached:  # a product or an ordinal, not a word that a space is missing before
        return attached.end() < 3 or re.fullmatch(_FUNCTION, attached[0]) is not None
    return (_AFTER.match(after) or _VARIABLE.match(after)) is not None


def _enumerating(text: str) -> set[int]:
    """Places of the numbers that count the items of a list, from 1 on, each at the beginning of a line."""
    places, last = set(), 0
    for item in _ENUMERATION.finditer(text):
        if int(item[1]) in (1, last + 1):
            last = int(item[1])
            places.add(item.start(1))
    return places


def _unwrapped(answer: str) -> str:
    before = ""
    while answer != before:
        before, answer = answer, re.sub(r"^\(([^()]+)\)$", r"\1", as_text(answer))
    return answer


def _worded(answer: str) -> re.Pattern[str]:
    before = r"(?<!\w)" if answer[:1].isalnum() or answer[:1] == "√" else ""
    after = r"(?!\w)" if answer[-1:].isalnum() else ""
    elements = ([_spaced(word) for word in _HYPHEN.split(part)] for part in re.split(_AND, answer))
    return re.compile(before + _AND.join(r"[\s-]*".join(words) for words in elements) + after, re.IGNORECASE)


def _spaced(word: str) -> str:
    return r"[\s·]*".join(map(re.escape, re.sub(r"\s|·(?=[^\W\d]|[(√])", "", word)))


def _alone(word: str) -> re.Pattern[str]:
    """A letter in brackets, named or called right as a choice, the right side of an equation, or a sentence of its own.

    Matches end in the letter. Its case counts but in brackets and behind `option` and its like. `a` and `I` before a
    word are an article and a pronoun. Other words than letters in the same places, whatever their case.
    """
    adverb = len(word) > 1
    more = r"(?!\s+(?!(?:because|since|as|so|and|but)\b)[a-z])" if adverb else r"(?!\s+[a-z])"
    alone = rf"(?<![\w\\]){word}(?![\w-]|\s*=)"
    named = alone + (more if adverb or word in "aI" else "")
    spoken = alone + (more if adverb or word in "aAiI" else "")
    sentence = r"(?=\s*[,.!?;]|\s*$)" if adverb else rf"(?={_CLOSING}[.!?]*[ \t]*$)"
    return re.compile(
        ("" if adverb else rf"(?<=[(\[])(?<![\w)\]}}][(\[])(?i:{word})(?=[)\]])|")
        + rf"{_NAMED}{_OPENING}(?i:{spoken})|{_NAMED}{_OPENING}{named}|{_CHOSEN}{_OPENING}{named}"
        rf"|[=:]\s*{_OPENING}{alone}{more}|{alone}(?={_CLOSING}{_RIGHT})"
        rf"|(?:^|[.!?;])[ \t]*{_OPENING}{alone}{sentence}",
        re.MULTILINE | (re.IGNORECASE if adverb else re.NOFLAG),
    )
