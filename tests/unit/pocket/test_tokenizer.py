import pytest

from zppo.pocket.clusters import MAX_NUMBER
from zppo.pocket.curriculum import TEMPLATES
from zppo.pocket.problems import NAMES, OBJECTS, PLACES
from zppo.pocket.tokenizer import SPECIAL, THINK, build_tokenizer


@pytest.fixture(scope="module")
def tokenizer():
    return build_tokenizer(path.read_text() for path in sorted(TEMPLATES.glob("*.txt")))


def pieces(tokenizer, text):
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def test_words_tags_and_numbers_are_single_tokens(tokenizer):
    words = [*NAMES, *(f" {word}" for word in (*NAMES, *OBJECTS, *PLACES))]
    numbers = [str(number) for number in range(MAX_NUMBER + 1)]
    for text in (
        *words,
        *numbers,
        *SPECIAL,
        *THINK,
        " seconds",
        " red",
        "<candidate",
        "</candidate",
        "\\boxed{",
        "assistant",
    ):
        assert len(pieces(tokenizer, text)) == 1, text
    assert len(tokenizer) <= 1000


def test_a_number_is_the_same_token_in_a_sentence_and_in_an_equation(tokenizer):
    (number,) = pieces(tokenizer, "15")
    assert number in pieces(tokenizer, "Tom has 15 pens") and pieces(tokenizer, "15-6=9")[0] == number


@pytest.mark.parametrize(
    "text", ["naïve 😀👩‍🚀 \x00\x07", " \t\r\n  a  b ", "1234567 ½ ² \\boxed{{", "</think <candidate"]
)
def test_any_text_survives_the_round_trip(tokenizer, text):
    assert tokenizer.decode(pieces(tokenizer, text)) == text


def test_chat_has_qwens_shape(tokenizer):
    message = [{"role": "user", "content": "Hi"}]
    text = tokenizer.apply_chat_template(message, add_generation_prompt=True, tokenize=False)
    assert text == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>"
    parts = [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]
    assert tokenizer.apply_chat_template(parts, add_generation_prompt=True, tokenize=False) == text


def test_media_stand_in_the_chat_as_in_qwens():
    tokenizer = build_tokenizer([])
    parts = [{"type": "image"}, {"type": "video"}, {"type": "text", "text": "Hi"}]
    text = tokenizer.apply_chat_template([{"role": "user", "content": parts}], tokenize=False)
    image, video = (f"<|vision_start|><|{kind}_pad|><|vision_end|>" for kind in ("image", "video"))
    assert text == f"<|im_start|>user\n{image}{video}Hi<|im_end|>\n"
