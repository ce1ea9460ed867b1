"""OCRBench v2: pages of text. Needs the extra `ocr`."""

import pytest

pytest.importorskip("nltk", reason="the extra ocr is not installed")
pytest.importorskip("jieba", reason="the extra ocr is not installed")

from zppo.evals.ocr.pages import bleu, page_similarity

PAGE = "the quick brown fox jumps over the lazy dog near the river"


def test_the_same_page_is_all_but_one() -> None:
    """METEOR gives a page of n words in one piece 1 - 0.5 / n^3."""
    words = len(PAGE.split())
    assert page_similarity(PAGE, PAGE) == pytest.approx((3 + 1 - 0.5 / words**3) / 4)


@pytest.mark.parametrize(("answer", "gold"), [("", PAGE), (PAGE, ""), ("  \n", PAGE), ("", "")])
def test_nothing_is_like_nothing(answer: str, gold: str) -> None:
    assert page_similarity(answer, gold) == 0.0


def test_a_page_with_other_words_is_like_it_only_by_its_letters() -> None:
    assert 0 < page_similarity("completely different words stand here", PAGE) < 0.1


def test_bleu_is_zero_without_four_words_in_a_row() -> None:
    assert bleu(["a", "b", "c"], ["a", "b", "c"]) == 0.0
    assert bleu(["a", "b", "c", "d"], ["a", "b", "c", "d"]) == pytest.approx(1.0)
    assert bleu(["a", "b", "c", "d"], ["a", "b", "c", "d", "e", "f"]) == pytest.approx(2.718281828 ** (1 - 6 / 4))
    assert bleu(["a", "b", "c", "d", "x"], ["a", "b", "c", "d"]) == pytest.approx(
        (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25
    )


def test_meteor_needs_no_corpus_that_would_have_to_be_downloaded() -> None:
    """Stems match, synonyms do not: 'car' is no 'automobile' in a transcription."""
    assert page_similarity("he runs by the car today now", "he running by the car today now") > page_similarity(
        "he runs by the automobile today now", "he running by the car today now"
    )


def test_chinese_is_cut_into_words() -> None:
    gold = "今天天气很好我们去公园散步"
    assert page_similarity(gold, gold) > 0.99
    assert page_similarity("今天天气很好", gold) > page_similarity("明年冬季寒冷", gold)
