r"""Parsing for answers of any type: bare text, plain numbers, lists in brackets."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

_DIGITS, _DECIMAL = r"[0-9]{1,100}", r"(?:[0-9]{1,100}\.?[0-9]{0,100}|\.[0-9]{1,100})(?:[eE][+-]?[0-9]{1,3})?"
_ARGUMENT = r"\s*(?:\{{\s*(?P<{0}_group>[0-9]{{1,100}})\s*\}}|(?P<{0}_digit>[0-9]))"
_WHOLE = rf"(?:(?P<whole>{_DIGITS})\s+(?=[0-9]{{1,2}}\s*/))?"  # in 1 234/567 the space is between thousands
NUMBER = (
    rf"(?P<sign>[+-]?)\s*(?:{_WHOLE}(?P<over>{_DIGITS})\s*/\s*(?P<under>{_DIGITS})|(?P<decimal>{_DECIMAL})"
    rf"|(?P<before>{_DIGITS})?\s*\\[dt]?frac{_ARGUMENT.format('num')}{_ARGUMENT.format('den')})"
)
r"""Pattern of an integer, a decimal, a fraction of integers or a mixed number (`9 1/7`, `9\frac{1}{7}`). Bounded sizes:
`1e999999` is not plain."""
_NUMBER = re.compile(NUMBER)
WRAPPERS = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"))
_TEXT = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|sc|up|normal)?|math(?:bf|it|rm|sf|tt|normal)|mbox|operatorname|emph|underline)"
    r"\s*\{((?:[^{}]|\{[^{}]*\})*)\}"
)
_NESTED = 3
"""Layers of `\\text{...}` and similar that are unwrapped."""
_ESCAPED = re.compile(r"(?<!\\)\\([%&_#$])")
_RAISED = re.compile("[⁺⁻⁰¹²³⁴-⁹]+")
_EITHER_SIGN = re.compile(r"(?:\\pm(?![A-Za-z])|±)\s*")
_SIZES_AND_SPACES = re.compile(r"\\(?:left|right|[Bb]igg?[lr]?)(?![A-Za-z])|\\[,;:! ]|~")


def bare(answer: str) -> str:
    """The answer without surrounding space, math delimiters and the full stop that ends a sentence.

    The minus sign is ASCII's and raised characters are exponents: `x²` is `x^{2}`.
    """
    answer = answer.strip().replace("\N{MINUS SIGN}", "-")
    answer = _RAISED.sub(lambda raised: f"^{{{_lowered(raised[0])}}}", answer)
    if answer.endswith(".") and not answer.endswith(".."):
        answer = answer[:-1].rstrip()
    return unwrapped(answer, WRAPPERS)


def unwrapped(text: str, wrappers: Iterable[tuple[str, str]]) -> str:
    """The text without each pair of wrappers, in their order, that encloses all of it."""
    for left, right in wrappers:
        inner = text[len(left) : -len(right)]
        if inner.strip() and text == left + inner + right and left not in inner:
            text = inner.strip()
    return text


def _lowered(raised: str) -> str:
    return unicodedata.normalize("NFKC", raised).replace("\N{MINUS SIGN}", "-")


def as_text(answer: str) -> str:
    r"""Bare, `\text{...}` and similar unwrapped, `\%` and similar as characters, every run of spaces one space."""
    text = _SIZES_AND_SPACES.sub(" ", bare(answer))
    for _ in range(_NESTED):
        text = _TEXT.sub(r"\1", text)
    return " ".join(_ESCAPED.sub(r"\1", text).split())


def number(text: str) -> Fraction | None:
    """The value of a plain number; None for anything else."""
    match = _NUMBER.fullmatch(text)
    return None if match is None else number_in(match)


def number_in(match: re.Match[str]) -> Fraction | None:
    """The value of a match of `NUMBER`; None for a fraction over zero, and for an improper one after a whole number."""
    value = Fraction(match["decimal"]) if match["decimal"] else _fraction_in(match)
    return -value if value is not None and match["sign"] == "-" else value


def _fraction_in(match: re.Match[str]) -> Fraction | None:
    whole = match["whole"] or match["before"]
    over = int(match["over"] or match["num_group"] or match["num_digit"])
    under = int(match["under"] or match["den_group"] or match["den_digit"])
    if under == 0 or (whole and over >= under):
        return None
    return Fraction(over, under) + int(whole or 0)


@dataclass(frozen=True)
class Enumeration:
    """A list as written: its elements and the brackets around them (`''` for a bare list)."""

    elements: tuple[str, ...]
    brackets: str


def enumeration(text: str) -> Enumeration:
    r"""The elements of `(a, b)`, `[a, b]`, `\{a, b\}` or `a, b`: the texts between commas outside all inner brackets.

    With a semicolon between elements, commas belong to them. One element without a separator.
    """
    text = _SIZES_AND_SPACES.sub(" ", bare(text)).replace("\\{", "{").replace("\\}", "}").strip()
    brackets = text[0] + text[-1] if _is_enclosed(text) else ""
    inner = text[1:-1] if brackets else text
    parts = _split(inner, ";") or _split(inner, ",") or [inner]
    return Enumeration(tuple(part.strip() for part in parts if part.strip()), brackets)


def both_signs(element: str) -> list[str]:
    """One element, or two if it has one plus-minus sign. Several signs may be dependent and are not expanded."""
    if len(_EITHER_SIGN.findall(element)) != 1:
        return [element]
    return [_EITHER_SIGN.sub(sign, element).removeprefix("+") for sign in "+-"]


def _is_enclosed(text: str) -> bool:
    """True if the first character opens a bracket that the last one closes. An interval may mix ( and ]."""
    if len(text) < 2 or text[0] not in "([{" or text[-1] not in ")]}":
        return False
    depths = _depths(text)
    return depths[-1] == 0 and min(depths[:-1]) > 0


def _split(text: str, separator: str) -> list[str]:
    """`text` cut at every `separator` outside brackets; empty when there is none."""
    cuts = [i for i, depth in enumerate(_depths(text)) if text[i] == separator and depth == 0]
    return [text[a + 1 : b] for a, b in zip([-1, *cuts], [*cuts, len(text)], strict=True)] if cuts else []


def _depths(text: str) -> list[int]:
    """Number of open brackets after each character."""
    depths, depth = [], 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        depths.append(depth)
    return depths
