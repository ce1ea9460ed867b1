r"""What an answer measures: normal form -> value, **unit** -> comparison.

`3.5 million dollars` is `(3.5)*1000000` and `$`; `60 km/h`, `30°`, `\$5`, `12 apples`, `2\pi cm`, `21st`. The value is
left as text. Nothing is converted.
"""

import re
from dataclasses import dataclass

from zppo.rewards.symbolic.tree import NAMES
from zppo.rewards.units import COMMON, UNIT, spelled_out, unit_named

LONGEST = 200
"""Characters of a value with its unit."""
MAGNITUDES = {
    **{"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12},
    **{"lakh": 10**5, "crore": 10**7, "dozen": 12, "quadrillion": 10**15, "mn": 10**6, "bn": 10**9},
}
_MAGNITUDE = re.compile(rf"(?<![A-Za-z\\])({'|'.join(MAGNITUDES)})(?:s)?(?:\s+of)?$", re.I)
_CURRENCY = re.compile(
    r"^([+-]?)\s*(?:US|USD|CAD|AUD)?\s*(\$|€|£|¥|₹|¢|USD\b|EUR\b|GBP\b|INR\b|Rs\b\.?)\s*(?=[\d.\\(-])"
)
_ORDINAL = re.compile(r"(?<=\d)\s*\^?\s*\{?\s*(st|nd|rd|th)\s*\}?$")
_START = re.compile(r"(?:(?<![A-Za-z\\])[A-Za-z]|[°%$¢€£¥₹'])")
_SYMBOL = re.compile(r"°(?:Celsius|Fahrenheit|C|F)?(?![A-Za-z])|[^\W\d_]+|[%$¢€£¥₹]|'+")
_UNIT = re.compile(UNIT)
_WRITTEN = str.maketrans({"·": r"\cdot ", "μ": r"\mu ", "Ω": r"\Omega "})
"""How a value writes what `spelled_out` spells for units."""
_SINGLE = set("mgshLlNJWVAKC")
"""Letters that are units where a space is before them."""
_SCIENTIFIC = re.compile(r"(?<=\d)[eE](?=[+-]?\d)")
_CONSTANT = re.compile(r"\\(?:frac|sqrt|pi|cdot|times)(?![A-Za-z])|(?<![A-Za-z\\])(?:pi|sqrt)(?![A-Za-z])")
_OPEN = re.compile(r"[A-Za-z\\=<>,]|(?<=[\w)}\]])\s*[+-]")
_IES = re.compile(r"(?<=..)ies$")
_PLURAL = re.compile(r"(?<=[sxz])es$|(?<=[cs]h)es$|(?<=[^s])s$")
_ANGLED = re.compile(r"(?:sin|cos|tan|cot|sec|csc)(?![a-z])")
_PHRASE = re.compile(r"[^\W\d_]{2,}(?:[\s-]+[^\W\d_]{2,}){0,4}")
_SAYS_MORE = re.compile(
    r"\b(?:"
    r"or|and|to|not|no|of|if|for|where|when|mod|modulo|choose|base|minus|plus|times|over|half|halves|third|thirds|"
    r"quarter|quarters|fourths|tenths|fifths|hundredths|thousandths|less|more|below|above|under|wrong|incorrect|"
    r"except|factorial|squared|cubed|remainder|is|are|the|with|in|but|maybe|pairs|pair|score|north|south|east|"
    r"west|left|right|up|down|bc|ad|bce|negative|loss|profit|gain|decrease|increase|debt|approximately|ago|"
    r"before|after|per|backward|backwards|forward|forwards|clockwise|counterclockwise|anticlockwise|inward|"
    r"outward|upward|upwards|downward|downwards|power|via|billionths|millionths"
    r")\b"
)
"""Words that say more than of what the number is; an answer without them says something else."""


@dataclass(frozen=True)
class Measure:
    """`value` is an expression as text; `unit` is '' where none is named. `forgiven`: it may be left out."""

    value: str
    unit: str = ""
    forgiven: bool = True


def measured(text: str) -> Measure:
    """The whole text and no unit where no unit can be told from it."""
    if len(text) > LONGEST:
        return Measure(text)
    money = _CURRENCY.match(text)
    rest = spelled_out(text[: money.start()] + money[1] + text[money.end() :]) if money else spelled_out(text)
    rest = " ".join(_ORDINAL.sub(r" \1", rest).split())
    value, unit, forgiven = _split(rest)
    value, scale = _scaled(value.translate(_WRITTEN))
    if not unit and scale == 1 and not money:
        return Measure(text)
    if money:
        unit = unit or unit_named(money[2].strip("."))
    return Measure(value if scale == 1 else f"({value})*{scale}", unit, forgiven)


def same_unit(one: str, other: str) -> bool:
    """Not counting case and number of words: `Apple` is `apples`."""
    return one == other or (len(one) > 2 < len(other) and _stem(one) == _stem(other))


def _split(text: str) -> tuple[str, str, bool]:
    for start in _START.finditer(text):
        value, unit = text[: start.start()].rstrip(), text[start.start() :].strip()
        kind = _kind(value, unit, text[start.start() - 1 : start.start()] == " ") if value else ""
        if kind:
            return value, unit_named(unit) if kind == "unit" else unit, kind != "word"
    return text, "", True


def _kind(value: str, unit: str, spaced: bool) -> str:
    """`unit`, `phrase` (of words, which may be left out), `word` (which may not), or '' for no unit at all."""
    if unit in ("st", "nd", "rd", "th", "o'clock") and value[-1:].isdigit():
        return "phrase"
    if not _is_value(value) or (unit == "°" and _ANGLED.search(value)):
        return ""
    if _UNIT.fullmatch(unit):
        symbols = _SYMBOL.findall(unit)
        if symbols and all(symbol in COMMON or symbol[0] in "°%$¢€£¥₹'" for symbol in symbols):
            return "unit" if _may_follow(value, symbols, spaced) else ""
    if spaced and _PHRASE.fullmatch(unit.replace("/", " ").replace(".", "")) and _is_number(value):
        words = set(unit.casefold().replace(".", "").replace("-", " ").split())
        if not words & (NAMES | {"or", "and", "to"}) and not any(map(_MAGNITUDE.fullmatch, words)):
            return "word" if _SAYS_MORE.search(unit.casefold()) else "phrase"
    return ""


def _may_follow(value: str, symbols: list[str], spaced: bool) -> bool:
    """A single letter is a unit behind a space, and then behind one number; others may follow without a space."""
    first = symbols[0]
    if len(first) > 1 or not first.isalpha():
        return spaced or first not in ("mg", "ms", "rad", "mol", "in", "day", "d", "Pa", "A", "K")
    return spaced and first in _SINGLE and _is_number(value)


def _is_value(value: str) -> bool:
    """Whether a text may have a unit: it holds a number and no word."""
    words = re.findall(r"[^\W\d_]{3,}", re.sub(r"\\[A-Za-z]+", " ", value))
    numeric = any(c.isdigit() for c in value) or "\\pi" in value or "\\frac" in value or "pi" in words
    return (
        numeric and value[-1:] not in "+-*/=,^" and all(word in NAMES or _MAGNITUDE.fullmatch(word) for word in words)
    )


def _is_number(value: str) -> bool:
    """Whether no letter is a variable, and nothing is added."""
    number = _SCIENTIFIC.sub("^", _scaled(value)[0])
    return not _OPEN.search(_CONSTANT.sub("1", number))


def _scaled(value: str) -> tuple[str, int]:
    """A value without the words of magnitude behind it, and what these multiply it by."""
    scale = 1
    while (word := _MAGNITUDE.search(value)) and any(c.isdigit() for c in value[: word.start()]):
        scale *= MAGNITUDES[word[1].casefold()]
        value = value[: word.start()].rstrip()
    return value, scale


def _stem(unit: str) -> str:
    """In small letters and the singular."""
    return " ".join(_PLURAL.sub("", _IES.sub("y", word)) for word in unit.casefold().replace("-", " ").split())
