r"""Equations, inequalities and intervals: `x = 5`, `1 < x \le 3`, `(1, 3]`, `x \in \{1, 2\}`, `f(x) = 2x`.

A chain is what stands between the signs, and the signs. Names on the left of an equation are those of the value.
"""

import re
from dataclasses import dataclass

_SIGN = re.compile(
    r":=|=|<|>|\\(?:le|ge|ne|in|notin|approx|sim|simeq|equiv|cong|to|mapsto|subset|subseteq|supset|mid|parallel|perp"
    r"|propto|iff|Rightarrow|implies|Leftrightarrow|rightarrow)(?![A-Za-z])"
)
_NAME = re.compile(
    r"\\frac\{\s?d[^{}]{0,8}\}\{\s?d[^{}]{1,8}\}|(?:P|Pr|E|Var)\s?(?:\([^()]{1,30}\)|\[[^\[\]]{1,30}\])|\[[A-Z]{3,6}\]"
    r"|\\(?:sin|cos|tan)\s?(?:\\[a-z]{2,8}|[A-Z]|\\angle\s?[A-Z]{1,3})"
    r"|(?:\\(?:angle|triangle|overline|vec|hat|text|measuredangle|Delta)\s*|m\s*(?=\\angle))*\s*\{?\(?"
    r"(?:\\?[A-Za-z]|[A-Z]{2,4}|[A-Z]?[a-z]{3,12}(?:\s[a-z]{1,12}){0,3}|\|\s?[A-Za-z]{1,2}\s?\||[A-Za-z](?:\s?,\s?[A-Za-z]){1,3}"
    r"|\\[a-z]{2,8})\s*(?:_\s*(?:\{[^{}]{1,12}\}|\w))?'*\)?\}?\s*(?:\(\s*[\w\s,\\]{1,12}\s*\))?"
)
_MIRRORED = {"<": ">", ">": "<", r"\le": r"\ge", r"\ge": r"\le"}


@dataclass(frozen=True)
class Chain:
    """`parts` are one more than `signs`."""

    parts: tuple[str, ...]
    signs: tuple[str, ...]

    @property
    def is_equation(self) -> bool:
        return bool(self.signs) and set(self.signs) <= {"="}

    @property
    def name(self) -> str:
        """Of the value: what is left of the first `=` or `\\in` if it is a name; '' otherwise."""
        if self.signs and self.signs[0] in ("=", r"\in") and is_name(self.parts[0]):
            return "".join(self.parts[0].split())
        return ""

    @property
    def values(self) -> tuple[str, ...]:
        return self.parts[1:] if self.name else self.parts


@dataclass(frozen=True)
class Interval:
    """`name` is that of the variable, '' where none is named."""

    low: str
    high: str
    brackets: str
    name: str = ""


def chain(text: str) -> Chain:
    r"""What stands outside of brackets between signs of relation. What `\approx` says of an exact value is left out."""
    parts, signs, start, depth = [], [], 0, 0
    at = 0
    while at < len(text):
        character = text[at]
        sign = _SIGN.match(text, at) if character in ":=<>\\" else None
        if sign and depth == 0:
            parts.append(text[start:at].strip())
            signs.append("=" if sign[0] == ":=" else sign[0])
            at = start = sign.end()
            continue
        depth += (character in "([{") - (character in ")]}")
        at += 2 if character == "\\" and text[at + 1 : at + 2] == "\\" else 1
    parts.append(text[start:].strip())
    return _exact(Chain(tuple(parts), tuple(signs)))


def is_name(text: str) -> bool:
    return bool(_NAME.fullmatch(text)) and text not in ("e", "i", r"\pi", "pi")


def interval(text: str) -> Interval | None:
    r"""Of `1 < x \le 3`, `x > 1`, `(1, 3]`, `x \in (1, 3]`; None for anything else."""
    read = chain(text)
    if read.signs == (r"\in",) and read.name:
        inner = interval(read.parts[1])
        return None if inner is None or inner.name else Interval(inner.low, inner.high, inner.brackets, read.name)
    if not read.signs:
        return _bracketed(text)
    if len(read.signs) == 2 and read.signs[0] in (">", r"\ge"):
        read = _mirrored(read)
    if len(read.signs) == 2 and set(read.signs) <= {"<", r"\le"} and is_name(read.parts[1]):
        low, name, high = read.parts
        brackets = "[("[read.signs[0] == "<"] + "])"[read.signs[1] == "<"]
        return Interval(low, high, brackets, name)
    if len(read.signs) == 1 and read.signs[0] in _MIRRORED:
        read = read if is_name(read.parts[0]) else _mirrored(read)
        if is_name(read.parts[0]) and not re.search(r"[a-z]", re.sub(r"\\[a-z]+|\b(?:pi|sqrt)\b", "", read.parts[1])):
            return _half_line(read.parts[0], read.parts[1], read.signs[0])
    return None


def _bracketed(text: str) -> Interval | None:
    match = re.fullmatch(r"([(\[])([^,;]*)[,;]([^,;]*)([)\]])", text)
    return Interval(match[2].strip(), match[3].strip(), match[1] + match[4]) if match else None


def _half_line(name: str, bound: str, sign: str) -> Interval:
    if sign in ("<", r"\le"):
        return Interval(r"-\infty", bound, "()" if sign == "<" else "(]", name)
    return Interval(bound, r"\infty", "()" if sign == ">" else "[)", name)


def _mirrored(read: Chain) -> Chain:
    return Chain(read.parts[::-1], tuple(_MIRRORED.get(sign, sign) for sign in read.signs[::-1]))


def _exact(read: Chain) -> Chain:
    if not {r"\approx", r"\simeq"} & set(read.signs):
        return read
    first = next(i for i, sign in enumerate(read.signs) if sign in (r"\approx", r"\simeq"))
    if not read.parts[first] or (first == 0 and is_name(read.parts[0])):
        rest = Chain((read.parts[0], read.parts[1]), ("=",))
        return rest if read.parts[0] else Chain(read.parts[1:2], ())
    return Chain(read.parts[: first + 1], read.signs[:first])
