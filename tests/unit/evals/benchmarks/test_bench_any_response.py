"""Whatever a model says, a benchmark scores it or leaves it to the judge; it never fails."""

import importlib.util
from typing import Any

import pytest
from benchrows import PICTURE, item_of
from hypothesis import given, settings
from hypothesis import strategies as st

from zppo.evals.benchmark import Benchmark, Item
from zppo.evals.benchmarks import BENCHMARKS
from zppo.evals.ocr.scoring import SCORERS, page

HAS_PAGES = all(importlib.util.find_spec(package) for package in ("nltk", "jieba"))
PIECES = [
    *("<table>", "<tr>", "<td>", "</td>", "</tr>", "</table>", "<td colspan=2>", "<td colspan='x'>", "<br>", "<![foo["),
    *("<!--", "&amp;", "&#9999999999;", "<b>", "</b>", "<", ">", "|", "|---|", "\n", "# ", "```json\n", "\n```", "```"),
    *("{", "}", "[", "]", "(", ")", '"', "'", ":", ",", "\\", "\\boxed{", "\\text{", "\\frac{", "$", "<think>"),
    *("</think>", "answer", "bbox", "1", "-1", "1e999", "9" * 5000, "nan", "None", "True", "π", "½", "٣", "\x00"),
    *("yes", "A", "B. ", "3,4", "rows=", "简答", "\ud800", " ", "🙂", "=", "#", "data = "),
]
RESPONSES = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)
LONG = [
    "[" * 20000,
    "(" * 20000,
    "{" * 20000,
    " " * 40000,
    "[" + " " * 40000,
    "word " * 9000,
    "9" * 40000,
    "<td>" * 5000,
    "<div>" * 5000,
    "| a " * 5000,
    "\\boxed{" * 5000,
]

ANSWERS = {
    "chart parsing en": ['{"a": "1"}'],
    "key information extraction en": ['{"a": "1"}'],
    "key information mapping en": ['{"a": "1"}'],
    "key information extraction cn": ['{"a": "1"}'],
    "text grounding en": ["1", "2", "3", "4"],
    "text counting en": ["3"],
    "table parsing en": ["<table><tr><td>a</td></tr></table>"],
    "table parsing cn": ["<table><tr><td>a</td></tr></table>"],
}


def ocr_item(task: str) -> tuple[Benchmark, Item]:
    answers = ANSWERS.get(task, ["three words here"])
    row: dict[str, Any] = {"id": 1, "question": "As HTML?", "type": task, "answers": answers}
    row |= {"image": PICTURE, "eval": "regression" if task == "text counting en" else "None", "bbox": [1, 2, 3, 4]}
    row |= {"bbox_list": [[1, 2, 30, 40]], "content": ["word"]}
    benchmark = BENCHMARKS["ocrbench_v2_en" if task.endswith("en") else "ocrbench_v2_zh"]
    return benchmark, item_of(benchmark, row)


def blind_item(task: str, gold: str) -> tuple[Benchmark, Item]:
    row = {"task": task, "image": PICTURE, "prompt": "How many?", "groundtruth": gold, "metadata": ""}
    return BENCHMARKS["vlms_are_blind"], item_of(BENCHMARKS["vlms_are_blind"], row)


def vista_item(kind: str, gold: str) -> tuple[Benchmark, Item]:
    row = {
        "pid": "1",
        "question": "How many?",
        "decoded_image": PICTURE,
        "choices": None,
        "unit": None,
        "precision": 1.0,
    }
    row |= {"answer": gold, "question_type": "free_form", "answer_type": kind, "metadata": {}}
    return BENCHMARKS["mathvista"], item_of(BENCHMARKS["mathvista"], row)


CASES = {task: ocr_item(task) for task in SCORERS if HAS_PAGES or SCORERS[task] is not page}
CASES |= {"grid": blind_item("Counting Grid - Word Grids", "3,4"), "touching": blind_item("Touching Circles", "Yes")}
CASES |= {
    f"vista {kind}": vista_item(kind, gold) for kind, gold in (("integer", "3"), ("float", "3.1"), ("list", "[3]"))
}


def check(case: str, response: str) -> None:
    benchmark, item = CASES[case]
    said = benchmark.score(item, response)
    if said is None:
        assert benchmark.protocol != "deterministic"
    else:
        assert said.score is not None
        assert 0 <= said.score <= 1


@pytest.mark.parametrize("case", CASES)
@settings(max_examples=15)
@given(response=RESPONSES, is_boxed=st.booleans())
def test_any_response_is_scored(case: str, response: str, is_boxed: bool) -> None:
    check(case, f"\\boxed{{{response}}}" if is_boxed else response)


@pytest.mark.parametrize("case", CASES)
def test_long_nonsense_is_scored(case: str) -> None:
    for response in LONG:
        check(case, response)
