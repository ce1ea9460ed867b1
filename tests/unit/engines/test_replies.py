from typing import Any

import pytest
from flaky import Request
from talk import completion

from zppo.engines.replies import Malformed, read_reply
from zppo.types import Rollout


def read(*messages: dict[str, Any], n: int = 9, **more: Any) -> list[Rollout]:
    response = completion(*messages, **more)
    return read_reply(Request("", {}, response.body).json, n).rollouts


def test_thoughts_that_a_server_splits_off_are_put_back() -> None:
    assert read({"content": "b", "reasoning_content": "a"})[0].text == "<think>a</think>b"
    assert read({"content": "b", "reasoning": "a"})[0].text == "<think>a</think>b"
    assert read({"content": None, "reasoning_content": "a"}, finish="length")[0].text == "<think>a"
    assert read({"content": "b", "reasoning_content": None})[0].text == "b"


def test_a_response_is_cut_off_or_it_is_not() -> None:
    assert read({"content": "a"}, finish="length")[0].finish_reason == "length"
    assert read({"content": "a"}, finish="eos")[0].finish_reason == "stop"


def test_an_empty_text_is_a_response_and_no_text_is_none() -> None:
    assert [r.text for r in read({"content": ""}, {"content": None}, {"content": 3}, {})] == [""]
    with pytest.raises(Malformed):
        read({"content": None})


@pytest.mark.parametrize("finish", [None, "content_filter", "abort", "error"])
def test_a_response_that_the_server_broke_off_is_none(finish: str | None) -> None:
    with pytest.raises(Malformed):
        read({"content": "I will n"}, finish=finish)


def test_tokens_are_shared_out_so_that_their_sum_is_right() -> None:
    assert [r.tokens for r in read({"content": "a"}, {"content": "b"}, {"content": "c"})] == [6, 5, 5]
    assert [r.tokens for r in read({"content": "a"}, usage=None)] == [0]


def test_token_ids_are_taken_where_a_server_gives_them() -> None:
    choice = {"message": {"content": "a"}, "finish_reason": "stop", "token_ids": [4, 2]}
    rollout = read_reply({"choices": [choice], "usage": {"completion_tokens": 9}}, 1).rollouts[0]
    assert (rollout.token_ids, rollout.tokens) == ([4, 2], 2)


@pytest.mark.parametrize("data", [None, [], {}, {"choices": None}, {"choices": [None]}, {"choices": [{"message": 1}]}])
def test_anything_else_is_malformed(data: Any) -> None:
    with pytest.raises(Malformed):
        read_reply(data, 1)
