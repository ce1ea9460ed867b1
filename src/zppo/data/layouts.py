"""The layouts of data in use, recognised by the columns of the first rows: rows -> **layout** -> questions.

`data.columns` wins over what is recognised. What can be read in two ways is refused.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from zppo.config.data import Mapped
from zppo.data.columns import USUAL, Columns
from zppo.data.references import is_marked
from zppo.errors import DataError

Row = Mapping[str, Any]
LOOKED_AT = 20
"""Rows of the beginning by which a layout is recognised."""


@dataclass(frozen=True)
class Layout:
    """`roles` are columns that are looked for before the usual ones. `replies`: the answer may be the last turn."""

    name: str
    is_layout_of: Callable[[Row], bool]
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    replies: bool = False

    def columns(self, mapped: Mapped, usual: Mapping[str, tuple[str, ...]]) -> Columns:
        found = Columns.of(mapped, {role: (*names, *USUAL[role]) for role, names in self.roles.items()} | dict(usual))
        return replace(found, replies=self.replies)

    def suits(self, mapped: Mapped) -> bool:
        """Whether its question stands in the column that `data.columns` names, if that names one."""
        return "question" not in mapped or mapped["question"] in self.roles.get("question", (mapped["question"],))


def _has(row: Row, *roles: str, **columns: str) -> bool:
    plain = Columns.of(columns)
    return all(plain.value(row, role) is not None for role in roles)


def _is_verl(row: Row) -> bool:
    return _has(row, "question", "answer", question="prompt", answer="reward_model.ground_truth")


def _turns_in(*names: str) -> Callable[[Row], bool]:
    def has_turns(row: Row) -> bool:
        return any(isinstance(row.get(name), list | tuple) and len(row[name]) > 0 for name in names)

    return has_turns


def _is_gsm8k(row: Row) -> bool:
    return _has(row, "question") and is_marked(Columns.of({}).value(row, "answer"))


def _is_trl(row: Row) -> bool:
    return row.get("prompt") is not None and _has(row, "answer")


LAYOUTS = (
    Layout(
        "verl",
        _is_verl,
        {"question": ("prompt",), "answer": ("reward_model.ground_truth",), "source": ("data_source",)},
    ),
    Layout(
        "ShareGPT",
        _turns_in("conversations", "conversation"),
        {"question": ("conversations", "conversation")},
        replies=True,
    ),
    Layout("messages", _turns_in("messages"), {"question": ("messages",)}, replies=True),
    Layout("GSM8K", _is_gsm8k),
    Layout("TRL", _is_trl),
    Layout("columns", lambda row: _has(row, "question", "answer")),
)
"""The first that fits is taken. All that fit must read the same question and the same answer."""


def recognised(
    rows: Iterable[Any], mapped: Mapped, usual: Mapping[str, tuple[str, ...]], source: str
) -> tuple[Layout, Columns]:
    """The layout of some rows, and the columns of every role in it.

    Raises DataError for a row that two layouts read differently.
    """
    chosen = LAYOUTS[-1]
    for number, row in enumerate(rows, start=1):
        fitting = [
            each for each in LAYOUTS if each.suits(mapped) and isinstance(row, Mapping) and each.is_layout_of(row)
        ]
        if not fitting:
            continue
        read = [each.columns(mapped, usual) for each in fitting]
        values = [[columns.value(row, role) for role in ("question", "answer")] for columns in read]
        for other, value in zip(fitting, values, strict=True):
            if value != values[0]:
                raise DataError(_ambiguous(source, number, row, (fitting[0], other), mapped, usual))
        chosen = chosen if LAYOUTS.index(chosen) < LAYOUTS.index(fitting[0]) else fitting[0]
    return chosen, chosen.columns(mapped, usual)


def _ambiguous(
    source: str,
    number: int,
    row: Row,
    layouts: Sequence[Layout],
    mapped: Mapped,
    usual: Mapping[str, tuple[str, ...]],
) -> str:
    ways = " or ".join(f"{each.name} ({_read_by(each.columns(mapped, usual), row)})" for each in layouts)
    return (
        f"{source}, row {number}: its columns {', '.join(map(str, row))} can be read as {ways}; say which one is meant "
        "with data.columns: {question: NAME, answer: NAME}"
    )


def _read_by(columns: Columns, row: Row) -> str:
    named = {role: columns.name(row, role) for role in ("question", "answer")}
    named["answer"] = named["answer"] or ("the reply" if columns.replies else None)
    return ", ".join(f"{role}: {name}" for role, name in named.items() if name is not None)
