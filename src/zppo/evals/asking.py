"""Conversion of a row's texts and media to a `Question`: rows -> **asking** -> items."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from zppo.errors import DataError
from zppo.evals.benchmark import Row
from zppo.types import MEDIA_MARK, Media, Question

_NUMBERED = re.compile(r"<image\s*([0-9]+)>", re.IGNORECASE)


def plain(text: object) -> str:
    """A text of the dataset without the character that marks a medium."""
    return str(text).replace(MEDIA_MARK, "").replace("\r\n", "\n").strip()


def filled(texts: Sequence[object]) -> list[str]:
    """The texts of a column that are neither null nor empty."""
    return [plain(text) for text in texts if text is not None and plain(text)]


def ask(
    row: Row,
    identity: object,
    text: str,
    answer: object,
    fields: Mapping[str, Any] | None = None,
    media: Sequence[Media] = (),
) -> Question:
    """A question with `media` first, each on its own line, unless `text` holds their marks already.

    Raises DataError for a question without text, for one without an answer (if the answers of a split are withheld,
    no score would be valid), and for one that does not mark its media.
    """
    text = text.strip()
    if MEDIA_MARK not in text:
        text = f"{MEDIA_MARK}\n" * len(media) + text
    if not text.replace(MEDIA_MARK, "").strip():
        raise DataError(f"{row.where}: the question is empty")
    if not str(answer).strip():
        raise DataError(f"{row.where}: the answer is empty; the answers of this split may be withheld")
    if text.count(MEDIA_MARK) != len(media):
        raise DataError(f"{row.where}: {len(media)} images and videos for {text.count(MEDIA_MARK)} places in the text")
    return Question(str(identity), text, str(answer).strip(), fields or {}, tuple(media))


def numbered_images(text: str) -> list[int]:
    """The numbers N of the tokens `<image N>`, each once, in order of appearance."""
    return list(dict.fromkeys(int(match[1]) for match in _NUMBERED.finditer(text)))


def place_images(text: str) -> str:
    """Replace the first `<image N>` of each N by a mark, later ones by the words `image N`."""
    seen: set[int] = set()

    def place(match: re.Match[str]) -> str:
        number = int(match[1])
        if number in seen:
            return f"image {number}"
        seen.add(number)
        return MEDIA_MARK

    return _NUMBERED.sub(place, text)


def without_image_tokens(text: str) -> str:
    """Text for questions whose images were drawn into one: a lone `<image1>` is removed, several become `image 2`."""
    if len(numbered_images(text)) < 2:
        return _NUMBERED.sub("", text).strip()
    return _NUMBERED.sub(r"image \1", text)
