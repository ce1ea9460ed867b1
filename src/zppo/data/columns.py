"""Which column of a row is what: rows -> **roles** -> questions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zppo.config.data import ROLES, SEVERAL, Mapped
from zppo.data.dropped import BadRow
from zppo.data.media import MediaKind, Medium
from zppo.errors import DataError, nearest

USUAL: Mapping[str, tuple[str, ...]] = {
    "question": ("prompt", "question", "problem"),
    "answer": ("answer", "ground_truth", "solution"),
    "images": ("images", "image"),
    "videos": ("videos", "video"),
} | {role: (role,) for role in ("options", "answer_type", "source", "id")}
"""The columns a role is looked for in, in this order, if `data.columns` does not name it."""
KINDS: tuple[tuple[str, MediaKind], ...] = (("images", "image"), ("videos", "video"))


@dataclass(frozen=True)
class Columns:
    """The columns of every role. `mapped` are those that the config names: they must exist.

    A name is that of a column, or a path into one that holds objects (`reward_model.ground_truth`). `replies`: where
    no column is the answer, the last turn of the conversation is.
    """

    mapped: Mapping[str, tuple[str, ...]]
    usual: Mapping[str, tuple[str, ...]]
    replies: bool = False

    @classmethod
    def of(cls, mapped: Mapped, usual: Mapping[str, tuple[str, ...]] | None = None) -> "Columns":
        """`usual` goes over `USUAL`, for sources with columns of their own."""
        named = {role: (names,) if isinstance(names, str) else tuple(names) for role, names in mapped.items()}
        return cls(named, {**USUAL, **(usual or {})})

    def name(self, row: Mapping[str, Any], role: str) -> str | None:
        """The column of `row` that plays `role`; None if there is none, or nothing in it."""
        return next((name for name in self.names(role) if at(row, name) is not None), None)

    def value(self, row: Mapping[str, Any], role: str) -> Any:
        name = self.name(row, role)
        return None if name is None else at(row, name)

    def media(self, row: Mapping[str, Any]) -> list[Medium]:
        """Images, then videos. Several mapped columns follow each other; of the usual ones the first that is filled."""
        found = []
        for role, kind in KINDS:
            names = self.mapped[role] if role in self.mapped else [n for n in [self.name(row, role)] if n]
            found += [medium for name in names for medium in _media(at(row, name), kind, name)]
        return found

    def media_kinds(self, row: Mapping[str, Any]) -> list[MediaKind]:
        """The kinds of media for which the row has a column, filled or not."""
        return [kind for role, kind in KINDS if any(_holds(row, name) for name in self.names(role))]

    def rest(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """What a question keeps as its fields: all but question, `answer`, id and media, and three roles by name."""
        taken = {self.name(row, "question"), self.name(row, "id"), "answer"}
        taken |= {name for role in SEVERAL for name in self.names(role)}
        kept = {name: value for name, value in row.items() if name not in taken and not _holds_bytes(value)}
        roles = ("options", "answer_type", "source")
        return kept | {
            role: self.value(row, role)
            for role in roles
            if role in self.mapped or self.name(row, role) not in (None, role)
        }

    def check(self, there: Sequence[str], source: str, answered: bool) -> None:
        """Raises DataError for a column that the config names, or that holds question or answer, and is not there.

        Unless `answered`, and where replies are answers, there need be none of answers.
        """
        for role, names in self.mapped.items():
            for name in names:
                if name not in there:
                    close = nearest(name, there) if there else ""
                    raise DataError(f"{source}: data.columns.{role} is column {name!r}, which does not exist{close}")
        for role in ("question", "answer") if answered and not self.replies else ("question",):
            if not set(self.names(role)) & set(there):
                wanted = " or ".join(f"`{name}`" for name in self.names(role))
                raise DataError(
                    f"{source}: no row has a column {wanted}; its columns are {', '.join(sorted(there)) or 'none'}. "
                    f"Say which one is the {role} with data.columns: {{{role}: NAME}}"
                )

    def names(self, role: str) -> tuple[str, ...]:
        assert role in ROLES
        return self.mapped.get(role) or self.usual[role]


def at(row: Mapping[str, Any], name: str) -> Any:
    """What the column `name` holds, or else what stands at the end of that path; None if there is nothing."""
    if name in row or "." not in name:
        return row.get(name)
    first, _, rest = name.partition(".")
    inner = row.get(first)
    return at(inner, rest) if isinstance(inner, Mapping) else None


def names_in(row: Mapping[str, Any]) -> Iterator[str]:
    """The columns of a row, and the paths into those that hold objects."""
    for name, value in row.items():
        yield str(name)
        if isinstance(value, Mapping):
            yield from (f"{name}.{inner}" for inner in names_in(value))


def _holds(row: Mapping[str, Any], name: str) -> bool:
    return name in row or at(row, name) is not None


def _media(value: Any, kind: MediaKind, column: str) -> Iterator[Medium]:
    """A column holds a medium or a list of them."""
    if value is None:
        return
    for position, each in enumerate(value if isinstance(value, list | tuple) else [value]):
        if each is None:
            raise BadRow("unreadable media", f"{column}[{position}] is null")
        yield Medium(kind, each, column, position)


def _holds_bytes(value: Any) -> bool:
    """Whether a value is a picture or a file: too large to be carried around with a question."""
    if isinstance(value, list | tuple):
        return any(_holds_bytes(each) for each in value[:1])
    if isinstance(value, Mapping):
        return any(map(_holds_bytes, value.values()))
    return isinstance(value, bytes | bytearray) or hasattr(value, "getexif")
