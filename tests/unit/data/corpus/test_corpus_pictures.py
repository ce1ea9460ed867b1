"""Which images are used, and which are the same."""

import io
import random
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sourceworld import picture

from zppo.data.corpus.pictures import examine
from zppo.data.corpus.reasons import Excluded


def outcome(data: bytes, min_side: int) -> str:
    try:
        examine(data, min_side)
    except Excluded as excluded:
        return excluded.reason
    return "read"


def reason(data: bytes) -> str:
    with pytest.raises(Excluded) as error:
        examine(data, 100)
    return error.value.reason


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    made = io.BytesIO()
    image.save(made, form, **options)
    return made.getvalue()


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "GIF", "JPEG", "MPO", "PPM", "WEBP"])
def test_images_of_all_common_formats_are_read(form: str) -> None:
    found = examine(saved(Image.new("RGB", (120, 100), "red"), form), 100)
    assert (found.width, found.height) == (120, 100)


@pytest.mark.parametrize("form", ["BMP", "TIFF"])
def test_the_same_pixels_in_another_file_format_are_the_same_picture(form: str) -> None:
    assert examine(picture(3), 100).digest == examine(picture(3, form=form), 100).digest


def test_other_pixels_and_other_shapes_are_other_pictures() -> None:
    digests = {examine(data, 100).digest for data in (picture(1), picture(2), picture(1, 224, 100))}
    tall, wide = (Image.new("RGB", size, "red") for size in ((100, 200), (200, 100)))
    digests |= {examine(saved(image, "PNG"), 100).digest for image in (tall, wide)}
    assert len(digests) == 5


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "CMYK", "I;16", "LA"])
def test_images_of_every_mode_are_read(mode: str) -> None:
    form = "TIFF" if mode == "CMYK" else "PNG"
    assert examine(saved(Image.new(mode, (100, 100)), form), 100).width == 100


def test_an_animation_is_its_first_frame() -> None:
    frames = [Image.new("RGB", (100, 100), color) for color in ("red", "blue")]
    moving = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert examine(moving, 100).digest == examine(saved(frames[0], "GIF"), 100).digest


def test_the_shortest_side_is_inclusive() -> None:
    assert examine(picture(0, 100, 100), 100)
    assert reason(picture(0, 99, 500)) == "image_small"
    assert reason(picture(0, 500, 99)) == "image_small"


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_decompression_bomb_is_refused_by_its_header() -> None:
    whole = picture(0)
    for side in (10_000, 20_000):
        header = b"IHDR" + struct.pack(">II", side, side) + whole[24:29]
        assert reason(whole[:12] + header + struct.pack(">I", zlib.crc32(header)) + whole[33:]) == "image_large"


def test_no_bytes_are_no_image() -> None:
    assert reason(b"") == "image_missing"


def test_what_the_student_cannot_read_is_no_image() -> None:
    assert reason(saved(Image.new("RGB", (100, 100)), "AVIF")) == "image_unreadable"


def test_a_picture_is_as_the_student_sees_it() -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    found = examine(saved(Image.new("RGB", (200, 100)), "JPEG", exif=turned), 100)
    assert (found.width, found.height) == (100, 200)


def test_postscript_is_never_started() -> None:
    assert reason(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 200 200\nshowpage\n") == "image_unreadable"


def test_a_truncated_png_is_dropped_wherever_it_ends() -> None:
    pixels = random.Random(0).randbytes(100 * 100 * 3)
    whole = saved(Image.frombytes("RGB", (100, 100), pixels), "PNG")
    for length in range(1, len(whole) - 20, 997):
        assert reason(whole[:length]) == "image_unreadable"


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@settings(max_examples=150)
@given(
    st.binary(max_size=300), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"II*\0", b"RIFF"])
)
def test_arbitrary_bytes_are_a_picture_or_excluded_with_a_reason(data: bytes, start: bytes) -> None:
    assert outcome(start + data, 1) in ("read", "image_missing", "image_unreadable", "image_large", "image_thin")


@settings(max_examples=150)
@given(st.integers(0, 10_000), st.integers(1, 255))
def test_with_a_damaged_byte_it_is_a_picture_or_excluded_with_a_reason(at: int, mask: int) -> None:
    data = bytearray(picture(1))
    data[at % len(data)] ^= mask
    assert outcome(bytes(data), 100) in ("read", "image_unreadable", "image_large", "image_small", "image_thin")
