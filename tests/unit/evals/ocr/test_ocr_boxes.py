"""OCRBench v2: grounding, answers with a position, spotting."""

import pytest

from zppo.evals.ocr.boxes import Box, answered_with_position, as_box, grounded, outline, read_words, spotted

GOLD = Box(100, 100, 200, 200)


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        ("[100, 100, 200, 200]", 1.0),
        ("(100,100,200,200)", 1.0),
        ("first [0, 0, 10, 10], no: (100, 100, 200, 150)", 0.5),
        ("[100, 100, 200, 200] and [1, 2, 3, 2000]", 1.0),
        ("[200, 200, 100, 100]", 0.0),
        ("100, 100, 200, 200", 0.0),
        ("[100, 100, 200]", 0.0),
    ],
)
def test_the_last_box_within_the_image_is_compared(answer: str, score: float) -> None:
    assert grounded(answer, GOLD) == pytest.approx(score)


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        ('{"answer": "Paris", "bbox": [100, 100, 200, 200]}', 1.0),
        ('```json\n{"answer": "in Paris", "bbox": "[100, 100, 200, 150]"}\n```', 0.75),
        ('{"answer": "Rome", "bbox": [100, 100, 200, 200]}', 0.5),
        ('{"answer": "Paris"}', 0.5),
        ('{"answer": "Paris", "bbox": "left"}', 0.5),
        ("Paris", 0.0),
    ],
)
def test_text_and_box_count_half_each(answer: str, score: float) -> None:
    assert answered_with_position(answer, ["Paris"], GOLD) == pytest.approx(score)


WORDS = [(Box(0, 0, 100, 50), "Hello"), (Box(200, 0, 300, 50), "world!")]


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        ("[[0, 0, 100, 50, 'Hello'], [200, 0, 300, 50, 'world!']]", 1.0),
        ("(0, 0, 100, 50, hello) (200, 0, 300, 50, WORLD)", 1.0),
        ("[[0, 0, 100, 50, 'Hello']]", 2 / 3),
        ("[[0, 0, 100, 50, 'Hallo'], [200, 0, 300, 50, 'world!']]", 0.5),
        ("[[50, 0, 150, 50, 'Hello'], [200, 0, 300, 50, 'world!']]", 0.5),
        ("[[0, 0, 100, 50, 'Hello'], [1, 0, 100, 50, 'Hello']]", 0.5),
        ("[[100, 50, 0, 0, 'Hello']]", 0.0),
        ("Hello world!", 0.0),
        ("", 0.0),
    ],
)
def test_a_word_is_found_where_it_is_and_read_as_it_is(answer: str, score: float) -> None:
    assert spotted(answer, WORDS) == pytest.approx(score)


def test_punctuation_may_be_missing_only_at_the_ends_of_the_gold() -> None:
    assert spotted("[[0, 0, 9, 9, 'abc']]", [(Box(0, 0, 9, 9), "'abc.")]) == 1.0
    assert spotted('[[0, 0, 9, 9, "abc\'s"]]', [(Box(0, 0, 9, 9), "abcs")]) == 0.0


def test_boxes_that_do_not_matter_count_neither_way() -> None:
    gold = [*WORDS, (Box(500, 500, 600, 600), "###")]
    right = "[0, 0, 100, 50, Hello] [200, 0, 300, 50, world!]"
    assert spotted(f"{right} [510, 510, 590, 590, scribble]", gold) == 1.0
    assert spotted(f"{right} [0, 510, 90, 590, scribble]", gold) == pytest.approx(0.8)
    assert spotted(right, gold[2:]) == 0.0


def test_words_outside_the_image_and_repeated_ones_are_left_out() -> None:
    answer = "[[1, 2, 3, 4, 'a'], [1, 2, 3, 4, 'a'], [1, 2, 3, 4000, 'b'], [1, 2, 3], 'c', [1, 2, 'x', 4, 'd']]"
    assert read_words(answer) == [(Box(1, 2, 3, 4), "a")]


def test_an_outline_is_the_box_around_its_points() -> None:
    assert outline([10, 20, 30, 22, 28, 50, 8, 48]) == Box(8, 20, 30, 50)
    assert outline([10, 20, 30, 50]) == Box(10, 20, 30, 50)
    assert outline([10, 20, 30]) is None
    assert outline(["a", "b", "c", "d"]) is None
    assert as_box(["1", " 2", 3.0, 4]) == Box(1, 2, 3, 4)
    assert as_box([1, 2, 3]) is None
