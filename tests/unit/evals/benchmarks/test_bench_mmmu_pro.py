"""MMMU-Pro: ten options, four options, screenshots; images inside questions and options."""

from typing import Any

import pytest
from benchrows import PICTURE, item_of, scored

from zppo.errors import DataError
from zppo.evals.benchmarks import BENCHMARKS
from zppo.types import MEDIA_MARK as M

PRO = BENCHMARKS["mmmu_pro"]
TEN, FOUR, VISION = PRO.data.configs


def picture(name: str) -> dict[str, Any]:
    return {"bytes": name.encode(), "path": name}


def standard(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": "test_History_42",
        "question": "Which letter marks <image 1> the castle?",
        "options": "['north', 'south', \"king's\", 'west', 'a', 'b', 'c', 'd', 'e', 'fort']",
        "answer": "J",
        "explanation": "?",
        "img_type": "['Maps']",
        "topic_difficulty": "Hard",
        "subject": "History",
        "image_1": PICTURE,
    }
    return row | {f"image_{i}": None for i in range(2, 8)} | changes


def names(item: Any) -> list[str]:
    return [medium.name.rpartition(", ")[2] for medium in item.question.media]


def test_mmmu_pro_options_are_the_text_of_a_list_and_go_up_to_j() -> None:
    item = item_of(PRO, standard())
    assert item.question.text == (
        f"Which letter marks {M} the castle?\n\n"
        "A. north\nB. south\nC. king's\nD. west\nE. a\nF. b\nG. c\nH. d\nI. e\nJ. fort"
    )
    assert (item.question.id, item.gold) == (f"{TEN}/test_History_42", "J")
    assert [scored(PRO, item, answer) for answer in ("J", "fort", "A", "K")] == [1.0, 1.0, 0.0, None]


def test_mmmu_pro_a_token_means_its_own_column_whatever_the_order_of_the_options() -> None:
    options = "['<image 2>', '<image 1>', '<image 4>', '<image 3>']"
    row = standard(question="Which is Gothic?", options=options, answer="C", image_2=PICTURE, image_3=PICTURE)
    item = item_of(PRO, row | {"image_4": PICTURE}, config=FOUR)
    assert item.question.text == f"Which is Gothic?\n\nA. {M}\nB. {M}\nC. {M}\nD. {M}"
    assert names(item) == ["image_2", "image_1", "image_4", "image_3"]


def test_mmmu_pro_images_come_in_order_of_appearance_and_not_of_the_alphabet() -> None:
    row = standard(question="Compare <image 3> with <image 1>, then <image 3> again.", image_3=picture("c"))
    item = item_of(PRO, row)
    assert item.question.text.startswith(f"Compare {M} with {M}, then image 3 again.")
    assert names(item) == ["image_3", "image_1"]


def test_mmmu_pro_a_token_without_an_image_is_refused() -> None:
    with pytest.raises(DataError, match="the text names <image 2>, but column 'image_2' holds no image"):
        item_of(PRO, standard(question="See <image 2>."))


def test_mmmu_pro_a_question_that_names_no_image_shows_all_it_has() -> None:
    item = item_of(PRO, standard(question="Which castle?", image_2=picture("b")))
    assert item.question.text.startswith(f"{M}\n{M}\nWhich castle?")
    assert names(item) == ["image_1", "image_2"]


def vision(**changes: Any) -> dict[str, Any]:
    row = {"id": "test_History_42", "image": PICTURE, "options": "['x', 'y', 'z']", "answer": "B", "subject": "History"}
    return row | changes


def test_mmmu_pro_the_question_of_a_screenshot_stands_in_the_image() -> None:
    item = item_of(PRO, vision(), config=VISION)
    assert item.question.text == f"{M}\nAnswer the multiple-choice question that the image shows."
    assert item.question.answer == "B. y"
    assert [scored(PRO, item, answer) for answer in ("B", "y", "C")] == [1.0, 1.0, 0.0]


def test_mmmu_pro_nothing_is_guessed_where_nothing_can_be_read() -> None:
    item = item_of(PRO, vision(), config=VISION)
    assert {PRO.score(item, "No idea.") for _ in range(20)} == {None}


def test_mmmu_pro_all_three_configs_are_pooled_and_the_official_mean_stands_beside() -> None:
    ten, four = item_of(PRO, standard()), item_of(PRO, standard(answer="A"), config=FOUR)
    screen = item_of(PRO, vision(), config=VISION)
    numbers = PRO.aggregate([(ten, 0.0), (four, 1.0), (screen, 0.5)])
    assert (numbers["score"], numbers["official"]) == (50.0, 25.0)
    assert numbers[f"config/{FOUR}"] == 100.0
    assert "official" not in PRO.aggregate([(four, 1.0)])


@pytest.mark.parametrize("options", ["north, south", "{'A': 'x'}", "['x'"])
def test_mmmu_pro_options_that_are_no_list_are_refused(options: str) -> None:
    with pytest.raises(DataError, match="column 'options' should be the text of a list"):
        item_of(PRO, standard(options=options))
