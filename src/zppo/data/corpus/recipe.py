"""Which sub-datasets make the corpus, under which names the sources hold them, and the limits for a row."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from zppo.errors import ConfigError
from zppo.strict_yaml import load as load_yaml

VERO, MMFINEREASON = "vero", "mmfinereason"
SOURCES = (VERO, MMFINEREASON)
"""In the order of their right to a duplicate."""
KINDS = ("text", "name", "number", "image", "conversation")
"""What a column may be expected to hold. A name is a text or an integer."""
_STRICT = ConfigDict(extra="forbid")


@checked(frozen=True, config=_STRICT)
class Limits:
    """`answer_chars` in characters, `image_side` in pixels, `prompt_tokens` in tokens, `pass_rate` a share."""

    answer_chars: int
    image_side: int
    prompt_tokens: int
    pass_rate: float


@checked(frozen=True, config=_STRICT)
class SubDataset:
    """`vero`: patterns of config names. `mmfinereason`: pieces of source values."""

    tier: int
    vero: tuple[str, ...] = ()
    mmfinereason: tuple[str, ...] = ()

    def names(self, source: str) -> tuple[str, ...]:
        return self.vero if source == VERO else self.mmfinereason


@checked(frozen=True, config=_STRICT)
class SourceFacts:
    """What a source is expected to look like. `files` names the layout, `columns` a kind for each needed column."""

    hub: str
    note: str
    files: str
    splits: Mapping[str, str]
    columns: Mapping[str, str]
    optional_columns: Mapping[str, str] = field(default_factory=dict)
    renamed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unused: tuple[str, ...] = ()


@checked(frozen=True, config=_STRICT)
class Recipe:
    """`sub_datasets` by canonical name, in the order of their right to a duplicate within a source."""

    caps: Mapping[int, int]
    limits: Limits
    sub_datasets: Mapping[str, SubDataset]
    sources: Mapping[str, SourceFacts]

    def cap(self, name: str) -> int:
        """Most rows of the sub-dataset."""
        return self.caps[self.sub_datasets[name].tier]

    def expected(self, source: str) -> list[str]:
        """The canonical names that the source should hold."""
        return [name for name, each in self.sub_datasets.items() if each.names(source)]

    def match(self, source: str, origin: str) -> "Match":
        """Which sub-datasets a config (Vero) or a source value (MMFineReason) belongs to."""
        matches = config_matches if source == VERO else _value_matches
        found = [n for n, each in self.sub_datasets.items() if any(matches(p, origin) for p in each.names(source))]
        return Match(tuple(found), any(matches(piece, origin) for piece in self.sources[source].unused))


@dataclass(frozen=True)
class Match:
    """`names`: the sub-datasets that claim an origin. `unused`: it is known and not part of the corpus."""

    names: tuple[str, ...]
    unused: bool

    @property
    def name(self) -> str | None:
        """The one sub-dataset; None where there is none, or where more than one reading is possible."""
        return self.names[0] if len(self.names) == 1 and not self.unused else None


def load_recipe(path: str | Path | None = None) -> tuple[Recipe, str]:
    """The recipe at `path`, or the shipped one, and the SHA-256 of its text.

    Raises ConfigError naming the file and the entry at fault.
    """
    shipped = resources.files("zppo.data.corpus").joinpath("recipe.yaml")
    where = str(path) if path else "the shipped recipe"
    try:
        text = Path(path).read_text("utf-8") if path else shipped.read_text("utf-8")
        recipe = TypeAdapter(Recipe).validate_python(load_yaml(text))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{where}: not a readable YAML file ({error})") from error
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{where}: {at or 'the file'} is {first['input']!r}: {first['msg'].lower()}") from error
    _check(recipe, where)
    return recipe, hashlib.sha256(text.encode()).hexdigest()


def config_matches(pattern: str, config: str) -> bool:
    """Whether a recipe's pattern means the config."""
    return fnmatchcase(config, pattern)


def plain_name(value: str) -> str:
    """Letters and digits alone, in lower case: `WeMath2-Pro` as `wemath2pro`."""
    return re.sub(r"[\W_]+", "", value.casefold())


def _value_matches(piece: str, value: str) -> bool:
    return plain_name(piece) in plain_name(value)


def _check(recipe: Recipe, where: str) -> None:
    problems: list[Any] = []
    if set(recipe.sources) != set(SOURCES):
        problems.append(f"sources are {', '.join(recipe.sources)}; they must be {' and '.join(SOURCES)}")
    for name, each in recipe.sub_datasets.items():
        if each.tier not in recipe.caps:
            problems.append(f"sub_datasets.{name}: tier {each.tier} has no cap")
        if not each.vero and not each.mmfinereason:
            problems.append(f"sub_datasets.{name} names neither a config of vero nor a source value of mmfinereason")
        if any(not plain_name(piece) for piece in each.mmfinereason):
            problems.append(f"sub_datasets.{name}: an empty piece matches every source value")
    problems += [f"caps.{tier} is {cap}; a cap is 1 or more" for tier, cap in recipe.caps.items() if cap < 1]
    for source, facts in recipe.sources.items():
        problems += _unknown_kinds(source, {**facts.columns, **facts.optional_columns})
    if problems:
        raise ConfigError(f"{where}: {problems[0]}")


def _unknown_kinds(source: str, columns: Mapping[str, str]) -> Sequence[str]:
    known = ", ".join(KINDS)
    return [f"sources.{source}.{c} is {k!r}; a column is one of {known}" for c, k in columns.items() if k not in KINDS]
