"""From a YAML file and `--section.key value` options to a typed Recipe, with errors that name the option."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from glob import has_magic, iglob
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from zppo.config import FallbackConfig, Recipe, RunOptions
from zppo.custom import PROGRAM
from zppo.errors import ConfigError, nearest
from zppo.pocket import ASSETS
from zppo.strict_yaml import load as load_yaml

SHIPPED = {"pocket": ASSETS.parent / "pocket.yaml"}
"""Recipes that are part of the package, by the name that stands for their path."""

PATHS = (
    ("student", "model"),
    ("student", "chat_template"),
    ("teacher", "model"),
    ("teacher", "fallbacks"),
    ("teacher", "chat_template"),
    ("judge", "model"),
    ("data", "train"),
    ("data", "eval"),
    ("prompts", "templates"),
    ("rewards", "functions"),
    ("rewards", "extract"),
)
"""Options that may be paths: in a recipe file they are relative to that file, on the command line to the caller."""
_CODE = re.compile(rf"(?P<kind>(?:{PROGRAM})?)(?P<file>.+\.py)(?P<name>:\w+)")
"""Code of the user: `FILE.py:NAME`."""

Options = TypeVar("Options", bound=RunOptions)
THINKING_SECTIONS = ("sampling", "teacher")
"""Where an option `thinking` may be `on` or `off`, which YAML reads as true and false."""


def load_recipe(path: str | Path, overrides: Mapping[str, str]) -> Recipe:
    """The recipe at `path`, or the shipped one of that name, with dotted `overrides` put over it.

    Raises ConfigError naming the option at fault.
    """
    return _typed(_options(_read(SHIPPED.get(str(path), Path(path))), overrides), Recipe)


def load_options(path: str | Path | None, overrides: Mapping[str, str]) -> RunOptions:
    """The options of a recipe that need not be whole, or of none, with `overrides`. Raises ConfigError likewise."""
    options = _options({} if path is None else _read(SHIPPED.get(str(path), Path(path))), overrides)
    return _typed({name: value for name, value in options.items() if name not in ("seed", "training")}, RunOptions)


def _options(options: dict[str, Any], overrides: Mapping[str, str]) -> dict[str, Any]:
    for name, value in overrides.items():
        _put(options, name, value)
    _check_names(options, Recipe, "")
    for section in THINKING_SECTIONS:
        thinking = options.get(section, {}).get("thinking")
        if isinstance(thinking, bool):
            options[section]["thinking"] = "on" if thinking else "off"
    return options


def parse_overrides(arguments: Sequence[str]) -> dict[str, str]:
    """`["--zone.tau", "0.4", "--seed=3"]` as `{"zone.tau": "0.4", "seed": "3"}`."""
    overrides, rest = {}, list(arguments)
    while rest:
        flag = rest.pop(0)
        name, has_value, value = flag.partition("=")
        if not name.startswith("--") or name == "--":
            raise ConfigError(f"{flag!r} is not an option; options look like --section.key value")
        if not has_value:
            if not rest:
                raise ConfigError(f"option {name} has no value")
            value = rest.pop(0)
        overrides[name[2:].replace("-", "_")] = value
    return overrides


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ConfigError(f"{path}: there is no such recipe; the one of zppo demo is called pocket")
    try:
        options = load_yaml(path.read_text("utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # also an impossible date, a number too long
        raise ConfigError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(options, dict):
        raise ConfigError(f"{path}: a recipe is a mapping of options, such as `method: zppo`")
    for section, option in PATHS:
        value = options.get(section, {}).get(option) if isinstance(options.get(section), dict) else None
        if isinstance(value, str):
            options[section][option] = _beside(path, value)
        elif isinstance(value, list):
            options[section][option] = [_beside(path, each) if isinstance(each, str) else each for each in value]
    return options


def _beside(recipe: Path, value: str) -> str:
    """The file, folder or pattern of files that `value` means in the recipe, or `value` as it is (a Hub name)."""
    code = _CODE.fullmatch(value)
    if code:
        return f"{code['kind']}{recipe.parent.resolve() / code['file']}{code['name']}"
    found = recipe.parent / value
    if has_magic(value) and any(iglob(str(found), recursive=True)):
        return str(recipe.parent.resolve() / value)
    return str(found.resolve()) if found.exists() else value


def _put(options: dict[str, Any], dotted: str, value: str) -> None:
    *sections, key = dotted.split(".")
    for section in sections:
        options = options.setdefault(section, {})
        if not isinstance(options, dict):
            raise ConfigError(f"--{dotted}: {section!r} is not a section")
    try:
        options[key] = load_yaml(value)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"--{dotted}: {value!r} is not valid YAML; quote it") from error


def _check_names(options: Mapping[str, Any], section: Any, where: str) -> None:
    known = {f.name: f.default_factory for f in fields(section)}
    for name, value in options.items():
        if name not in known:
            raise ConfigError(f"unknown option {where}{name}{nearest(str(name), known)}")
        inner = known[name]
        if isinstance(inner, type) and is_dataclass(inner):
            if not isinstance(value, Mapping):
                raise ConfigError(f"{where}{name} is a section; write options below it, not {value!r}")
            _check_names(value, inner, f"{where}{name}.")
        elif f"{where}{name}" == "teacher.fallbacks" and isinstance(value, list):
            for number, fallback in enumerate(value):
                if isinstance(fallback, Mapping):
                    _check_names(fallback, FallbackConfig, f"{where}{name}.{number}.")


def _typed(options: dict[str, Any], kind: type[Options]) -> Options:
    try:
        return TypeAdapter(kind).validate_python(options)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{name} is {first['input']!r}: {first['msg'].lower()}") from error
