"""Every option of a recipe with its type, its default and what its section says about it. Standard library only."""

import ast
import inspect
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from textwrap import dedent, fill
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from zppo.config.run import Recipe

NAMES = {int: "whole number", float: "number", bool: "true | false", str: "text", NoneType: "null"}

COLUMNS = 120


@dataclass(frozen=True)
class Option:
    """`name` is dotted, as on the command line; `default` is YAML; `text` is the whole documentation, one paragraph."""

    name: str
    kind: str
    default: str
    text: str

    @property
    def meaning(self) -> str:
        """The first sentence."""
        first, stop, _ = self.text.partition(". ")
        return first + stop.strip()


@dataclass(frozen=True)
class Section:
    """Options with a common first name, '' for those without; `text` as in `Option`."""

    name: str
    text: str
    options: list[Option]


def sections() -> list[Section]:
    """Of a recipe, in its order, the options outside of sections first."""
    top = {f.name: _section(f) for f in fields(Recipe)}
    own = [_option("", f, _texts(Recipe)) for f in fields(Recipe) if top[f.name] is None]
    inner = [Section(name, _texts(kind).get("", ""), _options(name, kind)) for name, kind in top.items() if kind]
    return [Section("", "", own), *inner]


def as_markdown() -> str:
    """The page docs/options.md."""
    parts = [
        "# Options of a recipe",
        _wrap(
            "Each with its type, its default and its meaning, as in `zppo train --help`. In Python the sections are "
            "classes of `zppo` with the same fields, such as `ZoneConfig(tau=0.4)`. `python -m zppo.config.options` "
            "prints this page."
        ),
    ]
    for section in sections():
        parts.append(f"## `{section.name}`" if section.name else "## Outside of sections")
        if section.text:
            parts.append(_wrap(section.text))
        lines = [f"- **`{o.name}`** ({o.kind}; default `{o.default}`): {o.text}".strip() for o in section.options]
        parts.append("\n".join(_wrap(line, "  ") for line in lines))
    return "\n\n".join(parts) + "\n"


def _wrap(text: str, indent: str = "") -> str:
    return fill(text, COLUMNS, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _section(option: Field[Any]) -> type | None:
    made = option.default_factory
    return made if isinstance(made, type) and is_dataclass(made) else None


def _options(section: str, kind: type) -> list[Option]:
    texts = _texts(kind)
    return [_option(f"{section}.", f, texts) for f in fields(kind)]


def _option(prefix: str, option: Field[Any], texts: Mapping[str, str]) -> Option:
    default = option.default if option.default_factory is MISSING else option.default_factory()
    return Option(f"{prefix}{option.name}", _kind(option.type), _yaml(default), texts.get(option.name, ""))


def _texts(kind: type) -> dict[str, str]:
    """The docstrings below the fields of a dataclass and of those it extends, by name; its own under ''."""
    texts: dict[str, str] = {}
    for each in reversed([base for base in kind.__mro__ if is_dataclass(base)]):
        (tree,) = ast.parse(dedent(inspect.getsource(each))).body
        assert isinstance(tree, ast.ClassDef), "the source of a class"
        texts[""] = _paragraph(ast.get_docstring(tree) or "")
        for field, below in zip(tree.body, tree.body[1:], strict=False):
            if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
                continue
            if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                texts[field.target.id] = _paragraph(str(below.value.value))
    return texts


def _paragraph(text: str) -> str:
    return " ".join(text.split())


def _kind(annotation: Any) -> str:
    """`number`, `text | list`, `on | off | template`."""
    if get_origin(annotation) is Literal:
        return " | ".join(map(str, get_args(annotation)))
    if get_origin(annotation) in (Union, UnionType):
        return " | ".join(_kind(each) for each in get_args(annotation))
    if annotation in NAMES:
        return NAMES[annotation]
    return "list" if get_origin(annotation) is tuple else "mapping"


def _yaml(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_yaml, value))}]"
    return str(value) if value != "" else "''"


if __name__ == "__main__":
    print(as_markdown(), end="")
