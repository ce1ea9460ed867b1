"""Where images and videos stand in a question, which options it shows, and what it keeps."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import GOOD, greys, picture, png, write_rows

from zppo.config import DataConfig
from zppo.data.filters import media_readable, readable
from zppo.data.markers import placed
from zppo.data.reader import read_questions
from zppo.errors import DataError
from zppo.types import MEDIA_MARK, Media, Question

M = MEDIA_MARK


def question_of(row: dict[str, Any], **options: Any) -> Question:
    questions, dropped = read_questions([{"answer": "2", **row}], DataConfig(**options))
    assert dropped == []
    return questions[0]


def widths(question: Question) -> list[int]:
    return [medium.load().width for medium in question.media]


PLACED: list[tuple[str, list[str], str, list[int]]] = [
    ("what?", [], "what?", []),
    ("what is <image>?", [], "what is <image>?", []),
    ("what?", ["image", "video"], f"{M}\n{M}\nwhat?", [0, 1]),
    ("a <image> b <image>", ["image", "image"], f"a {M} b {M}", [0, 1]),
    ("<video> or <image>", ["image", "video"], f"{M} or {M}", [1, 0]),
    ("<image 2> or <image 1>", ["image", "image"], f"{M} or {M}", [1, 0]),
    ("<image 1>: <image1> or <image_2>?", ["image", "image"], f"{M}: image 1 or {M}?", [0, 1]),
    ("<video 1> <image 1> <video 1>", ["image", "video"], f"{M} {M} video 1", [1, 0]),
]


@pytest.mark.parametrize(("text", "kinds", "expected", "order"), PLACED)
def test_markers_become_marks_in_their_place(text: str, kinds: list[str], expected: str, order: list[int]) -> None:
    assert placed(text, kinds) == (expected, order)


@pytest.mark.parametrize(
    ("text", "kinds", "problem"),
    [
        ("<image>", ["image", "image"], r"the row has 2 image\(s\), its text 1 <image> marker"),
        ("<image> <image>", ["image"], r"the row has 1 image\(s\), its text 2 <image> marker"),
        ("<image>", ["image", "video"], r"the row has 1 video\(s\), its text 0 <video> marker"),
        ("<image 2>", ["image"], r"the text has <image 2>, the row 1 image"),
        ("<image 0>", ["image"], r"the text has <image 0>"),
        ("<image 1>", ["image", "image"], "the row has 2 images and videos, its text names 1"),
        ("<image 1> <image>", ["image", "image"], "some markers have a number"),
    ],
)
def test_markers_that_do_not_match_are_refused(text: str, kinds: list[str], problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        placed(text, kinds)


@pytest.mark.parametrize("nothing", [None, []])
@pytest.mark.parametrize("column", ["images", "image", "picture"])
def test_a_row_that_lost_its_image_is_not_asked_blind(column: str, nothing: Any) -> None:
    """A text that only speaks of an image, in a row without such a column or with one of videos, is asked."""
    rows = [
        {**GOOD, "prompt": "what is <image 1>?", column: nothing},
        {**GOOD, "prompt": "what is it?", column: None},
        {**GOOD, "prompt": "what is <image> in HTML?"},
        {**GOOD, "prompt": "what is <image> in HTML?", "video": None},
    ]
    config = DataConfig(columns={"images": "picture"} if column == "picture" else {})
    questions, [dropped] = read_questions(rows, config)
    assert [q.id for q in questions] == ["2", "3", "4"]
    assert dropped.kind == "media markers" and "the text has <image 1>, but the row's column" in dropped.reason


PIECES = st.sampled_from(["<image>", "<video>", "<image 1>", "<image 2>", "<video 1>", "a ", "<", "image>", "\n"])


@given(st.lists(PIECES, max_size=6), st.lists(st.sampled_from(["image", "video"]), max_size=3))
def test_there_is_one_mark_for_each_medium_or_an_error(pieces: list[str], kinds: list[str]) -> None:
    try:
        text, order = placed("".join(pieces), kinds)
    except DataError:
        return
    assert text.count(M) == len(kinds)
    assert sorted(order) == list(range(len(kinds)))


def test_the_media_of_a_question_stand_in_the_order_of_its_marks() -> None:
    row = {"prompt": f"<image 2> {M}or <image 1>", "images": [png(4), png(5)]}
    question = question_of(row)
    assert (question.text, widths(question)) == (f"{M} or {M}", [5, 4])
    assert [m.name for m in question.media] == ["train_dataset, row 1, images[1]", "train_dataset, row 1, images[0]"]


def test_a_conversation_says_by_its_parts_where_media_stand() -> None:
    content = [{"type": "text", "text": "is <image> "}, {"type": "image"}, {"type": "text", "text": " red?"}]
    question = question_of({"prompt": [{"role": "user", "content": content}], "images": [png()]})
    assert question.text == f"is <image> {M} red?"
    [dropped] = read_questions([GOOD, {**GOOD, "prompt": [{"role": "user", "content": content}]}])[1]
    assert dropped.kind == "media markers" and "the row has 0 image(s), its text 1 <image> marker" in dropped.reason


@pytest.mark.parametrize("column", ["image", "images"])
def test_a_plain_prompt_with_an_image_column_shows_the_image_first(column: str) -> None:
    question = question_of({"prompt": "red?", column: png(7)})
    assert (question.text, widths(question), question.words) == (f"{M}\nred?", [7], "red?")


def test_a_question_may_be_in_its_picture_alone() -> None:
    assert question_of({"prompt": "", "images": [png()]}).text == f"{M}\n"


def test_several_columns_may_hold_the_images() -> None:
    row = {"prompt": "which?", "left": png(4), "right": None, "more": [png(5), png(6)]}
    question = question_of(row, columns={"images": ("left", "right", "more")})
    assert widths(question) == [4, 5, 6] and question.fields == {}


def test_paths_are_relative_to_their_file_and_name_the_media(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for i, frame in enumerate(greys(4)):
        frame.save(tmp_path / "images" / f"{i}.png")
    rows = [
        {"prompt": "<image>\ncount", "answer": "2", "images": ["images/1.png"], "cluster": "bars", "modality": "image"},
        {"prompt": "<video> blinks?", "answer": "2",
         "videos": [{"frames": [f"images/{i}.png" for i in range(4)], "fps": 2}]},
    ]  # fmt: skip
    still, moving = read_questions(write_rows(tmp_path / "train.jsonl", rows))[0]
    assert still.media[0].name == str(tmp_path / "images" / "1.png")
    assert still.fields == {"cluster": "bars", "modality": "image"}
    video = moving.media[0].load()
    assert (moving.text, len(video.frames), video.fps) == (f"{M} blinks?", 4, 2.0)
    assert moving.media[0].name == f"{tmp_path / 'train.jsonl'}, row 2, videos[0]"


def test_a_question_holds_no_bytes(tmp_path: Path) -> None:
    """Its media go back to the rows: what was put there since is what is loaded."""
    rows = [{"prompt": "red?", "answer": "yes", "images": [png(5)]}]
    question = read_questions(rows)[0][0]
    rows[0]["images"] = [png(9)]
    assert question.media[0].load().width == 9
    rows[0]["images"] = []
    with pytest.raises(DataError, match=r"images\[0\].*is not there any more"):
        question.media[0].load()


OPTIONS: list[tuple[str, Any, str]] = [
    ("3+4?", ["six", "seven"], "3+4?\nA. six\nB. seven"),
    ("3+4?", {"A": "six", "b": 7, "C": None}, "3+4?\nA. six\nB. 7"),
    ("3+4? A) six B) seven", ["six", "seven"], "3+4? A) six B) seven"),
    ("3+4?\n(A)  SIX\n(B) seven", ["six", "seven"], "3+4?\n(A)  SIX\n(B) seven"),
    ("3+4?\nA: six\nB: seven", ["A: six", "B: seven"], "3+4?\nA: six\nB: seven"),
    ("six or seven?", ["six", "seven"], "six or seven?\nA. six\nB. seven"),
    ("what is 2+3?", ["2", "3", "5"], "what is 2+3?\nA. 2\nB. 3\nC. 5"),
    ("3+4?", [], "3+4?"),
    ("3+4?", None, "3+4?"),
]


@pytest.mark.parametrize(("prompt", "options", "expected"), OPTIONS)
def test_options_are_shown_unless_the_text_shows_each_behind_its_letter(
    prompt: str, options: Any, expected: str
) -> None:
    question = question_of({"prompt": prompt, "options": options})
    assert question.text == expected
    assert question.fields.get("options") == options


def test_an_option_may_be_a_picture() -> None:
    row = {"prompt": "<image 1>?", "images": [png(4), png(5), png(6)], "options": ["<image 3>", "<image 2>"]}
    question = question_of(row)
    assert (question.text, widths(question)) == (f"{M}?\nA. {M}\nB. {M}", [4, 6, 5])


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"images": [None]}, "unreadable media"),
        ({"images": ["nowhere.png"]}, "unreadable media"),
        ({"images": 5}, "unreadable media"),
        ({"images": [b"no picture"]}, "unreadable media"),
        ({"images": [png()[:-28]]}, "unreadable media"),
        ({"videos": [[png(), png(9)]]}, "unreadable media"),
        ({"images": [png(1, 1)]}, "image size"),
        ({"prompt": "<image> <image>", "images": [png()]}, "media markers"),
    ],
)
def test_a_row_with_bad_media_is_dropped(row: dict[str, Any], kind: str) -> None:
    rows = [GOOD, {**GOOD, **row}, {**GOOD, "images": [png()]}]
    questions, [dropped] = read_questions(rows, DataConfig(min_image_side=2), [media_readable("decode")])
    assert [q.id for q in questions] == ["1", "3"]
    assert (dropped.row, dropped.kind) == (2, kind)


def test_heads_are_read_without_the_rest() -> None:
    rows = [GOOD, {**GOOD, "images": [png()[:-28]]}, GOOD]
    assert [len(read_questions(rows, None, [media_readable(check)])[1]) for check in ("header", "decode")] == [0, 1]  # type: ignore[arg-type]


def test_what_fails_when_it_is_decoded_is_told_apart_from_the_rest(tmp_path: Path) -> None:
    for name in "abc":
        picture().save(tmp_path / f"{name}.png")
    rows = [{"id": name, "prompt": "?", "answer": "1", "images": [f"{name}.png"]} for name in "abc"]
    questions, _ = read_questions(write_rows(tmp_path / "train.jsonl", rows), None, [media_readable("header")])
    (tmp_path / "b.png").unlink()

    def broken() -> Any:
        raise DataError("the camera was off")

    made = Question("d", M, "1", {}, (Media("image", "d", broken),))
    good, dropped = readable([*questions, made, Question("e", "1+1?", "2")])
    assert [q.id for q in good] == ["a", "c", "e"]
    assert [(d.source, d.row, d.id) for d in dropped] == [(str(tmp_path / "train.jsonl"), 2, "b"), (None, None, "d")]
    assert "there is no such file" in str(dropped[0]) and str(dropped[1]) == "question 'd': the camera was off"
