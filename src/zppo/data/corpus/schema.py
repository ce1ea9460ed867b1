"""Check of the columns of a Parquet file against the recipe."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa
from pyarrow import types as kind_of

from zppo.data.corpus.recipe import SourceFacts


@dataclass(frozen=True)
class Columns:
    """`paths`: path of each expected column (dotted inside structs). `problems`: deviations, a sentence each."""

    paths: Mapping[str, str]
    problems: tuple[str, ...]


def find_columns(schema: pa.Schema, facts: SourceFacts) -> Columns:
    """Expected columns of `facts` in `schema`, by their usual or alternative name."""
    paths: dict[str, str] = {}
    problems: list[str] = []
    for column, kind in {**facts.columns, **facts.optional_columns}.items():
        optional = column in facts.optional_columns
        present = {name: t for name in (column, *facts.renamed.get(column, ())) if (t := _type_at(schema, name))}
        if not present:
            if not optional:
                problems.append(f"there is no column `{column}` ({kind}); columns: {', '.join(schema.names)}")
            continue
        if len(present) > 1:
            problems.append(f"the column `{column}` is there twice: {', '.join(present)}; the first is read")
        name, found = next(iter(present.items()))
        if not _KINDS[kind](found) and not (optional and kind_of.is_null(found)):
            problems.append(f"column `{name}` is {found}, not {_MEANING[kind]}")
        paths[column] = name
    return Columns(paths, tuple(problems))


def _type_at(schema: pa.Schema, dotted: str) -> pa.DataType | None:
    top, *inner = dotted.split(".")
    if top not in schema.names:
        return None
    found = schema.field(top).type
    for name in inner:
        if not kind_of.is_struct(found) or found.get_field_index(name) < 0:
            return None
        found = found.field(name).type
    return found


def _is_text(t: pa.DataType) -> bool:
    return kind_of.is_string(t) or kind_of.is_large_string(t)


def _is_name(t: pa.DataType) -> bool:
    return _is_text(t) or kind_of.is_integer(t)


def _is_number(t: pa.DataType) -> bool:
    return kind_of.is_floating(t) or kind_of.is_integer(t)


def _is_image(t: pa.DataType) -> bool:
    if not kind_of.is_struct(t) or t.get_field_index("bytes") < 0:
        return False
    return kind_of.is_binary(t.field("bytes").type) or kind_of.is_large_binary(t.field("bytes").type)


def _is_list(t: pa.DataType) -> bool:
    return kind_of.is_list(t) or kind_of.is_large_list(t)


def _is_conversation(t: pa.DataType) -> bool:
    """True for a list of messages, or one struct of the lists of their roles and contents."""
    if _is_list(t):
        return kind_of.is_struct(t.value_type) and _has(t.value_type, "role", "content")
    return kind_of.is_struct(t) and _has(t, "role", "content") and _is_list(t.field("content").type)


def _has(t: pa.DataType, *names: str) -> bool:
    return all(t.get_field_index(name) >= 0 for name in names)


_KINDS: Mapping[str, Callable[[pa.DataType], bool]] = {
    "text": _is_text,
    "name": _is_name,
    "number": _is_number,
    "image": _is_image,
    "conversation": _is_conversation,
}
_MEANING = {
    "text": "a text",
    "name": "a text or an integer",
    "number": "a number",
    "image": "a struct with the image's bytes",
    "conversation": "a list of messages (role, content) or a struct of such lists",
}
