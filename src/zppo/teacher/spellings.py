r"""One spelling for what is written in several ways: `\frac{\pi}{2}` is `π/2`, `\sqrt 2` is `√2`, `1{,}000` is `1,000`.

And numbers, in digits or in words, by their value.
"""

import re
from collections.abc import Callable, Iterator
from fractions import Fraction

from zppo.rewards.plain import as_text, number
from zppo.rewards.quantity import quantity_in

_ARGUMENT = r"\s*(?:\{((?:[^{}]|\{[^{}]*\})*)\}|([^\s{}\\]))"
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")


def _over(fraction: re.Match[str]) -> str:
    arguments = ((fraction[1] or fraction[2]).strip(), (fraction[3] or fraction[4]).strip())
    after_whole = fraction.string[: fraction.start()][-1:].isdigit()
    return " " * after_whole + "/".join(each if re.fullmatch(r"[\w.^√]+", each) else f"({each})" for each in arguments)


_FRACTION = (re.compile(rf"\\[dt]?frac(?=[\s{{\dA-Za-zπ√]){_ARGUMENT}(?<!\{{\}}){_ARGUMENT}(?<!\{{\}})"), _over)
_SPELLINGS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"\\(?:text|math)(?:bf|it|rm|sf|tt)?\{([^{}]*)\}|\\(?:mbox|emph|underline)\{([^{}]*)\}"), r"\1\2"),
    (re.compile(r"\\(?:left|right|[Bb]igg?[lr]?)(?![A-Za-z])"), ""),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"(?<!\\)\\[,;:! ]|~|[\u00a0\u2000-\u200a\u202f\u205f]"), " "),
    (re.compile(r"\\%"), "%"),
    (re.compile(r"\\sqrt(?![A-Za-z])\s*"), "√"),
    (re.compile(r"√\{([^{}]*[^{}\w][^{}]*)\}"), r"√(\1)"),
    (re.compile(r"\\pi(?![A-Za-z])[ \t]*(?=[\w\\])|\\pi(?![A-Za-z])"), "π"),
    (re.compile(r"(?<![ \t])[ \t]*(?:\\(?:cdot|times)(?![A-Za-z])|[×·⋅])[ \t]*|(?<=\w)(?:\*| \* )(?=\w)"), "·"),
    (re.compile(r"[⁰¹²³⁴-⁹⁺⁻]+"), lambda raised: "^" + raised[0].translate(_RAISED)),
    (re.compile(r"(?<=[\^_√])\s*\{\s*([+-]?[\w.]+)\s*\}"), r"\1"),
    _FRACTION,
    _FRACTION,  # those around the inner ones
    (re.compile(r"(?<![A-Za-z\d}\]\\])\{([+-]?[\w.]+)\}"), r"\1"),
)

_DIGITS = "one|two|three|four|five|six|seven|eight|nine"
_ONES = f"zero|{_DIGITS}|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6}
_VALUES = dict(zip(_ONES.split("|"), range(20), strict=True)) | dict(
    zip(_TENS.split("|"), range(20, 100, 10), strict=True)
)
_SMALL = rf"(?:(?:{_TENS})(?:[\s-]+(?:{_DIGITS}))?|{_ONES})"
_HUNDREDS = rf"(?:{_SMALL}|a(?=\s+(?:{'|'.join(_SCALES)})))(?:[\s-]+hundred(?:\s+(?:and\s+)?{_SMALL})?)?"
_SPOKEN = rf"(?:{_HUNDREDS}(?:[\s-]+(?:thousand|million)(?:,?\s+(?:and\s+)?{_HUNDREDS})?)*)"
_OF_A_FRACTION = r"[\s-]+(?:half|halves|thirds?|quarters?|(?:four|fif|six|seven|eigh|nin|ten)ths?)\b"

SPOKEN = re.compile(
    r"(?<![\w-])(?!one\b(?![\s-]+(?:hundred|thousand|million)))"
    rf"(?!(?:(?<=\bthe )|(?<=\bthese )|(?<=\bthose )|(?<=\bother )){_SPOKEN}\s+[a-z])"
    rf"{_SPOKEN}(?![\w]|-\w|{_OF_A_FRACTION})",
    re.IGNORECASE,
)
"""A number in words, but neither `one`, which is rather a pronoun, nor items that are known (`the two sides`)."""
_DECIMAL = r"(?<![^\W_])(?<!\.)(?:\d+(?:\.\d+)?|\.\d+)"
_WHOLES = (
    re.compile(_DECIMAL),
    re.compile(r"(?<![\w.,])\d{1,3}(?:[, ]\d{3})+(?:\.\d+)?(?!\d)"),
    re.compile(rf"{_DECIMAL}(?:·10\^[+-]?\d+|[eE][+-]?\d+)"),
    SPOKEN,
)
_FRACTIONS = (
    re.compile(r"(?<![\w.])\d+\s*/\s*\d+"),
    re.compile(r"(?<![\w.])\d+\s+\d+\s*/\s*\d+"),
    re.compile(rf"{_DECIMAL}\s*(?:%|per\s?cent\b)"),
)


def spelled(text: str) -> tuple[str, list[int]]:
    """`text` in the one spelling, and for each of its characters the place in `text` that it comes from."""
    places = list(range(len(text)))
    for pattern, spelling in _SPELLINGS:
        parts, moved, end = [], [], 0
        for found in pattern.finditer(text):
            start, new = found.start(), found.expand(spelling) if isinstance(spelling, str) else spelling(found)
            parts += [text[end:start], new]
            moved += places[end:start] + [places[start]] * len(new)
            end = found.end()
        text, places = "".join((*parts, text[end:])), moved + places[end:]
    return text, places


def values(text: str) -> set[Fraction]:
    """Sizes, without sign, of a number with or without a unit; of a percentage also its hundredth; else nothing."""
    plain = number(text)
    if plain is not None:
        return {abs(plain)}
    text = as_text(text)
    if re.fullmatch(_SPOKEN, text, re.IGNORECASE):
        return {Fraction(_spoken(text))}
    quantity = quantity_in(text)
    if quantity is None:
        return set()
    return {abs(quantity.value)} | ({abs(quantity.value) / 100} if quantity.unit == "%" else set())


def numbers(text: str, wanted: set[Fraction]) -> Iterator[tuple[int, int]]:
    """Spans of the numbers in a spelled `text` that have one of the values `wanted`.

    Fractions and percentages only where a value is no integer: `18/2` may be said where 9 may not.
    """
    whole = all(value.denominator == 1 for value in wanted)
    for form in _WHOLES if whole else (*_WHOLES, *_FRACTIONS):
        yield from (found.span() for found in form.finditer(text) if values(found[0]) & wanted)


def _spoken(words: str) -> int:
    total = current = 0
    for word in re.findall("[a-z]+", words.lower()):
        scale = _SCALES.get(word)
        current = (current or 1) * scale if scale else current + _VALUES.get(word, 0)
        if word in ("thousand", "million"):
            total, current = total + current, 0
    return total + current
