r"""Numbers with a tolerance (`answer_type: number`): decimals, fractions, powers of ten, thousands, units."""

import re
from dataclasses import dataclass
from fractions import Fraction
from math import prod

from zppo.rewards.graded import Graded, column, reference, refuse, shown
from zppo.rewards.measure import MAGNITUDES, same_unit
from zppo.rewards.normal import normal_form
from zppo.rewards.plain import NUMBER, number_in
from zppo.rewards.units import UNIT, spelled_out, unit_named
from zppo.types import Question

TOLERANCE = 1e-6
"""Relative tolerance where the question has no column `tolerance`."""
_THOUSANDS = re.compile(r"(?<![\d.,])(\d{1,3})((?:(?:,|\{,\}|\s)\d{3})+)(?![\d,])")
_POWER = re.compile(r"\s*(?:\\times|\\cdot|×|·|\*)\s*10\s*\^\s*(?:\{\s*([+-]?\d{1,3})\s*\}|([+-]?\d{1,3}))")
_BARE_POWER = re.compile(r"^([+-]?\s?)10\s*\^\s*(?:\{\s*([+-]?\d{1,3})\s*\}|([+-]?\d{1,3}))")
_NAME = re.compile(r"^(?:(?:[A-Za-z]\w{0,20}|\\[A-Za-z]+)\s*)?(?:=|\\approx(?![A-Za-z])|≈)\s*")
_CURRENCY = re.compile(r"^([+-]?)\s*(\\?\$|€|£|¥)\s*")
_MAGNITUDE = re.compile(rf"(?:{'|'.join(MAGNITUDES)})(?=s?(?![^\W\d_]))", re.I)
_QUANTITY = re.compile(rf"{NUMBER}\s*(?P<scale>(?:{_MAGNITUDE.pattern}s?\s*){{0,4}})(?P<unit>{UNIT})?")
LONGEST = 200
"""Characters of a number with its unit."""


@dataclass(frozen=True)
class Quantity:
    """A number with its unit; `unit` is '' for a plain number."""

    value: Fraction
    unit: str = ""


@dataclass(frozen=True)
class Target:
    """Target of a number: right if it differs by at most `relative` of the value, or by at most `absolute`."""

    quantity: Quantity
    text: str
    relative: float
    absolute: float


def read_quantity(question: Question) -> Target:
    quantity = quantity_in(reference(question.answer))
    if quantity is None:
        refuse(question, f"the answer {question.answer!r} is no number; use another answer_type, such as math")
    meaning = "a number that is 0 or more"
    relative = column(question, "tolerance", TOLERANCE, _is_tolerance, f"a share of the answer, {meaning}")
    absolute = column(question, "absolute_tolerance", 0.0, _is_tolerance, meaning)
    return Target(quantity, question.answer, relative, absolute)


def compare_quantity(gold: Target, box: str) -> Graded:
    """A unit on one side only is ignored; two different units are wrong, because nothing is converted."""
    given, wanted = quantity_in(box), gold.quantity
    if given is None:
        return Graded(0.0, f"{shown(box)} is not a number", box)
    if given.unit and wanted.unit and not same_unit(given.unit, wanted.unit):
        return Graded(0.0, f"the unit is {shown(given.unit)}, not {shown(wanted.unit)}", box)
    off = abs(given.value - wanted.value)
    close = off <= max(Fraction(gold.relative) * abs(wanted.value), Fraction(gold.absolute))
    allowed = f"relative {gold.relative:g}" + (f" or absolute {gold.absolute:g}" if gold.absolute else "")
    outcome = "within" if close else "not within"
    return Graded(float(close), f"{shown(box)} is {outcome} the tolerance ({allowed}) of {shown(gold.text)}", box)


def quantity_in(text: str) -> Quantity | None:
    r"""`1,234.5`, `-\frac12`, `3\times10^{8} m/s`, `x = 5`, `\$3.50`, `30^\circ`; None for anything else."""
    return _quantity(_NAME.sub("", normal_form(text)))


def _quantity(text: str) -> Quantity | None:
    if len(text) > LONGEST:
        return None
    currency = _CURRENCY.match(text)
    text = _CURRENCY.sub(r"\1", text)
    text = _THOUSANDS.sub(lambda match: re.sub(r"\D", "", match[0]), text)
    text = _POWER.sub(lambda match: f"e{match[1] or match[2]}", text)
    text = _BARE_POWER.sub(lambda match: f"{match[1]}1e{match[2] or match[3]}", text)
    match = _QUANTITY.fullmatch(spelled_out(text))
    value = number_in(match) if match else None
    if match is None or value is None:
        return None
    scale = prod(MAGNITUDES[word.casefold()] for word in _MAGNITUDE.findall(match["scale"]))
    return Quantity(value * scale, unit_named(match["unit"] or (currency[2] if currency else "")))


def _is_tolerance(value: float) -> bool:
    return 0 <= value < float("inf")
