"""Media marks in a question: text with `<image>` and `<video>` -> text with one `MEDIA_MARK` for each medium."""

import re
from collections.abc import Collection, Sequence

from zppo.data.dropped import BadRow
from zppo.types import MEDIA_MARK

MARKER = re.compile(r"<(image|video)(?:[ _]?(\d{1,4}))?>")


def placed(text: str, kinds: Sequence[str]) -> tuple[str, list[int]]:
    """The text with a mark for each medium, and the medium (position in `kinds`) of each mark.

    `<image>` and `<video>` stand for the media in their order, `<image 1>` for the first image; a repeated `<image 1>`
    becomes `image 1`. Without markers all media come first, each followed by a newline. Without media, markers are
    plain text (but see `refuse_lost`). Raises BadRow when markers and media do not match.
    """
    found = [(match[1], int(match[2]) if match[2] else None) for match in MARKER.finditer(text)] if kinds else []
    if not found:
        return "".join(f"{MEDIA_MARK}\n" for _ in kinds) + text, list(range(len(kinds)))
    numbered = [(kind, number) for kind, number in found if number is not None]
    if not numbered:
        return MARKER.sub(MEDIA_MARK, text), in_order([kind for kind, _ in found], kinds)
    if len(numbered) < len(found):
        raise BadRow("media markers", "some markers have a number (<image 1>) and others have none (<image>)")
    seen: set[tuple[str, int]] = set()

    def mark(match: re.Match[str]) -> str:
        marker = match[1], int(match[2])
        if marker in seen:
            return f"{marker[0]} {marker[1]}"
        seen.add(marker)
        return MEDIA_MARK

    return MARKER.sub(mark, text), _by_number(numbered, kinds)


def refuse_lost(text: str, kinds: Collection[str]) -> None:
    """Raises BadRow for a text without media but with markers of `kinds`, for which its row has a column."""
    for match in MARKER.finditer(text):
        if match[1] in kinds:
            raise BadRow("media markers", f"the text has {match[0]}, but the row's column of {match[1]}s is empty")


def in_order(markers: Sequence[str], kinds: Sequence[str]) -> list[int]:
    """Medium of each marker (image or video) when both are in the same order. Raises BadRow."""
    media = _of_kind(kinds)
    for kind, positions in media.items():
        if markers.count(kind) != len(positions):
            there = f"the row has {len(positions)} {kind}(s), its text {markers.count(kind)} <{kind}> marker(s)"
            raise BadRow("media markers", there)
    left = {kind: iter(positions) for kind, positions in media.items()}
    return [next(left[kind]) for kind in markers]


def _by_number(markers: Sequence[tuple[str, int]], kinds: Sequence[str]) -> list[int]:
    media, order = _of_kind(kinds), []
    for kind, number in dict.fromkeys(markers):
        positions = media[kind]
        if not 1 <= number <= len(positions):
            raise BadRow("media markers", f"the text has <{kind} {number}>, the row {len(positions)} {kind}(s)")
        order.append(positions[number - 1])
    if len(order) != len(kinds):
        raise BadRow("media markers", f"the row has {len(kinds)} images and videos, its text names {len(order)}")
    return order


def _of_kind(kinds: Sequence[str]) -> dict[str, list[int]]:
    return {kind: [i for i, k in enumerate(kinds) if k == kind] for kind in ("image", "video")}
