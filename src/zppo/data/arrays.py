"""Rows of a JSON array, compact or pretty-printed, found by their byte offsets like those of other text files."""

import mmap
import re
from array import array
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zppo.data.lines import JsonRows, existing, parsed, slice_of
from zppo.errors import DataError

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[][{},]', re.DOTALL)
"""A text, or what opens, closes or parts values. The rest (numbers, spaces) does not matter for finding rows."""
_SPACE = b" \t\r\n"


class ArrayRows:
    """The elements of the array that a file holds, parsed when asked for: 16 bytes of memory each.

    Raises DataError for a file that does not end in the end of its array, and for an element that is not JSON.
    """

    def __init__(self, path: Path) -> None:
        self.path = existing(path)
        self._starts, self._ends = array("q"), array("q")
        with self.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            end = self._find(content)
            if end is None or content[end:].strip(_SPACE):
                raise DataError(f"{path}: not a whole JSON array; after its element {len(self)} something is wrong")

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, index: int) -> Any:
        element = slice_of(self.path, self._starts[index], self._ends[index])
        return parsed(element, f"{self.path}, row {self.number(index)}")

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

    def number(self, index: int) -> int:
        """The place of a row in the array, from 1."""
        return index + 1

    def _find(self, content: mmap.mmap) -> int | None:
        """Note where elements begin and end; returns the end of the array, None if it has none."""
        depth, start = 0, 0
        for token in _TOKEN.finditer(content):
            mark = token[0]
            depth += (mark in (b"[", b"{")) - (mark in (b"]", b"}"))
            if depth == 1 and mark == b"[":
                start = token.end()
            elif (depth == 1 and mark == b",") or depth == 0:
                if mark == b"," or self._starts or content[start : token.start()].strip(_SPACE):
                    self._starts.append(start)
                    self._ends.append(token.start())
                start = token.end()
            if depth == 0:
                return token.end()
        return None


def json_file(path: Path) -> JsonRows | ArrayRows:
    """The rows of a `.json` file: of the array that it holds, or one to a line."""
    with existing(path).open("rb") as file:
        begun = file.read(2**16).removeprefix(BOM_UTF8).lstrip(_SPACE)
    return ArrayRows(path) if begun.startswith(b"[") else JsonRows(path)
