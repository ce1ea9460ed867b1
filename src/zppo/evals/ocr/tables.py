"""Tables and charts as trees of rows and cells, compared by TEDS (Zhong et al., 2020). HTML is read in `html.py`."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from zppo.evals.metrics import edit_distance
from zppo.evals.ocr.trees import Tree, tree_distance

_FENCED = re.compile(r"```(?:python|json)?\n(.*?)\n```", re.DOTALL | re.IGNORECASE)
_ASSIGNMENT = re.compile(r"^\s*\w+\s*=\s*")
_COMMENT = re.compile(r"#.*")


@dataclass(frozen=True)
class Cell:
    """A node of a table: its tag and, for `td`, its spans and its content as characters and inner tags."""

    tag: str
    colspan: int | None = None
    rowspan: int | None = None
    content: tuple[str, ...] = ()


@dataclass
class Table:
    """A tree, and the number of elements below the table, those inside cells included."""

    tree: Tree[Cell]
    elements: int


def table_similarity(answer: Table | None, gold: Table | None) -> float:
    """TEDS: 1 for equal tables, at least 0; 0 if there is no table."""
    if answer is None or gold is None:
        return 0.0
    elements = max(answer.elements, gold.elements, 1)
    return max(0.0, 1 - tree_distance(answer.tree, gold.tree, _cost) / elements)


def _cost(a: Cell, b: Cell) -> float:
    if (a.tag, a.colspan, a.rowspan) != (b.tag, b.colspan, b.rowspan):
        return 1.0
    return _content_cost(a.content, b.content) if a.tag == "td" and a.content != b.content else 0.0


@lru_cache(maxsize=1 << 16)
def _content_cost(a: tuple[str, ...], b: tuple[str, ...]) -> float:
    return edit_distance(a, b) / max(len(a), len(b))


def markdown_table(text: str) -> Table:
    """A header, a line that is skipped, and rows, in any fence."""
    lines = text.strip("`markdown").strip("`").strip().split("\n")
    rows = (line.strip().split("|")[1:-1] for line in lines[:1] + lines[2:])
    return _table_of([[" " if set(cell) == {" "} else cell.strip() for cell in row] for row in rows])


def chart_table(data: Mapping[Any, Any]) -> Table:
    """Rows of a key and its value. The values are spelled, `12` as `1 2`, as in the official scorer."""
    return _table_of([[str(key), " ".join(str(value))] for key, value in data.items()])


def read_chart(text: str) -> dict[Any, Any]:
    """The Python dictionary in a response: in the longest fence, without assignment and comments; {} if none."""
    text = max(_FENCED.findall(text), key=len, default=text.strip())
    text = _COMMENT.sub("", _ASSIGNMENT.sub("", text.strip(), count=1))
    try:
        data = ast.literal_eval(text[: text.rfind("}") + 1] or text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _table_of(rows: list[list[str]]) -> Table:
    tree = Tree(Cell("table"))
    for row in rows:
        line = tree.add(Cell("tr"))
        for content in row:
            line.add(Cell("td", 1, 1, tuple(content)))
    return Table(tree, sum(1 + len(row) for row in rows))
