"""Grid of a comparison: methods x varied options x seeds, each cell one ordinary run. Does not load torch."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal
from urllib.parse import quote

from zppo.errors import ConfigError, nearest
from zppo.methods import Method, parse_method

Matching = Literal["steps", "tokens"]
"""Point at which a cell is read: the end of its run, or the number of student tokens of the cheapest cell."""
MATCHINGS: Mapping[str, tuple[Matching, ...]] = {
    "steps": ("steps",),
    "tokens": ("tokens",),
    "both": ("steps", "tokens"),
}
USUAL_BASELINE = "grpo+replay"
LONGEST_NAME = 120
"""Longest folder name, in characters; file systems allow 255."""


@dataclass(frozen=True)
class Cell:
    """One run. `varied` holds the options in which it differs from other cells: (`zone.tau`, `0.4`), ..."""

    method: str
    varied: tuple[tuple[str, str], ...]
    seed: int

    @property
    def label(self) -> str:
        """Name shared by all seeds of this method with these options: `zppo`, `zppo zone.tau=0.4`."""
        return " ".join([self.method, *(f"{option}={value}" for option, value in self.varied)])

    @property
    def name(self) -> str:
        """The folder of the run: `grpo+replay-0`, `zppo-zone.tau=0.4-0`; unique per cell."""
        options = [f"{option}={quote(value, safe='+')}" for option, value in self.varied]
        name = "-".join([self.method, *options, str(self.seed)])
        if len(name) <= LONGEST_NAME:
            return name
        return f"{name[:LONGEST_NAME]}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


@dataclass(frozen=True)
class Grid:
    """`overrides` apply to the recipe of every cell; `variations` maps an option to its values."""

    recipe: str
    methods: Sequence[str]
    seeds: Sequence[int]
    variations: Mapping[str, Sequence[str]]
    overrides: Mapping[str, str]

    @property
    def cells(self) -> list[Cell]:
        """All cells, seed by seed, so that an interrupted comparison has complete seeds."""
        return [Cell(m, v, s) for s, m, v in product(self.seeds, self.methods, self._variants())]

    @property
    def labels(self) -> list[str]:
        return list(dict.fromkeys(cell.label for cell in self.cells))

    def options(self, cell: Cell) -> dict[str, str]:
        """Overrides of the recipe for this cell."""
        return {**self.overrides, "method": cell.method, "seed": str(cell.seed), **dict(cell.varied)}

    def baseline(self, wanted: str | None) -> str:
        """Label that the others are compared with. Raises ConfigError if `wanted` is not a label."""
        if wanted is not None and wanted not in self.labels:
            raise ConfigError(f"--baseline: {wanted!r} is not compared here{nearest(wanted, self.labels)}")
        return wanted or (USUAL_BASELINE if USUAL_BASELINE in self.labels else self.labels[0])

    def _variants(self) -> list[tuple[tuple[str, str], ...]]:
        return [tuple(zip(self.variations, values, strict=True)) for values in product(*self.variations.values())]


def parse_grid(recipe: str, methods: str, seeds: str, variations: Sequence[str], overrides: Mapping[str, str]) -> Grid:
    """Build the grid from the options of the command line. Raises ConfigError naming the option at fault."""
    for option, instead in (("method", "--methods"), ("seed", "--seeds"), ("run_dir", "--out or --cells")):
        if option in overrides:
            raise ConfigError(f"--{option} does not go with a comparison; use {instead}")
    varied = _parse_variations(variations)
    for option in varied.keys() & overrides.keys():
        raise ConfigError(f"{option} is both varied by --vary and fixed by --{option}; leave one of them out")
    return Grid(recipe, _parse_methods(methods), _parse_seeds(seeds), varied, overrides)


def _parse_methods(text: str) -> list[str]:
    names = _split("--methods", text, "grpo,zppo")
    seen: list[Method] = []
    for method in map(parse_method, names):
        for other in seen:
            if method.is_equivalent_to(other):
                raise ConfigError(f"--methods: {other.name} and {method.name} are the same method; leave one out")
        seen.append(method)
    return names


def _parse_seeds(text: str) -> list[int]:
    words = _split("--seeds", text, "0,1,2")
    for word in words:
        if not word.isdecimal():
            raise ConfigError(f"--seeds: {word!r} is not a seed; a seed is a whole number, 0 or more")
    seeds = [int(word) for word in words]
    _refuse_repetition("--seeds", seeds)
    return seeds


def _parse_variations(texts: Sequence[str]) -> dict[str, list[str]]:
    variations: dict[str, list[str]] = {}
    for text in texts:
        option, is_assignment, values = text.partition("=")
        option = option.strip().replace("-", "_")
        if not is_assignment or not option:
            raise ConfigError(f"--vary: {text!r} does not look like OPTION=VALUE,VALUE; write zone.tau=0.25,0.5")
        if option in ("method", "seed"):
            raise ConfigError(f"--vary: {option} is not varied here; use --{option}s")
        if option in variations:
            raise ConfigError(f"--vary: {option} is given twice; write all of its values into one --vary")
        variations[option] = _split(f"--vary {option}", values, "0.25,0.5")
        _refuse_repetition(f"--vary {option}", variations[option])
    return variations


def _split(option: str, text: str, example: str) -> list[str]:
    words = [word.strip() for word in text.split(",")]
    if not all(words):
        raise ConfigError(f"{option}: {text!r} has an empty place; write a list such as {example}")
    return words


def _refuse_repetition(option: str, values: Sequence[object]) -> None:
    for value in values:
        if values.count(value) > 1:
            raise ConfigError(f"{option}: {value} is given twice")
