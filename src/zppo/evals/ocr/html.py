"""Tables in HTML as models write them: trees of rows and cells; unclosed tags are closed as in HTML."""

from dataclasses import replace
from html.parser import HTMLParser

from zppo.evals.ocr.tables import Cell, Table
from zppo.evals.ocr.trees import Tree

_VOID = frozenset(("br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"))
_PARTS = frozenset(("td", "th", "tr", "thead", "tbody", "tfoot"))
_CLOSES: dict[str, frozenset[str]] = {
    **dict.fromkeys(("td", "th"), frozenset(("td", "th"))),
    "tr": frozenset(("td", "th", "tr")),
    **dict.fromkeys(("thead", "tbody", "tfoot"), _PARTS),
}
"""Tags that an opening tag closes, within its table."""


def html_table(text: str) -> Table | None:
    """The first table from `<body` or `<table` on; None without one, and if a span is not a number."""
    text = text.replace("\n", "")
    start = next((text.index(tag) for tag in ("<body", "<table") if tag in text), None)
    if start is None:
        return None
    reader = _Reader()
    try:
        reader.feed(text[start:])
        reader.close()
    except (ValueError, AssertionError):  # the parser of the standard library asserts that marked sections are known
        return None
    return reader.table


def gold_html_table(text: str) -> Table | None:
    """The gold table; its rows may lack the table tags."""
    return html_table(text if "<table" in text else f"<table>{text}</table>")


class _Reader(HTMLParser):
    """Builds the first table of a page. In a cell (`td`) everything is content, other tables included."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.table: Table | None = None
        self._open: list[Tree[Cell]] = []  # from the table down to the innermost element that is a node
        self._content: list[str] = []  # of the innermost cell
        self._inside: list[str] = []  # open tags in that cell
        self._is_done = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._is_done or (self.table is None and tag != "table"):
            return
        if self.table is None:
            self.table = Table(Tree(Cell("table")), 0)
            self._open.append(self.table.tree)
            return
        if self._is_in_cell() and ("table" in self._inside or tag not in _CLOSES):
            self._content.append(f"<{tag}>")
            self._inside.append(tag)
        else:
            self._close(_CLOSES.get(tag, frozenset()))
            self._open.append(self._open[-1].add(_cell(tag, dict(attrs))))
        self.table.elements += 1
        if tag in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._inside:
            while self._inside:
                inner = self._inside.pop()
                self._content.append(f"</{inner}>")
                if inner == tag:
                    return
        while any(node.label.tag == tag for node in self._open) and self._pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._is_in_cell():
            self._content.extend(data)

    def close(self) -> None:
        super().close()
        while self._open:
            self._pop()

    def _is_in_cell(self) -> bool:
        return bool(self._open) and self._open[-1].label.tag == "td"

    def _close(self, tags: frozenset[str]) -> None:
        while self._open[-1].label.tag in tags:
            self._pop()

    def _pop(self) -> str:
        """End the innermost node; a cell gets its content."""
        node = self._open.pop()
        if node.label.tag == "td":
            self._content.extend(f"</{tag}>" for tag in reversed(self._inside))
            node.label = replace(node.label, content=tuple(self._content))
            self._content, self._inside = [], []
        self._is_done = not self._open
        return node.label.tag


def _cell(tag: str, attributes: dict[str, str | None]) -> Cell:
    """A cell. Raises ValueError for a span that is not a number."""
    if tag != "td":
        return Cell(tag)
    return Cell(tag, int(attributes.get("colspan") or 1), int(attributes.get("rowspan") or 1))
