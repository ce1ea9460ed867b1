"""Video-MMMU and MMVU: what is asked of lectures and experiments."""

from typing import Any

import pytest
from benchrows import PICTURE, Folder, boxed, item_of, judged, path_of, scored

from zppo.errors import DataError
from zppo.evals.benchmarks import BENCHMARKS
from zppo.evals.judging import load_templates
from zppo.types import MEDIA_MARK

MMMU, MMVU = BENCHMARKS["video_mmmu"], BENCHMARKS["mmvu"]


def mmmu(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": "validation_Art_Theory_3",
        "link_selected": "https://www.youtube.com/watch?v=x",
        "question": "Which style is named first?",
        "options": ["Rococo", "Tudor", "Gothic"],
        "answer": "B",
        "qa_type": "Concept",
    }
    return row | changes


def adaptation(**changes: Any) -> dict[str, Any]:
    return mmmu(question="What is shown in <image 1> here?", image=PICTURE, question_type="multiple-choice") | changes


@pytest.fixture
def lectures(files: Folder) -> Folder:
    for name in ("Art/validation_Art_Theory_3", "__MACOSX/Art/._validation_Art_Theory_3"):
        files.add(f"{name}.mp4")
    files.add("question_only/validation_Art_Theory_3_image.mp4")
    return files


def test_video_mmmu_perception_is_told_to_ignore_the_last_frame(lectures: Folder) -> None:
    item = item_of(MMMU, mmmu(), files=lectures)
    assert item.question.text == (
        f"{MEDIA_MARK}\nWhich style is named first?\n"
        "The last frame of the video does not belong to this question: ignore it.\n\nA. Rococo\nB. Tudor\nC. Gothic"
    )
    assert path_of(item) == "Art/validation_Art_Theory_3.mp4"
    assert item.group == {"track": "Perception", "domain": "Art"}
    assert [scored(MMMU, item, answer) for answer in ("B", "Tudor", "A")] == [1.0, 1.0, 0.0]


def test_video_mmmu_the_image_of_an_adaptation_stands_where_its_token_stands(lectures: Folder) -> None:
    item = item_of(MMMU, adaptation(), config="Adaptation", files=lectures)
    assert item.question.text.startswith(
        f"{MEDIA_MARK}\nApply what the video teaches to this question.\n"
        f"What is shown in {MEDIA_MARK} here?\n\nA. Rococo"
    )
    assert [medium.kind for medium in item.question.media] == ["video", "image"]
    without = item_of(MMMU, adaptation(question="What is shown?"), config="Adaptation", files=lectures)
    assert f"What is shown?\n{MEDIA_MARK}\n\nA. Rococo" in without.question.text
    capital = item_of(MMMU, adaptation(question="<Image 1>What is it?"), config="Adaptation", files=lectures)
    assert f"\n{MEDIA_MARK}What is it?" in capital.question.text


def test_video_mmmu_up_to_fourteen_options_are_lettered_once(lectures: Folder) -> None:
    item = item_of(MMMU, mmmu(options=[f"A{i}" for i in range(14)], answer="N"), files=lectures)
    assert item.question.text.endswith("M. A12\nN. A13")
    lettered = item_of(MMMU, mmmu(options=["A. x", "B. y"]), files=lectures)
    assert lettered.question.text.endswith("\n\nA. x\nB. y")


def test_video_mmmu_a_row_of_no_type_that_has_options_is_a_choice(lectures: Folder) -> None:
    item = item_of(MMMU, adaptation(question_type="None", answer="C"), config="Adaptation", files=lectures)
    assert (item.gold, scored(MMMU, item, "Gothic")) == ("C", 1.0)


@pytest.mark.parametrize(
    ("gold", "answer", "score"),
    [
        ("12.97", "12.971", 1.0),
        ("12.97", "12.96", 0.0),
        ("7243000", "7,243,000", 1.0),
        ("A", "A", 1.0),
        ("A", "B", None),
        ("['24/7', '3.429', '3.43]", "\\frac{24}{7}", 1.0),
        ("['24/7', '3.429', '3.43]", "3.43", 1.0),
        ("['24/7', '3.429', '3.43]", "3.5", 0.0),
        ("4", "four", None),
    ],
)
def test_video_mmmu_open_golds_are_numbers_letters_or_several(
    lectures: Folder, gold: str, answer: str, score: float | None
) -> None:
    row = adaptation(options=[], answer=gold, question_type="open")
    item = item_of(MMMU, row, config="Adaptation", files=lectures)
    assert "A." not in item.question.text
    assert scored(MMMU, item, answer) == score


def test_video_mmmu_rows_that_are_not_what_was_expected_are_refused(lectures: Folder) -> None:
    with pytest.raises(DataError, match="column 'options' is empty, but the question is a choice"):
        item_of(MMMU, mmmu(options=[]), files=lectures)
    with pytest.raises(DataError, match="column 'id' should be such as validation_Art_3, not 'Art_3'"):
        item_of(MMMU, mmmu(id="Art_3"), files=lectures)
    with pytest.raises(DataError, match=r"the file 'Humanities/new_History_5\.mp4' is missing"):
        item_of(MMMU, mmmu(id="new_History_5"), files=lectures)


def test_video_mmmu_an_empty_response_is_scored_and_not_left_out(lectures: Folder) -> None:
    assert MMMU.score(item_of(MMMU, mmmu(), files=lectures), "") is None  # for the judge, or wrong without one


def mmvu(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": "validation_1",
        "video": "https://huggingface.co/datasets/yale-nlp/MMVU/resolve/main/videos/Chemistry/0.mp4",
        "youtube_url": "https://www.youtube.com/watch?v=6HuyUxJBY3E",
        "question_type": "multiple-choice",
        "metadata": {"subject": "Chemistry", "textbook": "?", "rationale": "?", "knowledge": []},
        "question": "How many grams?",
        "choices": {"A": "10.0", "B": "5.0", "C": "12.0", "D": "15.0", "E": "20.0"},
        "answer": "A",
    }
    return row | changes


@pytest.fixture
def experiments(files: Folder) -> Folder:
    files.add("videos/Chemistry/0.mp4")
    return files


def test_mmvu_the_address_of_a_video_ends_in_its_path(experiments: Folder) -> None:
    item = item_of(MMVU, mmvu(), files=experiments)
    assert path_of(item) == "videos/Chemistry/0.mp4"
    assert item.question.text == f"{MEDIA_MARK}\nHow many grams?\n\nA. 10.0\nB. 5.0\nC. 12.0\nD. 15.0\nE. 20.0"
    assert item.group == {"kind": "multiple-choice", "subject": "Chemistry"}


def test_mmvu_each_kind_of_question_has_a_judge_of_its_own(experiments: Folder) -> None:
    choice = item_of(MMVU, mmvu(), files=experiments)
    blank = dict.fromkeys("ABCDE", "")
    row = mmvu(question_type="open-ended", choices=blank, answer="Dolly Zoom", question="Which technique?")
    free = item_of(MMVU, row, files=experiments)
    assert free.question.text == f"{MEDIA_MARK}\nWhich technique?"
    assert judged(MMVU, choice, boxed("A")).template == "mmvu_choice"
    assert "\nA. 10.0\nB. 5.0\n" in judged(MMVU, choice, boxed("A")).values["question"]
    asked = judged(MMVU, free, "<think>Zoom.</think>A dolly zoom.")
    assert asked.template == "mmvu_open"
    assert asked.values == {"question": "Which technique?", "answer": "Dolly Zoom", "response": "A dolly zoom."}
    assert judged(MMVU, free, "<think>Zoom, or a dolly").values["response"] == "Zoom, or a dolly"
    for template in ("mmvu_choice", "mmvu_open"):
        assert '{"verdict": "correct"} or {"verdict": "wrong"}' in load_templates()[template].text
    assert "exactly the same technique or concept" in load_templates()["mmvu_open"].text


def test_mmvu_no_rule_decides_before_the_judge(experiments: Folder) -> None:
    item = item_of(MMVU, mmvu(), files=experiments)
    assert MMVU.score(item, boxed("A")) is None
    read = judged(MMVU, item, boxed("A")).read
    assert (read('{"verdict": "correct"}'), read('{"verdict": "wrong"}')) == (1.0, 0.0)
    for malformed in ("correct", '{"extracted_answer": "A", "correct": true}', '{"verdict": "correct", "why": ""}'):
        assert read(malformed) is None


def test_mmvu_a_choice_has_five_options(experiments: Folder) -> None:
    with pytest.raises(DataError, match="column 'choices' should hold five options"):
        item_of(MMVU, mmvu(choices={"A": "10.0", "B": "", "C": "", "D": "", "E": ""}), files=experiments)
    with pytest.raises(DataError, match="column 'question_type' should be multiple-choice or open-ended, not 'essay'"):
        item_of(MMVU, mmvu(question_type="essay"), files=experiments)
