"""Images of rows: they are found where they lie and decoded when they are shown."""

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from zppo.errors import DataError
from zppo.evals.benchmark import NoFiles, Row
from zppo.evals.media import beside, image, is_empty


class Beside(NoFiles):
    """Files in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def find(self, name: str) -> Path | None:
        path = self.root / name
        return path if path.is_file() else None

    def names(self, folder: str) -> list[str]:
        return sorted(str(p.relative_to(self.root)) for p in (self.root / folder).rglob("*") if p.is_file())


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (3, 2), "blue").save(file, "PNG")
    return file.getvalue()


def row(value: Any, files: Any = None) -> Row:
    return Row({"image": value}, 0, "default", "test", "bench, row 0", files or NoFiles())


@pytest.mark.parametrize(
    "value",
    [
        png(),
        {"bytes": png(), "path": "anything.png"},
        "data:image/png;base64," + base64.b64encode(png()).decode(),
        Image.new("RGB", (3, 2), "blue"),
    ],
)
def test_an_image_in_the_row_is_decoded(value: Any) -> None:
    medium = image(row(value), "image")
    assert (medium.kind, medium.name) == ("image", "bench, row 0, image")
    loaded = medium.load()
    assert (loaded.size, loaded.getpixel((0, 0))) == ((3, 2), (0, 0, 255))


@pytest.mark.parametrize("value", ["images/a.png", {"bytes": None, "path": "images/a.png"}])
def test_an_image_beside_the_rows_is_found_there(value: Any, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images/a.png").write_bytes(png())
    assert image(row(value, Beside(tmp_path)), "image").load().size == (3, 2)
    with pytest.raises(DataError, match=r"bench, row 0: the file 'images/a.png' is missing from the benchmark's data"):
        image(row(value), "image").load()


def test_a_broken_image_names_the_row() -> None:
    with pytest.raises(DataError, match="bench, row 0, image"):
        image(row({"bytes": png()[:20], "path": None}), "image").load()


@pytest.mark.parametrize(
    ("value", "empty"), [(None, True), ("", True), ({"bytes": None, "path": None}, True), ({"path": "a.png"}, False)]
)
def test_no_image_is_null_or_empty_or_a_struct_of_nothing(value: Any, empty: bool) -> None:
    assert is_empty(value) == empty


def test_a_file_is_found_in_a_deeper_folder_and_by_the_first_name_that_is_there(tmp_path: Path) -> None:
    for name in ("chunk/data/a.mkv", "other/a.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    there = row("", Beside(tmp_path))
    assert beside(there, "data/a.mp4", "data/a.mkv") == "chunk/data/a.mkv"
    with pytest.raises(DataError, match=r"the file 'data/b.mp4' is missing"):
        beside(there, "data/b.mp4")
