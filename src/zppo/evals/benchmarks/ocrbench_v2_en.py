"""OCRBench v2, the English part: 7,400 questions of 21 tasks, each task with its own metric (`zppo.evals.ocr`).

The score is the unweighted mean of eight categories, as the authors compute it; the mean over rows is `micro`.
"""

import ast
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from zppo.errors import DataError
from zppo.evals.aggregates import macro
from zppo.evals.asking import ask, filled, plain
from zppo.evals.benchmark import Benchmark, Data, Item, Row, Scored
from zppo.evals.media import image
from zppo.evals.ocr import boxes
from zppo.evals.ocr.fields import gold_fields
from zppo.evals.ocr.scoring import CATEGORIES, CATEGORIES_ZH, ESSAY, NO_METHOD, SCORERS
from zppo.evals.rules import final_answer, final_text
from zppo.rewards.graded import shown

METHODS = (NO_METHOD, "multiple choice", "case sensitive")
COUNTING = ("exact match", "regression")
_CATEGORY = {task: name for part in (CATEGORIES, CATEGORIES_ZH) for name, tasks in part.items() for task in tasks}


def items(row: Row) -> list[Item]:
    return items_of(row, " en")


def items_of(row: Row, language: str) -> list[Item]:
    """Items of a row; none if it is in the other language, as one dataset holds both."""
    task = str(row["type"])
    if task not in SCORERS:
        raise DataError(f"{row.where}: unknown task {task!r} in column 'type'")
    golds = filled(row["answers"])
    if not task.endswith(language) or (task == "text translation cn" and not golds):
        return []
    gold = {"task": task, "answers": golds, "eval": _method(row, task)} | _read(row, task, golds)
    answer = " or ".join(golds or filled(row["content"] or []))
    question = ask(row, row["id"], plain(row["question"]), answer, media=[image(row, "image")])
    return [Item(question, gold, {"category": _CATEGORY[task], "task": task})]


def score(item: Item, response: str) -> Scored:
    task = item.gold["task"]
    # LaTeX is compared as LaTeX; everything else as text, without the box's markup.
    said = final_answer(response) if task.startswith("formula") else final_text(response)
    value = SCORERS[task](said, item.gold)
    return Scored(value, f"{task}: {value:.2f} for {shown(said)}", said)


def _method(row: Row, task: str) -> str:
    method, known = str(row["eval"]), COUNTING if task == "text counting en" else METHODS
    if method not in known:
        raise DataError(f"{row.where}: column 'eval' of {task!r} should be one of {', '.join(known)}, not {method!r}")
    return method


def _read(row: Row, task: str, golds: Sequence[str]) -> dict[str, Any]:
    """Data of a task's scorer beside the answers. Raises DataError if the row lacks them."""
    if not golds and task != "text spotting en":
        raise DataError(f"{row.where}: column 'answers' is empty")
    reader = _READERS.get(task)
    try:
        return dict(reader(row, golds)) if reader else {}
    except (ValueError, TypeError, SyntaxError) as error:
        raise DataError(f"{row.where}: the gold of {task!r} cannot be read ({error})") from None


def _read_table(row: Row, golds: Sequence[str]) -> Mapping[str, Any]:
    asked = str(row["question"]).lower()
    if "html" not in asked and "markdown" not in asked:
        raise ValueError("the question asks for neither HTML nor Markdown")
    return {"markdown": "html" not in asked}


def _read_chart(row: Row, golds: Sequence[str]) -> Mapping[str, Any]:
    try:
        chart = json.loads(golds[0])
    except ValueError:
        chart = ast.literal_eval(golds[0])
    if not isinstance(chart, dict):
        raise ValueError("it is no dictionary")
    return {"chart": chart}


def _read_counts(row: Row, golds: Sequence[str]) -> Mapping[str, Any]:
    if row["eval"] == "regression":
        [int(gold) for gold in golds]
    return {}


def _read_grounding(row: Row, golds: Sequence[str]) -> Mapping[str, Any]:
    """The gold box, from the list of answers or the one answer."""
    return _box(golds if len(golds) > 1 else ast.literal_eval(golds[0]))


def _box(value: Any) -> Mapping[str, Any]:
    box = boxes.as_box(value)
    if box is None:
        raise ValueError(f"{value!r} is not four numbers")
    return {"box": [box.x1, box.y1, box.x2, box.y2]}


def _read_words(row: Row, golds: Sequence[str]) -> Mapping[str, Any]:
    outlines, texts = row["bbox_list"] or [], row["content"] or []
    if not outlines or len(outlines) != len(texts):
        raise ValueError(f"{len(outlines)} boxes in 'bbox_list' for {len(texts)} texts in 'content'")
    found = [boxes.outline(points) for points in outlines]
    if None in found:
        raise ValueError("a box in 'bbox_list' is not pairs of x and y")
    return {"words": [[[b.x1, b.y1, b.x2, b.y2], str(t)] for b, t in zip(found, texts, strict=True) if b]}


_READERS: dict[str, Callable[[Row, Sequence[str]], Mapping[str, Any]]] = {
    "table parsing en": _read_table,
    "table parsing cn": lambda row, golds: {"markdown": False},
    "chart parsing en": _read_chart,
    "text counting en": _read_counts,
    "text grounding en": _read_grounding,
    "VQA with position en": lambda row, golds: _box(row["bbox"]),
    "text spotting en": _read_words,
    "handwritten answer extraction cn": lambda row, golds: {"essay": ESSAY in str(row["question"])},
    **dict.fromkeys(
        ("key information extraction en", "key information mapping en", "key information extraction cn"),
        lambda row, golds: {"fields": gold_fields(golds[0])},
    ),
}

DATA = Data(
    hub_ids=("ling99/OCRBench_v2",),
    splits=("test",),
    columns={
        "id": "int",
        "question": "str",
        "type": "str",
        "answers": "list",
        "image": "image",
        "eval": "str",
        "bbox": "list|null",
        "bbox_list": "list|null",
        "content": "list|null",
    },
    rows=10000,
    unverified=("the values of `eval` row by row",),
)

BENCHMARK = Benchmark(
    slug="ocrbench_v2_en",
    abbr="OCREN",
    name="OCRBench v2 (English)",
    family="vlm",
    protocol="deterministic",
    data=DATA,
    items=items,
    score=score,
    aggregate=macro("category", "task"),
)
