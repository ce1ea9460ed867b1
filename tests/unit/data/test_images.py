"""Whatever a row holds for an image becomes an upright RGB picture, or an error that names it."""

import base64
import io
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import encoded, picture, png
from PIL import Image

from zppo.config import DataConfig
from zppo.data.images import as_rgb
from zppo.data.media import media_from, shape_of
from zppo.errors import ConfigError, DataError


def load(value: Any, folder: Path = Path(), **options: Any) -> Any:
    return media_from(value, "image", "it", folder, DataConfig(**options)).load()


def pixel(image: Image.Image) -> Any:
    assert image.mode == "RGB"
    return image.getpixel((0, 0))


def data_url(content: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


@pytest.mark.parametrize(
    "value",
    [
        png(),
        bytearray(png()),
        {"bytes": png(), "path": None},
        {"bytes": png(), "path": "a.png"},
        picture(),
        data_url(png()),
    ],
)
def test_every_form_of_an_image_is_read(value: Any) -> None:
    assert pixel(load(value)) == (255, 0, 0)


@pytest.mark.parametrize("value", ["a b.png", Path("a b.png"), {"bytes": None, "path": "a b.png"}])
def test_a_path_is_relative_to_the_folder_of_its_file(value: Any, tmp_path: Path) -> None:
    picture().save(tmp_path / "a b.png")
    assert load(value, tmp_path).size == (8, 6)
    assert load(str(tmp_path / "a b.png"), Path("elsewhere")).size == (8, 6)


def test_an_image_is_decoded_anew_each_time(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.png")
    medium = media_from("a.png", "image", "a.png", tmp_path)
    medium.load().putpixel((0, 0), (1, 2, 3))
    assert pixel(medium.load()) == (255, 0, 0)


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(picture(8, 6), "JPEG", exif=exif)


@pytest.mark.parametrize(("orientation", "size"), [(1, (8, 6)), (3, (8, 6)), (6, (6, 8)), (8, (6, 8))])
def test_an_image_is_turned_as_its_exif_says(orientation: int, size: tuple[int, int]) -> None:
    medium = media_from(turned(orientation), "image", "it")
    assert medium.load().size == size == shape_of(medium).size
    assert shape_of(medium).frames == 1


CLEAR = (0, 0, 255, 0)


@pytest.mark.parametrize(
    ("content", "colour"),
    [
        (encoded(picture(colour=CLEAR, mode="RGBA")), (255, 255, 255)),
        (encoded(picture(colour=(0, 0, 0, 128), mode="RGBA")), (127, 127, 127)),
        (encoded(picture(colour=(0, 0), mode="LA")), (255, 255, 255)),
        (encoded(picture(colour=0, mode="P"), transparency=0), (255, 255, 255)),
        (encoded(picture(colour=1, mode="1")), (255, 255, 255)),
        (encoded(picture(colour=77, mode="L")), (77, 77, 77)),
        (encoded(Image.fromarray(np.full((6, 8), 77 * 256 + 5, np.uint16))), (77, 77, 77)),
        (encoded(Image.fromarray(np.full((6, 8), 77 * 256 + 5, np.int32)), "TIFF"), (77, 77, 77)),
        (encoded(picture(colour=(0, 0, 0, 255), mode="CMYK"), "TIFF"), (0, 0, 0)),
        (encoded(picture(colour="red"), "GIF", save_all=True, append_images=[picture(colour="blue")]), (255, 0, 0)),
        (encoded(picture(colour="red"), "BMP"), (255, 0, 0)),
        (encoded(picture(colour="red"), "WEBP", lossless=True), (255, 0, 0)),
    ],
)
def test_every_mode_becomes_rgb(content: bytes, colour: tuple[int, int, int]) -> None:
    assert pixel(load(content)) == colour


def test_a_cmyk_jpeg_is_read() -> None:
    image = load(encoded(picture(colour=(0, 255, 255, 0), mode="CMYK"), "JPEG"))
    red, green, blue = pixel(image)
    assert red > 200 and green < 60 and blue < 60


def test_an_rgb_image_is_not_changed() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    assert (np.asarray(as_rgb(Image.fromarray(noise))) == noise).all()


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("nowhere.png", "there is no such file: nowhere.png"),
        ("", "it is str, not a path"),
        (".", "there is no such file"),
        ("a\0b", "no such file|is no path"),
        (5, "it is int, not a path, bytes or a picture"),
        (None, "it is NoneType"),
        ({"bytes": None, "path": None}, "it is NoneType"),
        ({"url": "a"}, "it is dict"),
        (b"", r"it is no image of a known kind \(PNG, JPEG, GIF, WEBP, BMP, TIFF, PPM\)$"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "it is no image"),
        (png()[:-28], "it cannot be decoded"),
        ("data:image/png,abc", "a data URL must be base64"),
        ("data:image/png;base64,###", "its base64 is broken"),
        ("data:image/png;base64,AAAA", "it is no image"),
        ("https://host/a.png", "https://host/a.png is a URL; set data.allow_urls to fetch it"),
    ],
)
def test_what_is_no_image_is_named(value: Any, problem: str) -> None:
    with pytest.raises(DataError, match=f"^image it: .*({problem})"):
        load(value)


def test_a_damaged_file_may_still_have_a_head() -> None:
    medium = media_from(png()[:-28], "image", "it")
    assert shape_of(medium).size == (8, 6)


def bomb(width: int, height: int) -> bytes:
    """A PNG that says it is of this size."""
    content = bytearray(png(1, 1))
    content[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    import zlib

    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    return bytes(content)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("value", "options", "problem"),
    [
        (bomb(100_000, 100_000), {}, "it is too large"),
        (bomb(10_000, 9_000), {}, "it is 10000x9000 pixels; data.max_image_pixels is 89478485"),
        (png(10, 10), {"max_image_pixels": 99}, "it is 10x10 pixels; data.max_image_pixels is 99"),
        (png(100, 9), {"min_image_side": 10}, "it is 100x9 pixels; data.min_image_side is 10"),
        (picture(1, 1), {"min_image_side": 2}, "it is 1x1 pixels"),
    ],
)
def test_an_image_that_is_too_large_or_too_small_is_refused(value: Any, options: Any, problem: str) -> None:
    for read in (media_from(value, "image", "it", Path(), DataConfig(**options)).load,
                 partial(shape_of, media_from(value, "image", "it", Path(), DataConfig(**options)))):  # fmt: skip
        with pytest.raises(DataError, match=problem):
            read()


def test_a_bound_above_pillows_own_is_refused() -> None:
    with pytest.raises(ConfigError, match="at most 178956970"):
        DataConfig(max_image_pixels=178_956_971)


@pytest.fixture
def site() -> Iterator[str]:
    """Serves a picture at /a.png, and nothing else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/a.png" else 404)
            self.end_headers()
            self.wfile.write(png())

        def log_message(self, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_url_is_fetched_if_that_is_allowed(site: str) -> None:
    assert load(f"{site}/a.png", allow_urls=True).size == (8, 6)
    with pytest.raises(DataError, match=r"/b\.png could not be fetched \(HTTPError: HTTP Error 404"):
        load(f"{site}/b.png", allow_urls=True)


def test_a_picture_of_the_caller_is_left_open() -> None:
    mine = Image.open(io.BytesIO(png()))
    assert shape_of(media_from(mine, "image", "it")).size == (8, 6)
    assert load(mine).size == (8, 6) and mine.load() is not None
