r"""Whether two expressions, equations or inequalities say the same: trees -> values -> **verdict**.

Rational numbers are compared exactly. Everything else is evaluated at sixty digits: numbers once, expressions in
variables at several points, where different expressions cannot agree by chance (the test of Schwartz and Zippel). Two
equations are the same when their sides differ by a constant factor.
"""

import re
from collections.abc import Set
from fractions import Fraction
from typing import Any

from mpmath import mp, mpf

from .tree import Tree, Unreadable, read
from .values import DIGITS, Point, TooLarge, Undefined, decimal, exact, names

ROUNDS = 8
MANY_ROUNDS = 24
"""For what is not the same function everywhere."""
SURE = 1500
"""Digits at which what agrees at sixty is compared again: a difference of 2^-2026 is one."""
ENOUGH = 3
"""Points at which both must have a value."""
ROUNDED = 6
"""Digits, and places after the point, that a rounded decimal needs to stand for another number."""
DOUBLE = 15
"""Digits of a floating-point number."""
SMALL = mpf(10) ** -6
_PIECEWISE = {"abs", "floor", "ceil", "max", "min", "root"}
_RELATION = re.compile(r"(=|<|>|\\leq?(?![A-Za-z])|\\geq?(?![A-Za-z]))")


def equivalent(gold: str, answer: str) -> bool:
    """Raises Unreadable, and TooLarge for numbers that agree as far as they can be compared."""
    left, right = _RELATION.split(gold), _RELATION.split(answer)
    if len(left) == len(right) == 1:
        return same_value(read(gold), read(answer))
    if len(left) == len(right) == 3:
        return _same_relation([part.strip() for part in left], [part.strip() for part in right])
    raise Unreadable("relations")


def same_value(left: Tree, right: Tree) -> bool:
    if left == right:
        return True
    if names(left) or names(right):
        return _agree(left, right)
    try:
        exactly = exact(left), exact(right)
    except TooLarge:
        if not _close_numbers(left, right):
            return False
        raise
    if None not in exactly:
        return exactly[0] == exactly[1] or _rounded(left, right, *exactly)
    return _close_numbers(left, right)


def _close_numbers(left: Tree, right: Tree) -> bool:
    try:
        values = Point(0).value(left), Point(0).value(right)
        if _rounded(left, right, *values):
            return True
        if not _close(*values):
            return False
        one, other = (Point(0, digits=SURE).value(tree) for tree in (left, right))
        return _close(one, other, SURE)
    except Undefined:
        return False


def _agree(left: Tree, right: Tree) -> bool:
    """At all points where both have a value; where there are too few of them, at points in the complex numbers.

    An absolute value that one alone has is there for the points where the other has no value: `ln|x|` is not `ln x`.
    """
    spread = _has(left, _PIECEWISE) or _has(right, _PIECEWISE)
    for real in (True, False):
        points = [Point(i, real, spread=spread) for i in range(MANY_ROUNDS if spread else ROUNDS)]
        values = [(_value(left, point), _value(right, point)) for point in points]
        both = [(one, other) for one, other in values if one is not None and other is not None]
        if not all(_close(*pair) for pair in both):
            return False
        if _has(left, {"abs"}) != _has(right, {"abs"}) and any((a is None) != (b is None) for a, b in values):
            return False
        if len(both) >= ENOUGH:
            return _agree_surely(left, right, real)
    return False


def _agree_surely(left: Tree, right: Tree, real: bool) -> bool:
    """At one point, with many digits."""
    for i in range(ROUNDS):
        one, other = (_value(tree, Point(i, real, SURE)) for tree in (left, right))
        if one is not None and other is not None:
            return _close(one, other, SURE)
    return False


def _value(tree: Tree, point: Point) -> Any:
    try:
        return point.value(tree)
    except Undefined:
        return None


def _has(tree: Tree, functions: Set[str]) -> bool:
    return (tree[0] == "call" and tree[1] in functions) or any(
        _has(part, functions) for part in tree[1:] if isinstance(part, tuple)
    )


def _close(left: Any, right: Any, digits: int = DIGITS) -> bool:
    with mp.workdps(digits):
        if mp.isinf(left) or mp.isinf(right):
            return bool(left == right)
        return bool(abs(left - right) <= max(abs(left), abs(right)) * mpf(10) ** (20 - digits))


def _rounded(left: Tree, right: Tree, *values: Any) -> bool:
    """Whether one is a decimal of enough digits that is the other, rounded or cut off.

    What has no more decimals itself is not rounded: 7 is not 6.9999999. The last digit of a double is not exact.
    """
    with mp.workdps(DIGITS):
        a, b = (mpf(v.numerator) / v.denominator if isinstance(v, Fraction) else v for v in values)
        for tree, own, other in ((left, a, b), (right, b, a)):
            precision = decimal(tree)
            if precision and min(precision) >= ROUNDED and abs(a - b) < mpf(10) ** -precision[1]:
                digits, scaled = mp.nint(own * mpf(10) ** precision[1]), other * mpf(10) ** precision[1]
                whole = mp.nint(scaled)
                cut = mp.floor(abs(scaled)) * mp.sign(scaled)
                return bool(abs(scaled - whole) > SMALL and (digits in (whole, cut) or precision[0] >= DOUBLE))
    return False


def _same_relation(left: list[str], right: list[str]) -> bool:
    """Of two sides each, `[side, sign, side]`."""
    (sign, one), (other_sign, other) = _difference(*left), _difference(*right)
    if sign != other_sign:
        return False
    if _proportional(one, other, positive=sign != "="):
        return True
    return sign == "=" and _proportional(_numerator(one)[0], _numerator(other)[0], positive=False)


def _difference(left: str, sign: str, right: str) -> tuple[str, Tree]:
    """`=`, `>` or `>=`, and what is so to zero."""
    greater, less = (read(left), read(right)) if sign[:2] not in ("<", "\\l") else (read(right), read(left))
    strict = "=" if sign == "=" else ">" if sign in "<>" else ">="
    return strict, ("sum", greater, ("minus", less))


def _proportional(left: Tree, right: Tree, positive: bool) -> bool:
    """Whether one is the other times a constant, neither being zero everywhere."""
    if names(left) != names(right) or not names(left):
        return False
    ratios = []
    for i in range(ROUNDS):
        try:
            values = Point(i).value(left), Point(i).value(right)
        except Undefined:
            continue
        with mp.workdps(DIGITS):
            if all(values):
                ratios.append(values[0] / values[1])
    if len(ratios) < ENOUGH or not all(_close(ratio, ratios[0]) for ratio in ratios):
        return False
    return not positive or bool(mp.re(ratios[0]) > 0 and abs(mp.im(ratios[0])) < mpf(10) ** (10 - DIGITS))


def _numerator(tree: Tree) -> tuple[Tree, Tree]:
    """Numerator and denominator of a tree written as one fraction."""
    one: Tree = ("number", Fraction(1), 0, 0)
    if tree[0] == "minus":
        over, under = _numerator(tree[1])
        return ("minus", over), under
    if tree[0] not in ("sum", "product", "quotient"):
        return tree, one
    (a, b), (c, d) = _numerator(tree[1]), _numerator(tree[2])
    if tree[0] == "sum":
        return (("sum", a, c), b) if b == d else (("sum", ("product", a, d), ("product", c, b)), ("product", b, d))
    if tree[0] == "product":
        return ("product", a, c), ("product", b, d)
    return ("product", a, d), ("product", b, c)
