"""The value of a tree: exactly where it is rational, else at fifty digits and more, with values given for its names."""

import hashlib
from fractions import Fraction
from math import comb, factorial, prod
from typing import Any

from mpmath import mp, mpf

from .tree import Tree

DIGITS = 60
UNSURE = 10
"""Digits at the end of a value that may be errors of rounding."""
SETTLED = mpf(10) ** -20
"""Relative difference at two precisions of a value that is none."""
LARGEST_ARGUMENT = 2_000
"""Bits before the point of what a function or a power is computed of."""
LARGEST = 400_000
"""Bits of an exact number."""
_LOG = mpf("0.6180339887498948482045868343656381177203")
"""A logarithm without a base is that to some base: neither to ten nor the natural one."""
_CONSTANTS = {"pi": lambda: mp.pi, "e": lambda: mp.e, "i": lambda: mp.mpc(0, 1), "oo": lambda: mp.inf}
_TRIGONOMETRIC = {"sin", "cos", "tan", "cot", "sec", "csc"}
_FUNCTIONS = {
    **{name: getattr(mp, name) for name in _TRIGONOMETRIC},
    **{name: getattr(mp, name) for name in ("sinh", "cosh", "tanh", "exp", "floor", "ceil", "cbrt")},
    **{f"arc{name}": getattr(mp, f"a{name}") for name in ("sin", "cos", "tan", "cot", "sec", "csc")},
    **{f"arc{name}": getattr(mp, f"a{name}") for name in ("sinh", "cosh", "tanh")},
    "abs": abs,
    "max": max,
    "min": min,
}
_COUNTING = {"!": mp.factorial, "!!": mp.fac2, "binom": mp.binomial}


class Undefined(ArithmeticError):
    """There is no value, or none that is real where real values are asked for."""


class TooLarge(ArithmeticError):
    """An exact number would have too many digits."""


def names(tree: Tree) -> set[str]:
    """Of its variables."""
    if tree[0] == "name":
        return set() if tree[1] in _CONSTANTS else {tree[1]}
    own = {tree[1]} if tree[0] == "call" and tree[1].endswith("()") else set()
    return own.union(*(names(part) for part in tree[1:] if isinstance(part, tuple)))


def decimal(tree: Tree) -> tuple[int, int] | None:
    """Digits that count and places after the point of a tree that is a decimal; None for any other."""
    if tree[0] == "minus":
        return decimal(tree[1])
    return (tree[2], tree[3]) if tree[0] == "number" and tree[2] else None


def exact(tree: Tree) -> Fraction | None:
    """The value of a tree of rational numbers, None of any other. Raises TooLarge, and Undefined for x/0."""
    kind, parts = tree[0], tree[1:]
    if kind == "number":
        return tree[1]
    if kind == "name":
        return None
    if kind == "call":
        return _exact_call(tree)
    values = [exact(part) for part in parts]
    if None in values:
        return None
    return _bounded(_exact_operation(kind, values))


def _exact_operation(kind: str, values: list[Any]) -> Fraction | None:
    if kind == "minus":
        return -values[0]
    left, right = values
    if kind == "sum":
        return left + right
    if kind == "product":
        return left * right
    if kind == "quotient":
        return left / _nonzero(right)
    if right.denominator != 1:
        return None
    bits = max(abs(left.numerator), left.denominator).bit_length()
    if abs(right) > LARGEST or bits * abs(right) > LARGEST:
        if abs(left) in (0, 1):
            return left if right % 2 else abs(left)
        raise TooLarge
    return (left if right >= 0 else _nonzero(left)) ** int(right)


def _exact_call(tree: Tree) -> Fraction | None:
    name, values = tree[1], [exact(part) for part in tree[2:]]
    if None in values or name not in ("!", "!!", "binom", "%", "abs", "floor", "ceil"):
        return None
    value: Any = values[0]
    if name in ("!", "!!", "binom"):
        if any(each.denominator != 1 or each < 0 for each in values if each is not None):
            return None
        if value > 20_000:
            raise TooLarge
        return Fraction(_counted(name, int(value), int(values[-1] or 0)))
    if name == "%":
        return value / 100
    return abs(value) if name == "abs" else Fraction(value.__floor__() if name == "floor" else value.__ceil__())


def _counted(name: str, count: int, chosen: int) -> int:
    if name == "binom":
        return comb(count, chosen)
    return factorial(count) if name == "!" else prod(range(count, 0, -2))


def _nonzero(value: Any) -> Any:
    if value == 0:
        raise Undefined
    return value


def _bounded(value: Fraction | None) -> Fraction | None:
    if value is not None and max(abs(value.numerator), value.denominator).bit_length() > LARGEST:
        raise TooLarge
    return value


def _computable(value: Any) -> Any:
    if not mp.isinf(value) and value and mp.mag(value) > LARGEST_ARGUMENT:
        raise Undefined
    return value


class Point:
    """Values of names, the same for the same name, in one of several rounds.

    The first rounds are positive. `real`: what depends on a name has no value where it is not real, so that a root
    of x makes no statement about negative x. `digits`: those computed with. `spread`: values up to some thousand, and
    integers in some rounds, for what is not the same function everywhere, such as an absolute value.
    """

    def __init__(self, round_: int, real: bool = True, digits: int = DIGITS, spread: bool = False) -> None:
        self._round = round_
        self._real = real
        self._digits = digits
        self._spread = spread

    def value(self, tree: Tree) -> Any:
        """Zero where nothing is left but errors of rounding. Raises Undefined."""
        value = self._at(self._digits, tree)
        if value and abs(value) < mpf(10) ** (UNSURE - self._digits):
            again = self._at(3 * self._digits, tree)
            # What is small stays the same with more digits, what cancels does not.
            return value if abs(again - value) < abs(value) * SETTLED else mpf(0)
        return value

    def _at(self, digits: int, tree: Tree) -> Any:
        with mp.workdps(digits):
            try:
                value = self._value(tree, trigonometric=False)
            except (ArithmeticError, ValueError, TypeError, NotImplementedError) as error:
                raise Undefined from error
            if mp.isnan(value):
                raise Undefined
            return value

    def _value(self, tree: Tree, trigonometric: bool) -> Any:
        kind = tree[0]
        if kind == "number":
            return mpf(tree[1].numerator) / tree[1].denominator
        if kind == "name":
            return _CONSTANTS[tree[1]]() if tree[1] in _CONSTANTS else self._given(tree[1])
        if kind == "call":
            return self._checked(tree, self._call(tree, trigonometric))
        values = [self._value(part, trigonometric) for part in tree[1:]]
        if kind == "minus":
            return -values[0]
        left, right = values
        if kind == "sum":
            return left + right
        if kind == "product":
            return left * right
        if kind == "quotient":
            return left / _nonzero(right)
        return self._checked(tree, mp.power(*map(_computable, values)))

    def _checked(self, tree: Tree, value: Any) -> Any:
        if self._real and isinstance(value, mp.mpc) and abs(value.imag) > mpf(10) ** -DIGITS and names(tree):
            raise Undefined
        return value

    def _call(self, tree: Tree, trigonometric: bool) -> Any:
        name = tree[1]
        values = [_computable(self._value(part, trigonometric or name in _TRIGONOMETRIC)) for part in tree[2:]]
        value = values[0]
        if name in ("°", "%"):
            # Outside of a trigonometric function the sign of degrees is a unit, which its number goes without.
            return value / 100 if name == "%" else value * mp.pi / 180 if trigonometric else value
        if name in _COUNTING:
            return _COUNTING[name](*values)
        if name in ("ln", "log", "lg"):
            return self._logarithm(name, values)
        if name == "root":
            return self._root(*values)
        if name.endswith("()"):
            return self._given(name + mp.nstr(value, 30))
        if name not in _FUNCTIONS:
            raise Undefined
        return _FUNCTIONS[name](*values)

    def _root(self, value: Any, degree: Any) -> Any:
        if degree % 2 == 1 and mp.im(value) == 0 and mp.re(value) < 0:
            return -mp.power(-value, 1 / degree)  # the real one: a cube root of -8 is -2
        return mp.power(value, 1 / degree)

    def _logarithm(self, name: str, values: list[Any]) -> Any:
        logarithm = mp.log(_nonzero(values[0]))
        if len(values) > 1:
            return logarithm / mp.log(values[1])
        return logarithm if name == "ln" else logarithm / mp.log(10) if name == "lg" else logarithm * _LOG

    def _given(self, name: str) -> Any:
        digest = int.from_bytes(hashlib.sha256(f"{self._round}/{name}".encode()).digest()[:16], "big")
        value = mpf(digest) / 2**128 * (1 if self._round % 2 else 3) + mpf(1) / 7
        if self._spread:
            value = value * 10 ** (self._round % 4)
            value = mp.ceil(value) if self._round % 3 == 2 else value
        return -value if self._round > 2 and digest % 2 else value
