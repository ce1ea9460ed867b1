"""The eight clusters of word problems and the arithmetic programs that solve them.

This is the data of `zppo.pocket.problems`. A *program* is a sequence of steps over the numbers `a`, `b`, `c` of a
question, comma-separated, with one-letter operands; `_` is the previous result.

Each cluster contrasts two programs. Its *hard* templates use "inconsistent language": a keyword ("more", "times",
"losing") suggests the `keyword` program although the `right` one solves the problem. Its *easy* templates name the
operation; they need the same `right` program, so that every program is trained. Its *truthful* templates, also easy,
are questions for which the keyword's program is right.
"""

from __future__ import annotations

import operator
import random
from collections.abc import Callable
from dataclasses import dataclass

MAX_NUMBER = 150  # no program may pass this bound: small models memorize small tables

OPERATORS: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.floordiv,
    "%": operator.mod,
}

# All programs for questions with two (three) numbers.
PROGRAMS = {
    2: ("a+b", "a-b", "a*b", "a/b", "a%b", "a+b,_*2", "a*7,_+b", "a+b,_/2"),
    3: ("a+b,_+c", "a-b,_-c", "a*b,_-c", "a+b,_-c", "a-b,_+c", "a*b,_+c"),
}


def run_program(program: str, numbers: tuple[int, ...]) -> tuple[str, int] | None:
    """Evaluate a program: its equations as text and its result; None if a value is outside of 0..MAX_NUMBER.

    A program of one letter has no equation: its text is the number.
    """
    values = dict(zip("abc", numbers, strict=False))
    if program in values:
        return str(values[program]), values[program]
    equations = []
    for step in program.split(","):
        left, sign, right = tuple(step)
        x, y = (values[term] if term in values else int(term) for term in (left, right))
        if sign in "/%" and y == 0:
            return None
        values["_"] = OPERATORS[sign](x, y)
        if not 0 <= values["_"] <= MAX_NUMBER:
            return None
        equations.append(f"{x}{sign}{y}={values['_']}")
    return ",".join(equations), values["_"]


@dataclass(frozen=True)
class Cluster:
    """One family of problems: two programs, a function that draws numbers, and the wordings."""

    right: str
    keyword: str
    draw: Callable[[random.Random], tuple[int, ...]]
    hard: tuple[str, ...]
    easy: tuple[str, ...]
    truthful: tuple[str, ...]  # easy templates for which the keyword's program is right


def _times(rng: random.Random) -> tuple[int, int]:
    b = rng.randint(2, 5)
    return b * rng.randint(3, 9), b


CLUSTERS: dict[str, Cluster] = {
    "compare": Cluster(
        right="a-b",
        keyword="a+b",
        draw=lambda rng: (rng.randint(8, 30), rng.randint(2, 9)),
        hard=(
            "{x} has {a} {o}, {b} more than {y}. How many {o} does {y} have?",
            "{x} found {a} {o}. {y} needs {b} more to match {x}. How many did {y} find?",
        ),
        easy=(
            "{x} has {a} {o} and loses {b}. How many are left?",
            "{x} has {a} {o}. {y} has {b} fewer. How many {o} does {y} have?",
            "Of {a} {o} that {x} has {b} are broken. How many are fine?",
        ),
        truthful=("{x} has {a} {o} and finds {b} more. How many {o} now?",),
    ),
    "times": Cluster(
        right="a/b",
        keyword="a*b",
        draw=_times,
        hard=(
            "{x} has {a} {o}, {b} times as many as {y}. How many {o} does {y} have?",
            "{x} sold {a} {o}. That is {b} times what {y} sold. How many did {y} sell?",
        ),
        easy=(
            "{x} splits {a} {o} into {b} equal piles. How many {o} in one pile?",
            "{x} puts {a} {o} in {b} equal bags. How many are in each?",
            "{x} and friends split {a} {o} into {b} equal parts. How many is one part?",
        ),
        truthful=("{x} has {a} {o}. {y} has {b} times as many. How many {o} does {y} have?",),
    ),
    "undo": Cluster(
        right="a+b,_+c",
        keyword="a-b,_-c",
        draw=lambda rng: (rng.randint(8, 30), rng.randint(2, 9), rng.randint(2, 9)),
        hard=(
            "{x} has {a} {o} left after losing {b} and giving away {c}. How many {o} before?",
            "{x} has {a} {o} now. {x} sold {b} and lost {c} today. How many at the start?",
        ),
        easy=(
            "{x} has {a} {o}, buys {b} and gets {c}. How many {o} now?",
            "{x} has {a} {o}, {y} has {b} and {z} has {c}. How many in all?",
            "A box holds {a} {o}. {x} puts in {b}, then {c}. How many {o} now?",
        ),
        truthful=("{x} has {a} {o}, loses {b} and gives away {c}. How many are left?",),
    ),
    "remainder": Cluster(
        right="a%b",
        keyword="a/b",
        draw=lambda rng: (rng.randint(10, 40), rng.randint(3, 6)),
        hard=(
            "{x} shares {a} {o} among {b} friends. How many {o} remain?",
            "{x} packs {a} {o} in boxes of {b}. How many do not fit?",
        ),
        easy=(
            "{x} deals {a} {o} by {b} and keeps the rest. How many does {x} keep?",
            "{x} counts off {a} {o} by {b}. What is the rest?",
            "From {a} {o} {x} takes {b} again and again. What is the rest?",
        ),
        truthful=("{x} shares {a} {o} among {b} friends. How many does each get?",),
    ),
    "perimeter": Cluster(
        right="a+b,_*2",
        keyword="a*b",
        draw=lambda rng: (rng.randint(4, 15), rng.randint(2, 10)),
        hard=(
            "{x} fences the {p} of {y}, {a} long and {b} wide. How long is the fence?",
            "{x} puts a rope around a {p} of {a} by {b} for {y}. How long is the rope?",
        ),
        easy=(
            "{x} walks {a} miles, then {b} miles to {y}, and the same way back. How many miles?",
            "{x} buys {a} and {b} {o}, then doubles it all. How many {o} now?",
            "{x} and {y} each find {a} big {o} and {b} small {o}. How many in all?",
        ),
        truthful=("{x} tiles the {p} of {y}, {a} long and {b} wide. How many tiles?",),
    ),
    "unit": Cluster(
        right="a*7,_+b",
        keyword="a+b",
        draw=lambda rng: (rng.randint(2, 9), rng.randint(1, 6)),
        hard=(
            "{x} stays with {y} for {a} weeks and {b} days. How many days is that?",
            "{x} eats one of the {o} a day for {a} weeks and {b} days. How many {o}?",
        ),
        easy=(
            "{x} has {a} bags of seven {o} and {b} more. How many {o} in all?",
            "{x} puts down {a} rows of seven {o} and {b} at the end. How many {o}?",
            "{x} walks {a} laps of seven miles to {y} and then {b} miles. How many miles?",
        ),
        truthful=("{x} has {a} big {o} and {b} small {o}. How many {o}?",),
    ),
    "average": Cluster(
        right="a+b,_/2",
        keyword="a+b",
        draw=lambda rng: (rng.randint(3, 25), rng.randint(3, 20)),
        hard=(
            "{x} has {a} {o} and {y} has {b}. They level them. How many does each have?",
            "{x} got {a} {o} and {y} got {b}. They even it out. How many {o} for each?",
        ),
        easy=(
            "{x} has {a} big {o} and {b} small {o} and sells half. How many are sold?",
            "{x} puts {a} and then {b} {o} in a bag, then loses half. How many are left?",
            "{x} buys {a} and {b} {o} and gives half to {y}. How many does {y} get?",
        ),
        truthful=("{x} has {a} {o} and {y} has {b}. They put them in one box. How many in all?",),
    ),
    "rate": Cluster(
        right="a*b,_-c",
        keyword="a+b,_-c",
        draw=lambda rng: (rng.randint(3, 9), rng.randint(3, 9), rng.randint(2, 9)),
        hard=(
            "{x} makes {a} {o} an hour for {b} hours and sells {c}. How many are left?",
            "{x} gets {a} {o} each day for {b} days and loses {c}. How many {o} now?",
        ),
        easy=(
            "{x} has {a} bags of {b} {o} and loses {c}. How many are left?",
            "{x} puts down {a} rows of {b} {o} and takes away {c}. How many stay?",
            "{x} fills {a} boxes with {b} {o} each, then sells {c}. How many are left?",
        ),
        truthful=("{x} has {a} {o}, finds {b} and then sells {c}. How many are left?",),
    ),
}
