"""Humanity's Last Exam and MultiChallenge: scored by judges of their own."""

from typing import Any

import pytest
from benchrows import item_of, judged

from zppo.errors import DataError
from zppo.evals.benchmarks import BENCHMARKS
from zppo.types import MEDIA_MARK

HLE, MULTI = BENCHMARKS["hle"], BENCHMARKS["multichallenge"]


def hle(**changes: Any) -> dict[str, Any]:
    row = {
        "id": "668825f80a642802bdfeadfa",
        "question": "Which condition?\n\nAnswer Choices:\nA. Egalitarian\nB. Weak",
        "image": "",
        "image_preview": None,
        "answer": "B",
        "answer_type": "multipleChoice",
        "author_name": "Someone",
        "rationale": "Because.",
        "rationale_image": None,
        "raw_subject": "Philosophy",
        "category": "Humanities/Social Science",
        "canary": "",
    }
    return row | changes


def test_hle_options_stand_in_the_question_and_nothing_is_added() -> None:
    item = item_of(HLE, hle())
    assert item.question.text == "Which condition?\n\nAnswer Choices:\nA. Egalitarian\nB. Weak"
    assert item.question.media == ()
    assert item.group == {"category": "Humanities/Social Science", "image": "no"}


def test_hle_an_image_is_a_data_uri_in_a_text_column() -> None:
    item = item_of(HLE, hle(image="data:image/png;base64,iVBORw0KGgo="))
    assert item.question.text.startswith(f"{MEDIA_MARK}\nWhich condition?")
    assert [medium.kind for medium in item.question.media] == ["image"]
    assert item.group["image"] == "yes"


def test_hle_every_response_goes_to_the_exams_judge_thoughts_included() -> None:
    item = item_of(HLE, hle())
    response = "<think>A or B?</think>It is \\boxed{B}."
    assert HLE.score(item, response) is None
    asked = judged(HLE, item, response)
    assert asked.template == "hle"
    assert asked.values == {"question": item.question.text, "answer": "B", "response": "A or B?\nIt is \\boxed{B}."}
    assert asked.extracted == "B"


def test_hle_the_score_is_the_field_correct_whatever_the_confidence() -> None:
    read = judged(HLE, item_of(HLE, hle()), "\\boxed{B}").read
    said = '{"extracted_final_answer": "B", "reasoning": "Same.", "correct": "%s", "confidence": 3}'
    assert read(said % "yes") == 1.0
    assert read("```json\n" + said % "Yes" + "\n```") == 1.0
    assert read(said % "no") == 0.0
    for malformed in ("", "yes", '{"correct": "perhaps"}', '{"confidence": 100}', "[1]", '{"correct": '):
        assert read(malformed) is None


def test_hle_accuracy_is_told_for_texts_and_images_apart() -> None:
    text, picture = item_of(HLE, hle()), item_of(HLE, hle(image="data:image/png;base64,iVBORw0KGgo="))
    numbers = HLE.aggregate([(text, 1.0), (text, 1.0), (text, 0.0), (picture, 0.0)])
    assert (numbers["score"], numbers["image/yes"]) == (50.0, 0.0)
    assert numbers["image/no"] == pytest.approx(200 / 3)


def multi(**changes: Any) -> dict[str, Any]:
    row = {
        "question_id": "674552683acc22154b2c598d",
        "axis": "INSTRUCTION_RETENTION",
        "conversation": [
            {"role": "user", "content": "Never use the letter e."},
            {"role": "assistant", "content": "Okay."},
            {"role": "user", "content": "Say hello."},
        ],
        "target_question": "Does the response avoid the letter e?",
        "pass_criteria": "YES",
    }
    return row | changes


def test_multichallenge_earlier_turns_are_history_and_the_last_user_turn_is_the_question() -> None:
    item = item_of(MULTI, multi())
    assert item.question.text == "Say hello."
    assert item.turns == [
        {"role": "user", "content": "Never use the letter e."},
        {"role": "assistant", "content": "Okay."},
    ]
    assert item.group == {"axis": "INSTRUCTION_RETENTION"}


def test_multichallenge_a_conversation_as_lists_of_roles_and_contents_is_the_same() -> None:
    roles = {"role": ["user", "assistant", "user"], "content": ["Never use the letter e.", "Okay.", "Say hello."]}
    assert item_of(MULTI, multi(conversation=roles)) == item_of(MULTI, multi())


@pytest.mark.parametrize(
    "conversation",
    [
        [],
        [{"role": "user"}],
        ["hello"],
        [{"role": "user", "content": "a"}, {"role": "x", "content": ""}],
        {"role": ["user"], "content": []},
        {"role": 1, "content": 2},
        {"role": ["user"]},
    ],
)
def test_multichallenge_what_is_no_conversation_is_refused(conversation: Any) -> None:
    with pytest.raises(DataError, match="column 'conversation' should be messages of role and content"):
        item_of(MULTI, multi(conversation=conversation))


def test_multichallenge_a_conversation_that_waits_for_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="should end with a user turn, not with 'assistant'"):
        item_of(MULTI, multi(conversation=multi()["conversation"][:2]))


def test_multichallenge_an_axis_nobody_knows_is_refused() -> None:
    with pytest.raises(DataError, match="column 'axis' should be one of INFERENCE_MEMORY"):
        item_of(MULTI, multi(axis="STYLE"))


def test_multichallenge_the_judge_sees_the_response_and_the_target_question_alone() -> None:
    item = item_of(MULTI, multi())
    asked = judged(MULTI, item, "<think>No e.</think>Good day!")
    assert asked.template == "multichallenge"
    assert asked.values == {"response": "Good day!", "target_question": "Does the response avoid the letter e?"}
    assert "target" not in item.question.text
    assert judged(MULTI, item, "<think>Good day, no e in it").values["response"] == "Good day, no e in it"


@pytest.mark.parametrize(("wanted", "verdict", "score"), [("YES", "YES", 1), ("YES", "NO", 0), ("NO", "no", 1)])
def test_multichallenge_a_verdict_passes_when_it_is_the_pass_criterion(wanted: str, verdict: str, score: int) -> None:
    read = judged(MULTI, item_of(MULTI, multi(pass_criteria=wanted)), "Hi").read
    assert read(f'{{"reasoning": "Looked.", "verdict": "{verdict}"}}') == score
    assert read("It passes.") is None


def test_multichallenge_the_score_is_the_unweighted_mean_of_the_axes() -> None:
    easy, rare = item_of(MULTI, multi()), item_of(MULTI, multi(axis="SELF_COHERENCE"))
    numbers = MULTI.aggregate([(easy, 1.0), (easy, 1.0), (easy, 1.0), (rare, 0.0)])
    assert numbers == {
        "score": 50.0,
        "micro": 75.0,
        "axis/INSTRUCTION_RETENTION": 100.0,
        "axis/SELF_COHERENCE": 0.0,
    }
