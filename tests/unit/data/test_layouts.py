"""Data as people have it: layouts are recognised, `data.columns` wins, and what can be read in two ways is refused."""

import base64
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset
from pictures import png

from zppo.config import DataConfig
from zppo.data.reader import open_data, read_questions
from zppo.errors import DataError
from zppo.types import MEDIA_MARK, Question

SYSTEM = {"role": "system", "content": "Be brief."}
VERL = {
    "data_source": "openai/gsm8k",
    "prompt": [SYSTEM, {"role": "user", "content": "1+1?"}],
    "ability": "math",
    "reward_model": {"style": "rule", "ground_truth": "2"},
    "extra_info": {"split": "train", "index": 0, "answer": "It is two.", "question": "One and one?"},
}
SHAREGPT = {"conversations": [{"from": "human", "value": "<image>\nHow many?"}, {"from": "gpt", "value": "3"}]}
MESSAGES = {"messages": [SYSTEM, {"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "2"}]}
GSM8K = {"question": "Clips?", "answer": "She sold 48/2 = <<48/2=24>>24 clips in May.\nTogether 48+24 = 72.\n#### 72"}
TRL = {"prompt": [{"role": "user", "content": "1+1?"}], "ground_truth": "2"}


def asked(row: Any, **options: Any) -> Question:
    questions, dropped = read_questions([row], DataConfig(**options))
    assert dropped == []
    return questions[0]


def layout(row: Any, **options: Any) -> str:
    return open_data([row], DataConfig(**options)).layout.name


@pytest.mark.parametrize(
    ("name", "row", "text", "answer", "system"),
    [
        ("verl", VERL, "1+1?", "2", "Be brief."),
        ("ShareGPT", {**SHAREGPT, "images": [png()]}, f"{MEDIA_MARK}\nHow many?", "3", ""),
        ("ShareGPT", {**SHAREGPT, "image": png()}, f"{MEDIA_MARK}\nHow many?", "3", ""),
        ("messages", MESSAGES, "1+1?", "2", "Be brief."),
        ("messages", {"messages": MESSAGES["messages"][:2], "solution": "2"}, "1+1?", "2", "Be brief."),
        ("messages", {**MESSAGES, "answer": "two"}, "1+1?", "two", "Be brief."),
        ("GSM8K", GSM8K, "Clips?", "72", ""),
        ("TRL", TRL, "1+1?", "2", ""),
        ("TRL", {"prompt": "1+1?", "solution": "2"}, "1+1?", "2", ""),
        ("columns", {"problem": "1+1?", "solution": "2"}, "1+1?", "2", ""),
    ],
)
def test_a_layout_is_recognised_and_read(name: str, row: Any, text: str, answer: str, system: str) -> None:
    question = asked(row)
    assert (layout(row), question.text, question.answer, question.system) == (name, text, answer, system)


def test_verl_parquet_is_read_and_reward_functions_see_the_row_as_it_was(tmp_path: Path) -> None:
    Dataset.from_list([VERL] * 2).to_parquet(tmp_path / "train.parquet")
    questions, _ = read_questions(tmp_path / "train.parquet")
    assert [(q.answer, q.fields["source"]) for q in questions] == [("2", "openai/gsm8k")] * 2
    assert list(questions[0].messages) == VERL["prompt"]
    assert {name: questions[0].fields[name] for name in ("reward_model", "extra_info")} == {
        "reward_model": VERL["reward_model"],
        "extra_info": VERL["extra_info"],
    }


def test_a_path_leads_into_a_column(tmp_path: Path) -> None:
    columns = {"question": "extra_info.question", "answer": "extra_info.answer", "source": "data_source"}
    question = asked(VERL, columns=columns)
    assert (question.text, question.answer, question.fields["source"]) == ("One and one?", "It is two.", "openai/gsm8k")
    assert asked({"a.b": "1+1?", "a": {"b": "no"}, "answer": "2"}, columns={"question": "a.b"}).text == "1+1?"
    with pytest.raises(DataError, match=r"'reward_model.truth', which does not exist; did you mean"):
        asked(VERL, columns={"answer": "reward_model.truth"})


@pytest.mark.parametrize(
    ("row", "ways"),
    [
        (VERL | {"answer": "5"}, r"verl \(.*answer: reward_model.ground_truth\) or TRL \(.*answer: answer\)"),
        (MESSAGES | {"prompt": "2+2?", "answer": "4"}, r"messages \(question: messages.*TRL \(question: prompt"),
        (MESSAGES | SHAREGPT, r"ShareGPT \(question: conversations, answer: the reply\) or messages"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused_with_its_columns(row: Any, ways: str) -> None:
    with pytest.raises(DataError, match=rf"row 1: its columns {', '.join(row)} can be read as {ways}"):
        read_questions([row])


def test_columns_that_are_named_win_over_what_is_recognised() -> None:
    both = MESSAGES | {"prompt": "2+2?", "answer": "4"}
    assert asked(both, columns={"question": "prompt"}).text == "2+2?"
    assert asked(both, columns={"question": "messages"}).text == "1+1?"
    named = {"question": "prompt", "answer": "reward_model.ground_truth"}
    assert asked(VERL | {"answer": "5"}, columns=named).answer == "2"


def test_one_answer_in_two_columns_is_no_contradiction() -> None:
    assert asked(VERL | {"answer": "2"}).answer == "2"


def test_the_reply_is_no_part_of_what_reward_functions_get_as_the_prompt() -> None:
    assert asked(MESSAGES).messages == tuple(MESSAGES["messages"][:2])
    row = {"conversations": [{"from": "human", "value": "1+1?"}, {"from": "gpt", "value": "2"}]}
    assert asked(row).messages == ({"role": "user", "content": "1+1?"},)


URL = f"data:image/png;base64,{base64.b64encode(png(9, 5)).decode()}"
PARTS = [
    {"type": "image", "image": png(9, 5)},
    {"type": "image", "image": {"bytes": png(9, 5), "path": None}},
    {"type": "image", "image": "a.png"},
    {"type": "image", "path": "a.png"},
    {"type": "image", "url": URL},
    {"type": "image", "base64": URL.partition(",")[2]},
    {"type": "image_url", "image_url": {"url": URL}},
    {"type": "image_url", "image_url": URL},
    {"type": "input_image", "image_url": URL, "text": None},
]


@pytest.mark.parametrize("part", PARTS)
def test_parts_may_hold_their_pictures(part: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.png").write_bytes(png(9, 5))
    content = [{"type": "text", "text": "Is "}, part, {"type": "text", "text": " red?"}]
    question = asked({"messages": [{"role": "user", "content": content}], "answer": "yes"})
    assert question.text == f"Is {MEDIA_MARK} red?"
    assert [medium.load().size for medium in question.media] == [(9, 5)]


def test_pictures_of_parts_and_of_a_column_stand_where_the_parts_say() -> None:
    content = [{"type": "image"}, {"type": "image", "image": png(9, 5)}, {"type": "image"}]
    row = {"prompt": [{"role": "user", "content": content}], "images": [png(1, 1), png(2, 2)], "answer": "yes"}
    assert [medium.load().width for medium in asked(row).media] == [1, 9, 2]
    row["images"] = [png(1, 1)]
    with pytest.raises(DataError, match="media markers"):
        read_questions([row])


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        ("He has 3 + 4 = 7 apples.\n#### 7", "7"),
        ("Many coins are in it.\n####  1,234,567 \n", "1234567"),
        ("#### -3.5", "-3.5"),
        ("He pays in two parts.\n#### 1,2", "1,2"),
        ("We add both sides.\nThen it is $\\boxed{\\frac{1}{2}}$.", r"\frac{1}{2}"),
        ("So we get the answer \\boxed{5}.", "5"),
        ("\\begin{pmatrix}\n1 & 2 \\\\\n3 & 4\n\\end{pmatrix}", "\\begin{pmatrix}\n1 & 2 \\\\\n3 & 4\n\\end{pmatrix}"),
        ("the house of the rising sun", "the house of the rising sun"),
        ("72", "72"),
    ],
)
def test_a_solution_comes_down_to_its_final_answer(answer: str, reference: str) -> None:
    question = asked({"question": "?", "answer": answer})
    assert question.answer == reference
    assert question.fields.get("answer", question.answer) == answer


def test_prose_is_refused_with_a_remedy_unless_a_judge_or_functions_score() -> None:
    row = {"question": "why?", "answer": "Because the sky is blue.\nAnd because the sea is, too."}
    with pytest.raises(DataError, match=r"several lines of prose.*data.columns: .*prose answer"):
        read_questions([row])
    assert asked({**row, "answer_type": "free"}).answer == row["answer"]
    questions, _ = read_questions([row], answered=False)
    assert questions[0].answer == row["answer"]
