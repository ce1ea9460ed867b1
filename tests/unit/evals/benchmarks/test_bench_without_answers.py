"""A row whose answer is withheld or lost is refused: everything would be scored against nothing."""

from typing import Any

import pytest
from benchrows import PICTURE, item_of, row_of

from zppo.errors import DataError
from zppo.evals.asking import ask, filled
from zppo.evals.benchmarks import BENCHMARKS

OLYMPIAD = {"Problem ID": "1", "Problem": "p", "Category": "A"}
EXAM = {"id": "1", "question": "q", "image": "", "answer_type": "exactMatch", "category": "Math"}
PHOTO = {"question_id": "v1_0", "question": "q", "image": PICTURE, "capability": "ocr"}
TALK = {"conversation": [{"role": "user", "content": "hi"}], "pass_criteria": "YES", "axis": "SELF_COHERENCE"}
PAGE = {"questionId": 1, "question": "q", "image": PICTURE}


@pytest.mark.parametrize(
    ("slug", "row"),
    [
        ("imo_answerbench", {**OLYMPIAD, "Short Answer": " "}),
        ("hle", {**EXAM, "answer": ""}),
        ("mm_vet", {**PHOTO, "answer": ""}),
        ("multichallenge", {**TALK, "question_id": "1", "target_question": ""}),
        ("infovqa", {**PAGE, "answers": [None, ""]}),
    ],
)
def test_a_row_without_an_answer_is_refused(slug: str, row: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=rf"{slug}, .* is empty"):
        item_of(BENCHMARKS[slug], row)


def test_no_benchmark_asks_for_nothing() -> None:
    with pytest.raises(DataError, match="row 0: the answer is empty"):
        ask(row_of(BENCHMARKS["hle"], {**EXAM, "answer": "4"}), "1", "2 + 2?", "\n")


def test_null_is_no_answer() -> None:
    assert filled([None, "", " a ", 0]) == ["a", "0"]
