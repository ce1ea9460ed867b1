"""Bad rows and odd pictures, by the hundred."""

import base64
import random
from typing import Any

from pictures import GOOD, animation, encoded, greys, picture, png

NOISE = picture(40, 30)
NOISE.putdata([(i * 7 % 256, i * 13 % 256, i * 29 % 256) for i in range(1200)])


def in_rows(**changes: Any) -> list[Any]:
    return [GOOD, {**GOOD, **changes}, {**GOOD, "images": None}]


def cut(content: bytes, pieces: int) -> list[bytes]:
    """Beginnings of a file, but not so much of it that a patient decoder would be content."""
    return [content[: len(content) * i // (pieces + 4)] for i in range(pieces)]


def flipped(content: bytes, seed: int) -> bytes:
    rng, changed = random.Random(seed), bytearray(content)
    for _ in range(5):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def huge(width: int, height: int) -> bytes:
    """A BMP that says it is of this size."""
    content = bytearray(encoded(picture(2, 2), "BMP"))
    content[18:26] = width.to_bytes(4, "little", signed=True) + height.to_bytes(4, "little", signed=True)
    return bytes(content)


WRONG_TYPES: dict[str, list[Any]] = {
    "prompt": [
        5,
        1.5,
        True,
        {},
        {"a": 1},
        [],
        [None],
        [5],
        [[]],
        ["a"],
        [{}],
        [{"role": "user"}],
        "",
        " ",
        "\0a",
        "\ud800",
        "\udfff\ud800",
        [{"role": "user", "content": None}],
        [{"role": "user", "content": 5}],
        [{"role": "user", "content": [None]}],
        [{"role": "user", "content": [{"type": "text"}]}],
        [{"role": "user", "content": [{"type": "text", "text": 5}]}],
        [{"role": "assistant", "content": "a"}],
        [{"role": "user", "content": "a"}] * 2,
        [{"role": "user", "content": []}],
        "x" * 201,
        "\u200b" * 201,
    ],
    "answer": [
        "",
        "  ",
        "\n\t",
        [],
        {},
        {"a": 1},
        [{1}],
        float("nan"),
        float("inf"),
        "\0",
        "\ud83d",
        "x" * 513,
        ["x" * 600],
        b"2",
    ],
    "images": [
        5,
        1.5,
        True,
        {},
        {"a": 1},
        [None],
        [5],
        [[]],
        "",
        [""],
        ["\0"],
        ["\ud800.png"],
        "nowhere.png",
        [{"bytes": None}],
        [{"bytes": None, "path": None}],
        [{"bytes": b"", "path": None}],
        [{"path": "nowhere.png"}],
        ["."],
        ["/"],
        ["/dev/null"],
        ["x" * 5000],
        b"",
        [b"\0"],
        ["file:///etc/passwd"],
    ],
    "videos": [
        5,
        True,
        {},
        [5],
        [None],
        [[]],
        [[None]],
        [{"frames": []}],
        [{"frames": None}],
        [{"frames": "a"}],
        [{"frames": [5]}],
        [{"frames": [png()], "fps": "2"}],
        [{"frames": [png()], "fps": 0}],
        [{"frames": [png()], "fps": -1}],
        [{"frames": [png()], "fps": float("nan")}],
        [{"frames": [png()], "fps": True}],
        [{"frames": [png(), b"x"]}],
        [{"frames": [png(8), png(9)]}],
        "nowhere.mp4",
        [b""],
        [b"\0" * 100],
        [png()[:40]],
        ["."],
    ],
    "options": [5, 1.5, True, "a", [None], [[]], [{}], {"A": []}, {"A": {}}, {"A": True}, [True], ["\ud800"], ["\0"]],
    "id": [1.5, True, [], ["a"], {}, {"a": 1}, "", "\0", "\ud800", b"a"],
    "answer_type": [5, [], ["math"], {}, True, "\ud800", "\0"],
    "source": [5, [], ["web"], {}, True, "\udc00", "\0"],
    "anything": ["\ud800", "\0", {"a": ["\ud800"]}, {"\0": 1}],
}
NO_ROWS = [5, 1.5, True, None, "a", [], ["prompt"], [GOOD], b"x"]
MARKED = {  # markers, and how many images and videos they go with
    "<image>": (1, 0),
    "<image> <image>": (2, 0),
    "<video>": (0, 1),
    "<image> <video>": (1, 1),
    "<image 1>": (1, 0),
    "<image 1> <image 1>": (1, 0),
    "<image 2> <image 1>": (2, 0),
    "<video 1>": (0, 1),
    "<image 2>": None,
    "<image 0>": None,
    "<image 9999>": None,
    "<image 1> <image>": None,
}
MARKERS = [
    (f"{markers} what?", images, videos)
    for markers, right in MARKED.items()
    for images in range(4)
    for videos in range(2)
    if images + videos and (images, videos) != right
]
ENCODED = {
    "PNG": encoded(NOISE),
    "JPEG": encoded(NOISE, "JPEG"),
    "GIF": encoded(NOISE, "GIF"),
    "WEBP": encoded(NOISE, "WEBP"),
    "BMP": encoded(NOISE, "BMP"),
    "TIFF": encoded(NOISE, "TIFF"),
}
CUT = [(kind, piece) for kind, whole in ENCODED.items() for piece in cut(whole, 24 if kind in ("PNG", "JPEG") else 6)]
SIZES = [huge(w, h) for w, h in ((2_000, 2_000), (100_000, 100_000), (2**31 - 1, 2), (2, 2**31 - 1), (1, 1), (1, 500))]
DATA_URLS = [
    f"data:image/png;base64,{code}" for code in ("", "#", "AAA", "AAAA", base64.b64encode(png()).decode()[:40])
]
DATA_URLS += [
    "data:",
    "data:,",
    "data:image/png",
    "data:image/png;base64",
    "data:text/plain,hello",
    "data:\0;base64,AAAA",
]
URLS = ["http://", "https://host/a.png", "http://[::1", "https://\ud800/a.png", "HTTP://host/a.png", "ftp://host/a.png"]
BAD_ROWS: list[Any] = [
    *(in_rows(**{column: value}) for column, values in WRONG_TYPES.items() for value in values),
    *([GOOD, row, GOOD] for row in NO_ROWS),
    *(in_rows(prompt=p, images=[png()] * i, videos=[[png()]] * v) for p, i, v in MARKERS),
    *(in_rows(images=[piece]) for _, piece in CUT),
    *(in_rows(images=[content]) for content in SIZES),
    *(in_rows(images=[url]) for url in DATA_URLS + URLS),
]
ODD_BUT_GOOD = {
    "CMYK JPEG": encoded(picture(mode="CMYK", colour=(0, 9, 99, 0)), "JPEG"),
    "animated GIF": animation(greys(5)),
    "animated WebP": animation(greys(5), kind="WEBP"),
    "palette": encoded(NOISE.quantize(16)),
    "one bit": encoded(NOISE.convert("1")),
    "grey": encoded(NOISE.convert("L")),
    "alpha": encoded(NOISE.convert("RGBA")),
    "grey alpha": encoded(NOISE.convert("LA")),
    "16 bits": encoded(NOISE.convert("I;16")),
    "progressive": encoded(NOISE, "JPEG", progressive=True),
    "interlaced in name only": {"bytes": png(), "path": "wrong.jpg"},
    "thin": png(2, 400),
}
