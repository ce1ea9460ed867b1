"""Boxes in an image (`answer_type: box`): right when the intersection over union reaches a threshold."""

import re
from dataclasses import dataclass

from zppo.rewards.graded import Graded, column, refuse, shown
from zppo.rewards.plain import as_text
from zppo.types import Question

IOU = 0.5
"""Threshold where the question has no column `iou`."""
_NUMBER = r"\s*([+-]?(?:[0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9}))\s*"
_POINT = rf"[\[(]?{_NUMBER},{_NUMBER}[\])]?"
_REGION = re.compile(rf"[\[(]?\s*{_POINT}\s*,\s*{_POINT}\s*[\])]?")


@dataclass(frozen=True)
class Region:
    """Left, top, right, bottom, in the unit of the question."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def area(self) -> float:
        return max(0.0, self.x2 - self.x1) * max(0.0, self.y2 - self.y1)


@dataclass(frozen=True)
class Target:
    region: Region
    threshold: float


def read_region(question: Question) -> Target:
    region = region_in(question.answer)
    if region is None or not region.area:
        refuse(question, f"the answer {question.answer!r} is no box; write [x1, y1, x2, y2] with x1 < x2 and y1 < y2")
    meaning = "the least intersection over union of a right answer, in (0, 1]"
    return Target(region, column(question, "iou", IOU, lambda value: 0 < value <= 1, meaning))


def compare_region(gold: Target, box: str) -> Graded:
    region = region_in(box)
    if region is None:
        return Graded(0.0, f"{shown(box)} is not four numbers x1, y1, x2, y2", box)
    overlap = iou(region, gold.region)
    enough = overlap >= gold.threshold
    said = f"IoU {overlap:.2f} {'reaches' if enough else 'is below'} {gold.threshold:g}"
    return Graded(float(enough), said, box)


def region_in(text: str) -> Region | None:
    """`[1, 2, 3, 4]`, with other brackets or without any, also as two points: `(1, 2), (3, 4)`."""
    match = _REGION.fullmatch(as_text(text))
    return None if match is None else Region(*map(float, match.groups()))


def iou(a: Region, b: Region) -> float:
    """Intersection over union, in [0, 1]; 0 when both are empty. A region with its corners swapped is empty."""
    common = Region(max(a.x1, b.x1), max(a.y1, b.y1), min(a.x2, b.x2), min(a.y2, b.y2)).area
    union = a.area + b.area - common
    return min(1.0, common / union) if common and union > 0 else 0.0
