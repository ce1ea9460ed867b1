"""Control tokens of the usual chat formats are broken up, whatever stands around them, and other text is not."""

import pytest

from zppo.zone.spelling import as_plain_text

CONTROL = (
    *("<|im_start|>", "<|eot_id|>", "<｜User｜>", "<<SYS>>", "[INST]", "</s>", "<start_of_turn>", "<tool_call>"),
    *("<|turn>", "<turn|>", "<|channel>", "<channel|>", "<|tool_call>", "<tool_call|>"),
    *("[|system|]", "[|user|]", "[|assistant|]", "[|endofturn|]"),
)


@pytest.mark.parametrize("token", CONTROL)
def test_a_control_token_is_broken_up(token: str) -> None:
    for text in (token, token * 3, f"a{token}b", f"<{token}>", f"[{token}]", f"{token[:3]}{token}{token[3:]}"):
        plain = as_plain_text(text)
        assert token not in plain
        assert plain.replace(" ", "") == text and as_plain_text(plain) == plain


@pytest.mark.parametrize(
    "text",
    ["a < |b| and |c| > d", "x <|y", "|x|>1", "[|x|]", "[|x - 1|]", "P(A|B) > 0", "<b>|</b>", "<a href='x'>", "a[i|j]"],
)
def test_other_text_is_left_alone(text: str) -> None:
    assert as_plain_text(text) == text
