r"""Reads an expression: text in LaTeX or plain notation -> **tree** -> values.

`\frac{\pi}{2}`, `pi/2`, `2*x**3`, `sqrt(2)`, `\sin^2 x`, `n!`, `|x|`, `x_1`. Nothing is skipped: what is not understood
makes the whole unreadable, so that no letter, sign or word can get lost on the way.

A tree is a tuple: a kind, then its parts. `("number", Fraction, digits)`, `("name", "x_1")`, `("sum", a, b)`,
`("product", a, b)`, `("quotient", a, b)`, `("power", a, b)`, `("minus", a)`, `("call", name, a, ...)`.
"""

import re
from fractions import Fraction
from typing import Any

Tree = tuple[Any, ...]

DEEPEST = 40
"""Brackets inside each other."""
LONGEST = 20_000
"""Characters of an expression."""

INVERSES = {name: f"arc{name}" for name in ("sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh")}
FUNCTIONS = {
    *INVERSES,
    *INVERSES.values(),
    *("ln", "log", "lg", "exp", "sqrt", "cbrt", "abs", "floor", "ceil", "max", "min", "gcd", "lcm"),
}
GREEK = {
    *("alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "vartheta", "iota", "kappa"),
    *("lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "varphi", "chi", "psi", "omega"),
    *("Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega", "ell", "hbar"),
}
INFINITY = {"infty", "infinity", "inf", "oo"}
NAMES = FUNCTIONS | GREEK | INFINITY
"""Words that are mathematics without a backslash too."""
_SYNONYMS = {
    **{f"a{name}": inverse for name, inverse in INVERSES.items()},
    **{f"ar{name}": inverse for name, inverse in INVERSES.items()},
    **{"arsinh": "arcsinh", "arcosh": "arccosh", "artanh": "arctanh", "cosec": "csc"},
}
_APPLIED = set("fghFGH")
"""Letters that are functions when a bracket follows."""
_OPERATORS = {"cdot": "*", "times": "*", "ast": "*", "div": "/", "lbrack": "[", "rbrack": "]"}
_CLOSING = {"(": ")", "[": "]", "{": "}", "|": "|", "\\lfloor": "\\rfloor", "\\lceil": "\\rceil"}
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4}(?![\d.]))?)|\\(?P<command>[A-Za-z]+)|(?P<word>[A-Za-z]+)"
    r"|(?P<sign>\*\*|!+|[-+*/^_()\[\]{}|,'°%]))"
)
_WORD_PART = re.compile("|".join(sorted(map(re.escape, NAMES | set(_SYNONYMS)), key=len, reverse=True)) + "|[A-Za-z]")


class Unreadable(ValueError):
    """The text is no expression that is understood here."""


def read(text: str) -> Tree:
    """The tree of a whole text. Raises Unreadable."""
    return _Reader(_tokens(text)).whole()


def _tokens(text: str) -> list[str]:
    """Numbers, signs and names; commands of letters and functions without their backslash, others with it."""
    if len(text) > LONGEST:
        raise Unreadable("long")
    tokens: list[str] = []
    at, text = 0, text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise Unreadable(text[at])
        at = match.end()
        if match["word"]:
            tokens += [_SYNONYMS.get(part, part) for part in _WORD_PART.findall(match["word"])]
        elif match["command"]:
            name = _SYNONYMS.get(match["command"], match["command"])
            tokens.append(_OPERATORS.get(name) or (name if name in NAMES else f"\\{name}"))
        else:
            tokens.append("^" if match["sign"] == "**" else match["number"] or match["sign"])
    return tokens


class _Reader:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = [*tokens, ""]
        self._at = 0
        self._depth = 0

    def whole(self) -> Tree:
        tree = self._sum()
        if self._next:
            raise Unreadable(self._next)
        return tree

    @property
    def _next(self) -> str:
        return self._tokens[self._at]

    def _take(self, wanted: str | None = None) -> str:
        token = self._next
        if not token or wanted not in (None, token):
            raise Unreadable(token)
        self._at += 1
        return token

    def _sum(self) -> Tree:
        tree = self._signed(self._product)
        while self._next in ("+", "-"):
            sign = self._take()
            right = self._signed(self._product)
            tree = ("sum", tree, right if sign == "+" else ("minus", right))
        return tree

    def _signed(self, inner: Any) -> Tree:
        """What `inner` reads, with one sign in front of it or without."""
        if self._next == "-":
            self._take()
            return ("minus", inner())
        if self._next == "+":
            self._take()
        return inner()

    def _product(self) -> Tree:
        """Factors from left to right, so that `1/2x` is half of x."""
        tree = self._power()
        while True:
            if self._next in ("*", "/"):
                kind = "product" if self._take() == "*" else "quotient"
                tree = (kind, tree, self._signed(self._power))
            elif self._juxtaposed():
                tree = self._beside(tree, self._power())
            else:
                return tree

    def _juxtaposed(self) -> bool:
        """Whether another factor follows without a sign. Two numbers side by side are none."""
        token = self._next
        return bool(token) and token not in {"+", "-", "*", "/", ")", "]", "}", ",", "|", "\\rfloor", "\\rceil"}

    def _beside(self, left: Tree, right: Tree) -> Tree:
        r"""A product, or the mixed number `2\frac{1}{3}`; `\sqrt{3}\,2` is a product too."""
        if right[0] == "number" and left[0] != "call":
            raise Unreadable("numbers side by side")
        if left[0] == "number" and right[0] == "quotient" and {"number"} == {part[0] for part in right[1:]}:
            values = [part[1] for part in (left, *right[1:])]
            if any(value.denominator != 1 for value in values) or values[1] >= values[2]:
                raise Unreadable("a number beside a fraction")
            return ("sum", left, right)
        return ("product", left, right)

    def _power(self) -> Tree:
        tree = self._with_marks(self._atom())
        if self._next != "^":
            return tree
        self._take()
        return self._with_marks(("power", tree, self._exponent()))

    def _exponent(self) -> Tree:
        grouped = self._next in ("{", "(")
        base = self._bracketed() if grouped else self._signed(lambda: self._with_marks(self._atom()))
        if self._next == "^":
            self._take()
            return ("power", base, self._exponent())
        return base

    def _with_marks(self, tree: Tree) -> Tree:
        while self._next in ("!", "!!", "°", "%"):
            tree = ("call", self._take(), tree)
        return tree

    def _atom(self) -> Tree:
        token = self._take()
        if token[0].isdigit() or token[0] == ".":
            return self._number(token)
        if token in _CLOSING:
            self._at -= 1
            return self._bracketed()
        if token in FUNCTIONS:
            return self._function(token)
        if token in ("\\frac", "\\binom"):
            over, under = self._argument(), self._argument()
            return ("quotient", over, under) if token == "\\frac" else ("call", "binom", over, under)
        if token.isalpha():
            return self._name(token)
        raise Unreadable(token)

    def _bracketed(self) -> Tree:
        opening = self._take()
        self._depth += 1
        if self._depth > DEEPEST:
            raise Unreadable("deep")
        tree = self._sum()
        self._take(_CLOSING[opening])
        self._depth -= 1
        function = {"|": "abs", "\\lfloor": "floor", "\\lceil": "ceil"}.get(opening)
        return ("call", function, tree) if function else tree

    def _number(self, token: str) -> Tree:
        if len(token) > 4000:
            raise Unreadable("long")  # Python reads no more digits
        mantissa, _, exponent = token.lower().partition("e")
        if self._next == "_":
            return ("name", f"{token}_{self._subscript()}")  # a number in another base equals itself alone
        decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
        digits = len(mantissa.replace(".", "").strip("0")) if "." in mantissa or exponent else 0
        return ("number", Fraction(mantissa.rstrip(".") + (f"e{exponent}" if exponent else "")), digits, decimals)

    def _argument(self) -> Tree:
        r"""A group, or the one character that stands for it: `\frac12` is a half."""
        if self._next in ("{", "("):
            return self._bracketed()
        if self._next[:1].isdigit() and len(self._next) > 1:
            self._tokens[self._at : self._at + 1] = [self._next[0], self._next[1:]]
        return self._atom()

    def _name(self, name: str) -> Tree:
        if name in INFINITY:
            return ("name", "oo")
        if self._next == "_":
            name += f"_{self._subscript()}"
        while self._next == "'":
            name += self._take()
        if name[0] in _APPLIED and self._next == "(":
            return ("call", f"{name}()", self._bracketed())
        return ("name", name)

    def _subscript(self) -> str:
        self._take("_")
        if self._next != "{":
            return self._take()
        inner = []
        self._take("{")
        while self._next != "}":
            inner.append(self._take())
        self._take("}")
        return "".join(inner)

    def _function(self, name: str) -> Tree:
        if name == "sqrt":
            return self._root()
        base = exponent = None
        while self._next in ("_", "^"):
            if self._take() == "^":
                exponent = self._exponent()
            else:
                base = self._argument()
        if name in INVERSES and exponent == ("minus", ("number", Fraction(1), 0, 0)):
            name, exponent = INVERSES[name], None
        tree: Tree = ("call", name, *self._operands(name), *([base] if base else []))
        return ("power", tree, exponent) if exponent else tree

    def _root(self) -> Tree:
        degree: Tree = ("number", Fraction(2), 0, 0)
        if self._next == "[":
            degree = self._bracketed()
        # A number behind the sign stands under it as a whole: sqrt12 is the root of twelve.
        return ("call", "root", self._atom() if self._next[:1].isdigit() else self._argument(), degree)

    def _operands(self, name: str) -> list[Tree]:
        """What a function is of: a bracket, or the factors that follow without a sign, up to another function."""
        if self._next == "(" and name in ("max", "min", "gcd", "lcm"):
            return self._listed()
        if self._next in ("(", "{", "[", "|"):
            return [self._bracketed()]
        return [self._signed(self._factors)]

    def _listed(self) -> list[Tree]:
        self._take("(")
        trees = [self._sum()]
        while self._next == ",":
            self._take()
            trees.append(self._sum())
        self._take(")")
        return trees

    def _factors(self) -> Tree:
        tree = self._power()
        while self._juxtaposed() and self._next not in FUNCTIONS and self._next not in ("(", "["):
            tree = self._beside(tree, self._power())
        return tree
