"""Positions of text: grounding, answers with a position, and text spotting. Coordinates run from 0 to 1000."""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from zppo.evals.ocr.answers import contained
from zppo.evals.ocr.fields import read_fields

LIMIT = 1000
IOU = 0.5
"""A spotted word matches the position of a gold word above this."""
DO_NOT_CARE = "###"
"""The text of gold boxes that are ignored."""
_PUNCTUATION = "!?.:,*\"()·[]/'"
_SIDE = r"\s*(\d{1,9})\s*"
_BOX = re.compile(rf"[(\[]{_SIDE},{_SIDE},{_SIDE},{_SIDE}[)\]]")
_ITEM = re.compile(r"[\[(]([^\[\]()]*+)[\])]")


@dataclass(frozen=True)
class Box:
    """Left, top, right, bottom."""

    x1: int
    y1: int
    x2: int
    y2: int

    @property
    def area(self) -> int:
        return (self.x2 - self.x1) * (self.y2 - self.y1)

    def common(self, other: "Box") -> int:
        """The area of the intersection."""
        width = min(self.x2, other.x2) - max(self.x1, other.x1)
        height = min(self.y2, other.y2) - max(self.y1, other.y1)
        return max(0, width) * max(0, height)

    def iou(self, other: "Box") -> float:
        common = self.common(other)
        union = self.area + other.area - common
        return common / union if union > 0 else 0.0


Word = tuple[Box, str]


def grounded(answer: str, gold: Box) -> float:
    """The intersection over union with the last box in the answer."""
    boxes = [Box(*map(int, match.groups())) for match in _BOX.finditer(answer)]
    inside = [box for box in boxes if max(box.x1, box.y1, box.x2, box.y2) <= LIMIT]
    return inside[-1].iou(gold) if inside else 0.0


def answered_with_position(answer: str, golds: Sequence[str], gold: Box) -> float:
    """Half for the text under `answer`, half for the box under `bbox`."""
    fields = read_fields(answer)
    text = contained(fields["answer"], golds) if "answer" in fields else 0.0
    box = as_box(_literal(fields.get("bbox", "")))
    return 0.5 * text + 0.5 * (box.iou(gold) if box else 0.0)


def spotted(answer: str, gold: Sequence[Word]) -> float:
    """Harmonic mean of precision and recall of words with the right position and text (ICDAR 2015)."""
    found = [(box, text) for box, text in read_words(answer) if box.x1 < box.x2 and box.y1 < box.y2]
    if not found or not gold:
        return 0.0
    ignored = [box for box, text in gold if text == DO_NOT_CARE]
    wanted = [word for word in gold if word[1] != DO_NOT_CARE]
    found = [word for word in found if not any(word[0].common(box) / word[0].area > IOU for box in ignored)]
    if not wanted or not found:
        return 0.0
    right = _matches(wanted, found)
    return 2 * right / (len(wanted) + len(found))


def _matches(wanted: Sequence[Word], found: Sequence[Word]) -> int:
    """Number of matches: every gold box takes the first free box over it; a pair counts if the texts agree too."""
    taken: set[int] = set()
    right = 0
    for box, text in wanted:
        for i, (other, said) in enumerate(found):
            if i not in taken and box.iou(other) > IOU:
                taken.add(i)
                right += _same_word(text.upper(), said.upper())
                break
    return right


def _same_word(gold: str, said: str) -> bool:
    """True if the words are equal; punctuation at either end of the gold may be missing."""
    starts, ends = gold[:1] in _PUNCTUATION, gold[-1:] in _PUNCTUATION
    return (
        said == gold
        or (starts and said == gold[1:])
        or (ends and said == gold[:-1])
        or (starts and ends and said == gold[1:-1])
    )


def read_words(answer: str) -> list[Word]:
    """The entries `[x1, y1, x2, y2, text]` of a Python list or of any text, without repetitions."""
    items = _literal(answer.strip())
    if not isinstance(items, list | tuple):
        items = [match[1].strip().split(",", 4) for match in _ITEM.finditer(answer)]
    words = (_word(item) for item in items if isinstance(item, list | tuple) and len(item) >= 5)
    return list(dict.fromkeys(word for word in words if word is not None))


def _word(item: Sequence[Any]) -> Word | None:
    box = as_box(item[:4])
    if box is None or not all(0 <= side <= LIMIT for side in (box.x1, box.y1, box.x2, box.y2)):
        return None
    return box, str(item[4]).replace("\n", "").strip().strip('"').strip("'")


def as_box(value: Any) -> Box | None:
    """Four numbers, also as texts; None for anything else."""
    if not isinstance(value, list | tuple) or len(value) != 4:
        return None
    try:
        return Box(*(int(str(side).strip()) if isinstance(side, str) else int(side) for side in value))
    except (ValueError, TypeError, OverflowError):
        return None


def outline(points: Sequence[Any]) -> Box | None:
    """The box around a polygon of x, y, x, y, ...; None for anything else."""
    try:
        xs, ys = [int(x) for x in points[0::2]], [int(y) for y in points[1::2]]
    except (ValueError, TypeError):
        return None
    return Box(min(xs), min(ys), max(xs), max(ys)) if len(xs) == len(ys) >= 2 else None


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
