r"""Pairs of a reference answer and a given one whose truth is known, because both were made from the same values.

What counts as the same: mathematical value in any notation; a unit may be left out but not exchanged; sets have no
order, tuples and intervals have; words are the same text in any case; two answers, or a broken one, are wrong.
"""

import random
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple


class Pair(NamedTuple):
    kind: str
    gold: str
    answer: str
    same: bool


Made = tuple[str, str, bool]
Make = Callable[[random.Random], Made]


def fractions(rng: random.Random) -> Made:
    value, same = Fraction(rng.randint(1, 40), rng.randint(2, 40)) * rng.choice([1, -1]), rng.random() < 0.5
    other = value if same else value + Fraction(rng.choice([1, -1]), rng.randint(2, 9))
    scale = rng.randint(1, 6)
    over, under, sign = abs(other.numerator) * scale, other.denominator * scale, "-" if other < 0 else ""
    written = [f"{sign}{over}/{under}", rf"{sign}\frac{{{over}}}{{{under}}}", rf"\dfrac{{{sign}{over}}}{{{under}}}"]
    return rf"{value.numerator}/{value.denominator}", rng.choice(written), same


def decimals(rng: random.Random) -> Made:
    cents, same = rng.randint(-99_999, 99_999), rng.random() < 0.5
    other = cents if same else cents + rng.choice([-100, -10, -1, 1, 10, 100])
    forms = [
        f"{other / 100:.2f}",
        f"{other / 100:.4f}",
        rf"\frac{{{other}}}{{100}}",
        f"{other}e-2",
        f"${other / 100:.2f}$",
    ]
    return f"{cents / 100:.2f}", rng.choice(forms), same


def thousands(rng: random.Random) -> Made:
    number, same = rng.randint(1000, 10**9), rng.random() < 0.5
    other = number if same else number + rng.choice([-1, 1, 1000])
    return str(number), rng.choice([f"{other:,}", f"{other:,}".replace(",", "{,}"), rf"\text{{{other:,}}}"]), same


def roots(rng: random.Random) -> Made:
    a, b, same = rng.randint(2, 9), rng.choice([2, 3, 5, 6, 7, 10]), rng.random() < 0.5
    c = a if same else a + 1
    forms = [
        rf"\sqrt{{{c * c * b}}}",
        rf"{c} \cdot \sqrt{{{b}}}",
        rf"\frac{{{c * b}}}{{\sqrt{{{b}}}}}",
        rf"\sqrt{{{b}}}\,{c}",
    ]
    return rf"{a}\sqrt{{{b}}}", rng.choice(forms), same


def polynomials(rng: random.Random) -> Made:
    a, b, same = rng.randint(1, 9), rng.randint(1, 9), rng.random() < 0.5
    c = b if same else b + 1
    forms = [
        f"(x+{a})(x+{c})",
        rf"(x+{c})\cdot(x+{a})",
        f"{a * c} + {a + c}x + x^2",
        rf"x\left(x+{a + c}\right)+{a * c}",
    ]
    return f"x^2+{a + b}x+{a * b}", rng.choice(forms), same


def assignments(rng: random.Random) -> Made:
    value, same, name = rng.randint(-50, 50), rng.random() < 0.5, rng.choice("xynk")
    return str(value), f"{name} = {value if same else value + rng.choice([-2, -1, 1, 2])}", same


def units(rng: random.Random) -> Made:
    value, unit = rng.randint(2, 500), rng.choice(["cm", "kg", "km", "m"])
    case = rng.choice(["same", "spaced", "left out", "value", "unit"])
    if case == "unit":
        other = {"cm": "m", "kg": "g", "km": "m", "m": "cm"}[unit]
        return rf"{value} \text{{ {unit}}}", rf"{value} \text{{ {other}}}", False
    answer = {"same": rf"{value}\text{{ {unit}}}", "spaced": rf"{value}~\mathrm{{{unit}}}", "left out": str(value)}
    return rf"{value} \text{{ {unit}}}", answer.get(case, rf"{value + 1}\text{{ {unit}}}"), case != "value"


def unit_spellings(rng: random.Random) -> Made:
    value, same, other = rng.randint(2, 500), rng.random() < 0.5, rng.choice(["m/s", "m/s^3", "m s^2", "km/s^2"])
    right = [r"\frac{m}{s^2}", r"\text{m/s}^2", "m/s²", r"\mathrm{m\,s^{-2}}", r"m \cdot s^{-2}"]
    return f"{value} m/s^2", f"{value} {rng.choice(right) if same else other}", same


def marks(rng: random.Random) -> Made:
    value, same = rng.randint(1, 179), rng.random() < 0.5
    other = value if same else value + rng.choice([1, 10])
    mark = rng.choice([r"^\circ", r"^{\circ}", "°", r"\%", "%", r"\degree"])
    return rng.choice([(str(value), f"{other}{mark}", same), (f"{value}{mark}", str(other), same)])


def sets(rng: random.Random) -> Made:
    members, same = rng.sample(range(-20, 30), rng.randint(2, 4)), rng.random() < 0.5
    other = rng.sample(members, len(members))
    if not same:
        other[0] = max(members) + 1
    brackets = rng.choice([(r"\{", r"\}"), (r"\left\{", r"\right\}"), ("", "")])
    left, right = (r"\{", r"\}") if brackets[0] else ("", "")
    return left + ",".join(map(str, members)) + right, brackets[0] + ", ".join(map(str, other)) + brackets[1], same


def tuples(rng: random.Random) -> Made:
    values, same = rng.sample(range(-20, 20), rng.randint(2, 3)), rng.random() < 0.5
    other = list(values) if same else rng.choice([values[::-1], [*values[:-1], values[-1] + 1]])
    body = ", ".join(map(str, other))
    return f"({','.join(map(str, values))})", rng.choice([f"({body})", rf"\left({body}\right)"]), same


def intervals(rng: random.Random) -> Made:
    low, width, ends = rng.randint(-20, 20), rng.randint(1, 9), rng.choice(["()", "[]", "(]", "[)"])
    case = rng.choice(["same", "same", "ends", "bound"])
    given = ends if case != "ends" else {"(": "[", "[": "("}[ends[0]] + ends[1]
    high = low + width + (case == "bound")
    forms = [f"{given[0]}{low}, {high}{given[1]}", rf"\left{given[0]}{low},{high}\right{given[1]}"]
    return f"{ends[0]}{low},{low + width}{ends[1]}", rng.choice(forms), case == "same"


def powers(rng: random.Random) -> Made:
    base, exponent, same = rng.randint(2, 9), rng.randint(2, 6), rng.random() < 0.5
    other = exponent if same else exponent + 1
    forms = [f"{base}^{other}", rf"{base}^{{{other}}}", rf"{base} \cdot {base}^{{{other - 1}}}"]
    return str(base**exponent), rng.choice(forms), same


def mixed_numbers(rng: random.Random) -> Made:
    whole, under, same = rng.randint(1, 9), rng.randint(3, 9), rng.random() < 0.5
    over = rng.randint(1, under - 1)
    gold = Fraction(whole * under + over, under)
    shown = whole if same else whole + 1
    return str(gold), rng.choice([rf"{shown}\frac{{{over}}}{{{under}}}", f"{shown} {over}/{under}"]), same


def products(rng: random.Random) -> Made:
    a, b, c = rng.sample("abcdmnpqxy", 3)
    same = rng.random() < 0.5
    other = b if same else c
    return a + b, rng.choice([other + a, rf"{a} \cdot {other}", f"{a}{other}", rf"{a}\,{other}"]), same


def inequalities(rng: random.Random) -> Made:
    bound, same = rng.randint(-20, 20), rng.random() < 0.5
    right = [f"{bound} < x", f"x>{bound}", rf"({bound}, \infty)", rf"x \in ({bound}, \infty)"]
    gold = rng.choice(right)
    wrong = [f"x < {bound}", rf"x \ge {bound}", f"x > {bound + 1}", rf"[{bound}, \infty)"]
    return gold, rng.choice(right if same else wrong), same


def unions(rng: random.Random) -> Made:
    low, same = rng.randint(-20, 20), rng.random() < 0.5
    high = low + rng.randint(1, 9)
    left, right = rf"(-\infty,{low})", rf"({high},\infty)"
    wrong = [rf"(-\infty,{low}]\cup{right}", rf"{left}\cup({high + 1},\infty)", left]
    return rf"{left}\cup{right}", rng.choice([rf"{right}\cup{left}", rf"{left} \cup {right}"] if same else wrong), same


def both_signs(rng: random.Random) -> Made:
    value, same = rng.randint(1, 30), rng.random() < 0.5
    right, wrong = [rf"\pm {value}", rf"x = \pm {value}", f"-{value}, {value}"], [f"{value}", rf"\pm {value + 1}"]
    return f"{value}, -{value}", rng.choice(right if same else wrong), same


def dates(rng: random.Random) -> Made:
    year, month, day, same = rng.randint(1900, 2030), rng.randint(1, 12), rng.randint(1, 28), rng.random() < 0.5
    wrong = [f"{year + 1}-{month}-{day}", f"{year}-{month + 1}-{day - 1}", f"{year}-{day}-{month + 12}", f"{year}"]
    right = [f"{year}-{month:02}-{day:02}", rf"\text{{{year}-{month}-{day}}}"]
    return f"{year}-{month:02}-{day:02}", rng.choice(right if same else wrong), same


ANAGRAMS = (("cat", "act"), ("east", "seat"), ("silent", "listen"), ("no", "on"), ("below", "elbow"), ("stop", "spot"))
PHRASES = (
    "no solution",
    "infinitely many",
    "does not exist",
    "always true",
    "isosceles triangle",
    "Monday",
    "even",
    "red",
)


def words(rng: random.Random) -> Made:
    if rng.random() < 0.3:
        gold, answer = rng.sample(rng.choice(ANAGRAMS), 2)
        return gold, rng.choice([answer, rf"\text{{{answer}}}"]), False
    gold, same = rng.choice(PHRASES), rng.random() < 0.6
    other = gold if same else rng.choice([p for p in PHRASES if p != gold])
    return gold, rng.choice([other, other.capitalize(), rf"\text{{{other}}}", rf"\text{{{other.capitalize()}.}}"]), same


def choices(rng: random.Random) -> Made:
    gold, same = rng.choice("ABCDE"), rng.random() < 0.5
    other = gold if same else rng.choice([letter for letter in "ABCDE" if letter != gold])
    return gold, rng.choice([other, f"({other})", rf"\text{{{other}}}", rf"\textbf{{({other})}}", f"{other}."]), same


def malformed(rng: random.Random) -> Made:
    value = rng.randint(2, 99)
    broken = [rf"\frac{{{value}", r"\sqrt{", f"{value} or {value + 1}", f"{value}, {value + 1}", "", "?", r"\boxed"]
    broken += [
        f"1 2 3 {value}",
        rf"\text{{I cannot tell, maybe {value}}}",
        f"{value}{value}",
        f"{value}/0",
        f"--{value}--x",
    ]
    return str(value), rng.choice(broken), False


KINDS: tuple[Make, ...] = (
    *(fractions, mixed_numbers, decimals, thousands, powers, roots, polynomials, products, assignments),
    *(units, unit_spellings, marks, dates, sets, both_signs, tuples, intervals, unions, inequalities),
    *(words, choices, malformed),
)


def make_pairs(per_kind: int, seed: int) -> list[Pair]:
    """`per_kind` pairs of every kind."""
    pairs = []
    for make in KINDS:
        rng = random.Random(f"{seed}/{make.__name__}")
        pairs += [Pair(make.__name__, *make(rng)) for _ in range(per_kind)]
    return pairs
