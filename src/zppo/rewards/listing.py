r"""What an answer lists: normal form -> **elements**, brackets, order -> comparison.

`1, 2`, `1 \text{ and } 2`, `\{1, 2\}`, `\pm 2`, `(1, 2]`, `(-\infty, 1) \cup (1, \infty)`, `x \ne 1`, the cells of a
matrix.
"""

import re

from zppo.rewards.plain import Enumeration, both_signs, enumeration
from zppo.rewards.relations import chain

_AND = re.compile(r",?\s+(?:and|or)\s+")
_JOINT = re.compile(r"(?<=\s)(?:and|or)(?=\s)")
_INEQUALITY = re.compile(r"[<>]|\\[lg]e(?![A-Za-z])")
_MATRIX = re.compile(r"\\begin\{([pbB]?matrix|smallmatrix|array)\}(?:\{[lcr|\s]*\})?(.*)\\end\{\1\}", re.DOTALL)
_REALS = re.compile(r"R|(?:all )?real(?: numbers?)?|(?:the )?set of (?:all )?real numbers|\\Re")
_WITHOUT = re.compile(r"(?:R|\(-\s*\\infty,\s*\+?\s*\\infty\))\s*(?:\\setminus|\\backslash|-|\\)\s*\\\{([^,{}]+)\\\}")
UNION = "∪"
"""Between the elements of an enumeration that is a union."""


def order(left: Enumeration, right: Enumeration) -> bool | None:
    """Whether the order counts: in round and square brackets. None for brackets that cannot be the same list."""
    one, other = left.brackets, right.brackets
    if (one == UNION) != (other == UNION):
        pieces = right if one == UNION else left
        return False if not pieces.brackets and all(chain(piece).signs for piece in pieces.elements) else None
    if "{}" in (one, other):
        return False if {one, other} <= {"{}", ""} else None
    if UNION in (one, other):
        return False
    if one and other:
        return True if one == other or len(left.elements) > 2 else None
    if one or other:
        return None if {one, other} & {"(]", "[)"} else True
    names = [{chain(element).name for element in side.elements} - {""} for side in (left, right)]
    return (len(names[0]) > 1 and not names[1]) or (len(names[1]) > 1 and not names[0])


def listed(text: str) -> Enumeration:
    r"""The elements of a list; of a union its parts, of `\pm 2` two, of `x \ne 2` what is left of and right of it."""
    if _REALS.fullmatch(text if len(text) == 1 else text.casefold()):
        return Enumeration((r"-\infty", r"\infty"), "()")
    apart = _WITHOUT.fullmatch(text)
    read = chain(text)
    if apart or (read.signs == (r"\ne",) and re.fullmatch(r"[a-z]", read.parts[0])):
        hole = apart[1] if apart else read.parts[1]
        return Enumeration((rf"(-\infty, {hole})", rf"({hole}, \infty)"), UNION)
    unions = _split(text, r"\cup")
    if len(unions) > 1:
        return Enumeration(tuple(unions), UNION)
    listed = enumeration(_AND.sub(", ", text))
    if listed.brackets not in ("", "{}"):
        both = both_signs(text)  # a pair with a plus-minus sign is two pairs
        return Enumeration(tuple(both), "") if len(both) > 1 else listed
    return Enumeration(tuple(each for element in listed.elements for each in both_signs(element)), listed.brackets)


def joined_otherwise(left: str, right: str) -> bool:
    """Whether one joins inequalities by "and" and the other by "or"."""
    joints = [set(_JOINT.findall(text)) for text in (left, right)]
    return all(joints) and joints[0] != joints[1] and any(map(_INEQUALITY.search, (left, right)))


def _split(text: str, command: str) -> list[str]:
    return [part.strip() for part in re.split(rf"{re.escape(command)}(?![A-Za-z])", text)]


def rows(text: str) -> list[list[str]]:
    """Of a matrix; none of anything else."""
    match = _MATRIX.fullmatch(text)
    if not match or "\\begin" in match[2]:
        return []
    rows = [row for row in match[2].split("\\\\") if row.strip()]
    return [[cell.strip() for cell in row.split("&")] for row in rows]
