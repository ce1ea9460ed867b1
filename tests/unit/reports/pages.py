"""A report as a parser sees it."""

import re
from html.parser import HTMLParser
from pathlib import Path

VOID = ("meta", "br", "link", "img", "input", "hr")


class Page(HTMLParser):
    """Elements, ids, attributes that load something, and the text inside every element that has a class."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.source = file.read_text("utf-8")
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.loads: list[str] = []
        self.images: list[str] = []
        self.texts: list[tuple[str, list[str]]] = []
        self._open: list[tuple[str, list[str] | None]] = []
        self.feed(self.source)
        self.close()
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.ids += [values["id"]] if "id" in values and "svg" not in [t for t, _ in self._open] else []
        self.images += [values.get("aria-label", "")] if values.get("role") == "img" else []
        loading = ("src", "href", "xlink:href", "srcset", "action", "data", "poster")
        self.loads += [values[name] for name in loading if name in values]
        if tag not in VOID:
            text: list[str] | None = [] if "class" in values else None
            self._open.append((tag, text))
            if text is not None:
                self.texts.append((values["class"], text))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        opened, _ = self._open.pop()
        assert opened == tag, f"</{tag}> closes <{opened}>"

    def handle_data(self, data: str) -> None:
        for _, text in self._open:
            if text is not None:
                text.append(data)

    def of_class(self, name: str) -> list[str]:
        """The whole text of each element of a class."""
        return ["".join(text) for classes, text in self.texts if name in classes.split()]

    @property
    def words(self) -> str:
        """All text, with single spaces."""
        body = re.sub(r"<style>.*?</style>", " ", self.source, flags=re.DOTALL)
        return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", body))
