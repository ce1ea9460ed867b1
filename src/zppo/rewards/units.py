r"""One spelling for a unit of measurement: `\frac{m}{s^2}`, `m s^{-2}` and `meters per second squared` are `m/s^2`.

Nothing is converted: a minute stays a minute.
"""

import re
import unicodedata
from collections import Counter

_NAMES = {
    "m": ("meter", "metre"),
    "cm": ("centimeter", "centimetre"),
    "mm": ("millimeter", "millimetre"),
    "km": ("kilometer", "kilometre", "Km", "KM"),
    "in": ("inch", "inche"),
    "ft": ("foot", "feet"),
    "yd": ("yard",),
    "mi": ("mile",),
    "g": ("gram", "gramme"),
    "mg": ("milligram",),
    "kg": ("kilogram", "kilo", "Kg", "KG"),
    "lb": ("pound",),
    "oz": ("ounce",),
    "s": ("second", "sec"),
    "min": ("minute",),
    "h": ("hour", "hr"),
    "day": ("d",),
    "wk": ("week",),
    "month": (),
    "yr": ("year",),
    "L": ("liter", "litre", "l"),
    "mL": ("milliliter", "millilitre", "ml"),
    "%": ("percent",),
    "$": ("dollar", "USD", "usd"),
    "¢": ("cent",),
    "€": ("euro", "EUR"),
    "£": ("GBP",),
    "₹": ("rupee", "Rs", "INR"),
    "rad": ("radian",),
    "N": ("newton", "Newton"),
    "J": ("joule", "Joule"),
    "kJ": ("kilojoule",),
    "W": ("watt", "Watt"),
    "kW": ("kilowatt",),
    "V": ("volt", "Volt"),
    "A": ("amp", "ampere", "Ampere"),
    "K": ("kelvin", "Kelvin"),
    "Pa": ("pascal", "Pascal"),
    "kPa": ("kilopascal",),
    "Hz": ("hertz", "Hertz"),
    "kHz": (),
    "MHz": (),
    "mol": ("mole",),
    "unit": (),
    "°C": ("°Celsius",),
    "°F": ("°Fahrenheit",),
}
_SYMBOLS = {name + plural: symbol for symbol, names in _NAMES.items() for name in names for plural in ("", "s")}
COMMON = frozenset(_NAMES) | frozenset(_SYMBOLS) | {"mins", "hrs", "yrs", "lbs", "secs", "units", "days", "months"}
"""Symbols and names of units that cannot be letters of mathematics."""
_SYMBOLS |= {symbol + "s": symbol for symbol in ("min", "lb", "yr", "unit", "day", "month")}

_SYMBOL = r"(?:[^\W\d_]|[°%$¢€£¥₹'′″])+"
_FACTOR = rf"{_SYMBOL}(?:\s?\^\s?(?:\{{\s?[+-]?\d\s?\}}|[+-]?\d))?"
UNIT = rf"(?!(?:or|and|to)\b|[abeiknpqrtuvwxyz](?![^\W\d_]))\(?{_FACTOR}(?:\)?\s?[/·\s]\s?\(?{_FACTOR}){{0,5}}\)?"
"""Pattern of a unit after `spelled_out`. A single letter that is probably a variable does not begin one."""
_PART = re.compile(rf"(?P<over>/)?[\s·()]*(?P<symbol>{_SYMBOL})(?:[\s^{{]*(?P<power>[+-]?\d))?")
_TWO_READINGS = re.compile(r"/[^()/]*[^()/\s·][\s·]+[^()/\s·]")

_GROUP = r"\{((?:[^{}]|\{[^{}]*\})*)\}"
_SPELLINGS = (
    (re.compile(rf"\\[dt]?frac\s*(?=\{{\s*[^\W\d_]){_GROUP}\s*{_GROUP}"), r" \1/(\2)"),
    (re.compile(r"(?:\^\s*\{?\s*\\circ\s*\}?|\\degree(?![A-Za-z])|\bdegrees?\b|°)\s*"), "°"),
    (re.compile(r"\\mu\s?"), "μ"),
    (re.compile(r"\\Omega\s?"), "Ω"),
    (re.compile(r"\\(?:cdot|times)(?![A-Za-z])|[*⋅×]"), "·"),
    (re.compile(r"\bper cent\b"), "%"),
    (re.compile(r"\bmph\b"), "mi/h"),
    (re.compile(r"\bkm?ph\b|\bkmh\b"), "km/h"),
    (re.compile(r"\b(?:sq\.?|square) (?=[^\W\d_])"), "square "),
    (re.compile(r"\b(?:cu\.?) (?=[^\W\d_])"), "cubic "),
    (re.compile(r"\b(?:per|each)\b"), "/"),
    (re.compile(r"\s*([/^·])\s*|(?<=\() | (?=\))"), r"\1"),
    (re.compile(r"\bsquare ([^\W\d_]+)|([^\W\d_]+) squared\b"), r"\1\2^2"),
    (re.compile(r"\bcubic ([^\W\d_]+)|([^\W\d_]+) cubed\b"), r"\1\2^3"),
)


def spelled_out(text: str) -> str:
    """Fractions of units as `a/(b)`, products with `·`, powers with `^`, and signs instead of words and commands."""
    for spelling, plain in _SPELLINGS:
        text = spelling.sub(plain, text)
    return text


def unit_named(text: str) -> str:
    """The one spelling of a unit that matches `UNIT`: factors in alphabetical order, denominators after slashes.

    `J/mol·K` is unchanged: it is ambiguous if K is in the denominator.
    """
    text = unicodedata.normalize("NFKC", text)
    if _TWO_READINGS.search(text):
        return "".join(text.split())
    powers: Counter[str] = Counter()
    sign = 1
    for part in _PART.finditer(text):
        sign = -1 if part["over"] else sign
        powers[_SYMBOLS.get(part["symbol"], part["symbol"])] += sign * int(part["power"] or 1)
    above, under = ([(s, p) for s, p in sorted(powers.items()) if p * side > 0] for side in (1, -1))
    return "·".join(_raised(*factor) for factor in above) + "".join(f"/{_raised(s, -p)}" for s, p in under)


def _raised(symbol: str, power: int) -> str:
    return symbol if power == 1 else f"{symbol}^{power}"
