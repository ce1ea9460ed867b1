"""OCRBench v2, English and Chinese: one data set, thirty tasks, a category each."""

import json
from typing import Any

import pytest
from benchrows import PICTURE, boxed, item_of, items_of

from zppo.errors import ConfigError, DataError
from zppo.evals.benchmarks import BENCHMARKS
from zppo.evals.ocr import scoring
from zppo.evals.ocr.scoring import CATEGORIES, CATEGORIES_ZH, SCORERS
from zppo.types import MEDIA_MARK

EN, ZH = BENCHMARKS["ocrbench_v2_en"], BENCHMARKS["ocrbench_v2_zh"]


def row(task: str, question: str, answers: list[str], **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"id": 7, "dataset_name": "some", "question": question, "type": task, "answers": answers}
    return values | {"image": PICTURE, "eval": "None", "bbox": [], "bbox_list": [], "content": []} | changes


def score(values: dict[str, Any], answer: str) -> float:
    """Of a boxed answer."""
    benchmark = EN if values["type"].endswith("en") else ZH
    said = benchmark.score(item_of(benchmark, values), boxed(answer))
    assert said is not None
    assert said.score is not None
    return said.score


def test_ocr_the_question_is_asked_of_the_image_as_it_stands() -> None:
    item = item_of(EN, row("text recognition en", "What does the sign say?", ["STOP", "Stop"]))
    assert item.question.text == f"{MEDIA_MARK}\nWhat does the sign say?"
    assert (item.question.id, item.question.answer) == ("7", "STOP or Stop")
    assert item.group == {"category": "text recognition", "task": "text recognition en"}


def test_ocr_one_data_set_is_split_by_the_end_of_the_type() -> None:
    english, chinese = row("math QA en", "1+1?", ["2"]), row("cognition VQA cn", "谁?", ["我"])
    assert [len(items_of(EN, english)), len(items_of(EN, chinese))] == [1, 0]
    assert [len(items_of(ZH, english)), len(items_of(ZH, chinese))] == [0, 1]


def test_ocr_every_task_has_a_scorer_and_one_category_of_eight_or_five() -> None:
    tasks = [task for part in (CATEGORIES, CATEGORIES_ZH) for group in part.values() for task in group]
    assert (len(CATEGORIES), len(CATEGORIES_ZH), len(tasks)) == (8, 5, 30)
    assert sorted(tasks) == sorted(SCORERS)
    assert [len(part) for part in ([t for t in tasks if t.endswith("en")], [t for t in tasks if t.endswith("cn")])] == [
        21,
        9,
    ]


def test_ocr_a_choice_is_compared_by_letters_where_the_row_says_so() -> None:
    choice = row("science QA en", "Which? A. x B. y", ["B"], eval="multiple choice")
    assert [score(choice, answer) for answer in ("B", "\\text{B}", "(B)", "A", "B and C")] == [1, 1, 1, 0, 0]


def test_ocr_a_missing_method_became_the_text_none_and_means_the_usual_one() -> None:
    plain = row("text recognition en", "Read it.", ["Stop"])
    assert (score(plain, "STOP"), score(plain | {"eval": "case sensitive"}, "STOP")) == (1.0, 0.0)
    with pytest.raises(
        DataError, match="column 'eval' of 'text recognition en' should be one of None, multiple choice"
    ):
        item_of(EN, plain | {"eval": "exact match"})


@pytest.mark.parametrize(("how", "score_of_9"), [("exact match", 0.0), ("regression", 0.9)])
def test_ocr_counts_go_by_the_method_of_the_row(how: str, score_of_9: float) -> None:
    counting = row("text counting en", "How many words?", ["10"], eval=how)
    assert score(counting, "10") == 1.0
    assert score(counting, "9") == pytest.approx(score_of_9)
    with pytest.raises(DataError, match="should be one of exact match, regression, not 'None'"):
        item_of(EN, counting | {"eval": "None"})


def test_ocr_formulas_keep_their_latex() -> None:
    english = row("formula recognition en", "LaTeX?", ["\\frac{a}{b}"])
    assert [score(english, answer) for answer in ("\\frac {a} {b}", "\\frac{b}{a}")] == [1.0, 0.0]
    chinese = row("formula recognition cn", "公式?", ["\\text{若} x \\{ 1 \\}"])
    assert score(chinese, "若x\\{1\\}") == 1.0


TABLE = "<table><tr><td>a</td><td>5%</td></tr></table>"


def test_ocr_tables_are_in_the_format_that_the_question_asks_for() -> None:
    html = row("table parsing en", "Write the table in HTML.", [f"<html><body>{TABLE}</body></html>"])
    assert (score(html, TABLE.replace("%", "\\%")), score(html, "| a | 5% |")) == (1.0, 0.0)
    markdown = row("table parsing en", "Convert it to Markdown.", ["| a | b |\n|---|---|\n| 1 | 2 |"])
    assert score(markdown, "| a | b |\n|---|---|\n| 1 | 2 |") == 1.0
    assert score(row("table parsing cn", "解析表格", [TABLE]), TABLE) == 1.0
    with pytest.raises(DataError, match="the question asks for neither HTML nor Markdown"):
        item_of(EN, row("table parsing en", "Write the table.", [TABLE]))


def test_ocr_golds_that_were_dictionaries_come_as_texts_in_json_or_python() -> None:
    chart = {"title": "Sales", "values": {"2020": "12"}}
    for text in (json.dumps(chart), str(chart)):
        assert (
            score(
                row("chart parsing en", "Convert the chart.", [text]),
                str(chart).replace("{", "\\{").replace("}", "\\}"),
            )
            == 1.0
        )
        assert score(row("chart parsing en", "Convert the chart.", [text]), "12") == 0.0
    fields = {"total": ["30"], "date": ["1 May", "May 1"]}
    for task in ("key information extraction en", "key information mapping en", "key information extraction cn"):
        for text in (json.dumps(fields), str(fields)):
            assert score(row(task, "Extract.", [text]), '{"total": "30", "date": "may 1"}') == 1.0
    with pytest.raises(DataError, match="the gold of 'chart parsing en' cannot be read"):
        item_of(EN, row("chart parsing en", "Convert the chart.", ["[1, 2]"]))


def test_ocr_a_json_object_in_a_box_keeps_its_braces() -> None:
    values = row("key information extraction en", "Extract.", ['{"total": "30"}'])
    for answer in ('{"total": "30"}', '\\{"total": "30"\\}', '\\text{{"total": "30"}}'):
        assert score(values, answer) == 1.0


def test_ocr_documents_are_compared_by_shape() -> None:
    for task in ("document parsing en", "document parsing cn"):
        assert score(row(task, "To Markdown.", ["# A\nx\ny"]), "# A\nx") == pytest.approx(1 - 1 / 5)


def test_ocr_an_answer_with_a_position_is_half_text_and_half_box() -> None:
    values = row("VQA with position en", "Who, and where?", ["Anna"], bbox=[0, 0, 100, 100])
    assert score(values, '{"answer": "Anna", "bbox": [0, 0, 100, 50]}') == 0.75
    with pytest.raises(DataError, match=r"\[1, 2\] is not four numbers"):
        item_of(EN, values | {"bbox": [1, 2]})


@pytest.mark.parametrize("answers", [["0", "0", "100", "100"], ["[0, 0, 100, 100]"]])
def test_ocr_the_box_of_a_grounding_is_the_list_of_answers(answers: list[str]) -> None:
    values = row("text grounding en", "Where is it?", answers)
    assert score(values, "[0, 0, 50, 100]") == 0.5
    with pytest.raises(DataError, match="the gold of 'text grounding en' cannot be read"):
        item_of(EN, values | {"answers": ["left"]})


def test_ocr_spotting_needs_places_and_texts() -> None:
    values = row("text spotting en", "Spot.", [], bbox_list=[[0, 0, 100, 0, 100, 50, 0, 50]], content=["Hello"])
    assert score(values, "[[0, 0, 100, 50, 'HELLO']]") == 1.0
    assert score(values, "[[0, 0, 100, 50, 'Hallo']]") == 0.0
    with pytest.raises(DataError, match="1 boxes in 'bbox_list' for 0 texts in 'content'"):
        item_of(EN, values | {"content": []})


def test_ocr_handwritten_letters_may_be_separated() -> None:
    values = row("handwritten answer extraction cn", "第1题的答案", ["AC"])
    assert [score(values, answer) for answer in ("A、C", "AC", "AB")] == [1.0, 1.0, 0.0]


def test_ocr_pages_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring.importlib.util, "find_spec", lambda name: None)
    essay = row("handwritten answer extraction cn", "第2题(简答题)的答案", ["光合作用"])
    for values in (row("full-page OCR en", "Read all.", ["some words"]), essay):
        with pytest.raises(ConfigError, match=r"pages of text are scored with nltk; pip install 'zppo\[ocr\]'"):
            score(values, "some words")


@pytest.mark.parametrize("task", ["full-page OCR en", "fine-grained text recognition en", "full-page OCR cn"])
def test_ocr_pages_are_scored_by_four_metrics(task: str) -> None:
    pytest.importorskip("nltk", reason="the extra ocr is not installed")
    pytest.importorskip("jieba", reason="the extra ocr is not installed")
    values = row(task, "Read all.", ["one two three four five"])
    assert score(values, "one two three four five") > 0.99
    assert score(values, "six") < 0.1


def test_ocr_a_translation_without_a_gold_is_left_out_as_the_authors_leave_it_out() -> None:
    assert items_of(ZH, row("text translation cn", "翻译", [""])) == []
    with pytest.raises(DataError, match="column 'answers' is empty"):
        items_of(ZH, row("cognition VQA cn", "谁?", [""]))


def test_ocr_the_score_is_the_mean_of_the_categories_and_not_of_the_rows() -> None:
    math, read = item_of(EN, row("math QA en", "1+1?", ["2"])), item_of(EN, row("text recognition en", "?", ["x"]))
    numbers = EN.aggregate([(math, 0.0), (read, 1.0), (read, 1.0), (read, 1.0)])
    assert (numbers["score"], numbers["micro"]) == (50.0, 75.0)
    assert numbers["category/mathematical calculation"] == 0.0
    assert numbers["task/text recognition en"] == 100.0


@pytest.mark.parametrize(
    ("response", "score_of_it"),
    [
        ("<think>hm</think>The sign says STOP.", 1.0),
        ("<think>hm</think>\\boxed{STOP and then the box was cut", 1.0),
        ("<think>STOP, and no end", 0.0),
        ("", 0.0),
    ],
)
def test_ocr_a_response_without_a_box_is_scored_by_what_it_says_in_the_end(response: str, score_of_it: float) -> None:
    said = EN.score(item_of(EN, row("text recognition en", "?", ["stop"])), response)
    assert said is not None
    assert said.score == score_of_it


def test_ocr_a_task_nobody_knows_is_refused() -> None:
    with pytest.raises(DataError, match="unknown task 'poetry en' in column 'type'"):
        items_of(EN, row("poetry en", "?", ["x"]))
