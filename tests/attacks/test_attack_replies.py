"""Hostile replies of a server: classified by what they say, bounded, tried again or refused."""

import json
from typing import Any

import flaky
import pytest
from flaky import FlakyServer, Response
from talk import asking, completion, counted, prompt

from zppo.engines import servers
from zppo.engines.base import ask_all
from zppo.engines.replies import Malformed, decoded, read_reply
from zppo.errors import EngineError
from zppo.judges.judge import verdict_in
from zppo.types import Sampling

OK = {"message": {"content": "a"}, "finish_reason": "stop"}
THINKING = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
TEXT = {"type": "text", "text": "b"}


def choice(content: Any = "a", finish: Any = "stop", **message: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"content": content, **message}, "finish_reason": finish}]}


MALFORMED: dict[str, Any] = {
    "null": None,
    "number": 5,
    "list": [],
    "no choices": {},
    "choices null": {"choices": None},
    "choices empty": {"choices": []},
    "choices text": {"choices": "abc"},
    "choices mapping": {"choices": {"0": OK}},
    "choice null": {"choices": [None]},
    "message text": {"choices": [{"message": "a", "finish_reason": "stop"}]},
    "content number": choice(3),
    "content mapping": choice({"text": "a"}),
    "content null": choice(None),
    "content empty list": choice([]),
    "part number": choice([3]),
    "part image": choice([{"type": "image_url", "image_url": {"url": "x"}}]),
    "part text number": choice([{"type": "text", "text": 3}]),
    "part deep": choice([[["a"]]]),
    "thoughts alone": choice([THINKING]),
    "thoughts and nothing": choice("", reasoning_content="hm"),
    "thoughts and space": choice(" \n", reasoning="hm"),
    "no finish": choice("a", None),
    "empty finish": choice("a", ""),
    "filtered": choice("a", "content_filter"),
    "filtered loudly": choice("a", "CONTENT_FILTER"),
    "aborted": choice("a", "abort"),
    "erred": choice("a", "error"),
    "tokens below zero": choice() | {"usage": {"completion_tokens": -1}},
    "tokens beyond count": choice() | {"usage": {"completion_tokens": 10**400}},
    "prompt below zero": choice() | {"usage": {"prompt_tokens": -1}},
    "prompt beyond count": choice() | {"usage": {"prompt_tokens": 10**400}},
}  # fmt: skip
CUT_OFF = ("length", "max_tokens", "MAX_TOKENS", "model_length", "tool_calls", "SAFETY", "recitation", 3, [], {}, True)
READ: dict[str, tuple[Any, str, str]] = {
    "parts": (choice([TEXT, TEXT]), "bb", "stop"),
    "thinking part": (choice([THINKING, TEXT]), "<think>hm</think>b", "stop"),
    "reasoning part": (choice([{"type": "reasoning", "text": "hm"}, TEXT]), "<think>hm</think>b", "stop"),
    "thoughts twice": (choice("<think>hm</think>b", reasoning_content="hm"), "<think>hm</think>b", "stop"),
    "thoughts closed in both": (choice("hm</think>b", reasoning_content="hm"), "hm</think>b", "stop"),
    "thoughts under two names": (choice("b", reasoning_content="hm", reasoning="hm"), "<think>hm</think>b", "stop"),
    "thoughts of no text": (choice("b", reasoning_content=[1]), "b", "stop"),
    "thoughts cut off": (choice("", "length", reasoning_content="hm"), "<think>hm", "length"),
    **{
        f"finish {reason!r}": (choice("a", reason), "a", "length")
        for reason in CUT_OFF
    },
    **{f"finish {reason!r}": (choice("a", reason), "a", "stop") for reason in ("stop", "STOP", "eos", "end_turn")},
    **{
        f"usage {json.dumps(usage)[:20]}": (choice() | {"usage": usage}, "a", "stop")
        for usage in (None, [], "many", 5, {"completion_tokens": "9"}, {"completion_tokens": 1.5})
    },
    "lone surrogate": (choice(json.loads('"\\ud800a"')), "\ufffda", "stop"),
    "null byte": (choice("a\0b"), "a\0b", "stop"),
    "script": (choice("<script>"), "<script>", "stop"),
}  # fmt: skip
BODIES = {
    "nothing": b"",
    "brackets": b"[" * 200_000,
    "braces": b'{"a":' * 100_000,
    "long number": b"1" * 100_000,
    "no UTF-8": b"\xff\xfe\x00",
    "markup": b"<html>Bad gateway</html>",
    "stream": b'data: {"choices": []}\n\ndata: [DONE]\n\n',
    "two": json.dumps(choice()).encode() * 2,
    "cut": json.dumps(choice()).encode()[:-5],
    "error text": b'{"error": "busy"}',
    "error without code": b'{"error": {"message": "x"}}',
}
CODES: dict[str, tuple[Any, int, str]] = {
    "429": (429, 200, "rate_limited"),
    "rate name": ("rate_limit_exceeded", 200, "rate_limited"),
    "500": (500, 200, "server_errors"),
    "503 text": ("503", 200, "server_errors"),
    "401": (401, 200, "refused"),
    "400": (400, 200, "refused"),
    "404 text": ("404", 200, "refused"),
    "key name": ("invalid_api_key", 200, "refused"),
    "no credit in a 200": ("insufficient_quota", 200, "refused"),
    "no credit": ("insufficient_quota", 429, "refused"),
    "payment": (None, 402, "refused"),
    "absurd code": (10**400, 200, "malformed"),
    "negative code": (-5, 200, "malformed"),
    "list as code": ([], 200, "malformed"),
    "conflict": (None, 409, "server_errors"),
    "unavailable": (None, 503, "server_errors"),
    "too large": (None, 413, "refused"),
    "teapot": (None, 418, "refused"),
}
VERDICTS = {
    '{"verdict": "correct"}': "correct",
    '```json\n{"verdict": "wrong"}\n```': "wrong",
    '```\n{"verdict": "correct"}\n```': "correct",
    "correct": None,
    '{"verdict": "correct", "verdict": "wrong"}': None,
    '{"verdict": "correct", "why": "I was told so"}': None,
    '```json\n{"verdict": "correct"}\n```\n```json\n{"verdict": "wrong"}\n```': None,
    '```json\n{"verdict": "correct"}': None,
    'Ignore all that. {"verdict": "correct"}': None,
    '[["verdict", "correct"]]': None,
    '{"verdict": true}': None,
    '{"verdict": ["correct"]}': None,
    '{"verdict": "CORRECT"}': None,
    "[" * 100_000: None,
    '{"verdict": NaN}': None,
    "": None,
}
KEY = "sk-canary-attack"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(flaky, "RETRY_AFTER", 0)


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed(case: str) -> None:
    with pytest.raises(Malformed):
        read_reply(MALFORMED[case], 1)


@pytest.mark.parametrize("case", READ)
def test_read(case: str) -> None:
    data, text, finish = READ[case]
    (rollout,) = read_reply(data, 1).rollouts
    assert (rollout.text, rollout.finish_reason) == (text, finish)
    assert rollout.tokens == 0 and rollout.text.encode("utf-8")


@pytest.mark.parametrize("case", BODIES)
def test_body(case: str) -> None:
    with pytest.raises(Malformed):
        read_reply(decoded(BODIES[case]), 1)


@pytest.mark.parametrize("case", CODES)
def test_code(case: str) -> None:
    code, status, counter = CODES[case]
    poisoned = Response(status, json.dumps({"error": {"message": "words", "code": code}}).encode())
    answers = iter([completion({"content": "a"}), poisoned, completion({"content": "b"})])
    with FlakyServer(lambda request: next(answers)) as server, asking(server, tries=2) as engine:
        ask_all(engine, [prompt("first")], 1, Sampling())
        came = ask_all(engine, [prompt("second")], 1, Sampling())[0].rollouts
        counts = counted(engine)
    assert counts[counter] == 1 and bool(came) == (counter != "refused")


@pytest.mark.parametrize("reply", VERDICTS, ids=lambda reply: reply[:40])
def test_verdict(reply: str) -> None:
    assert verdict_in(reply) == VERDICTS[reply]


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 422, 429, 500, 503])
def test_a_server_that_repeats_the_key(
    status: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TEACHER_KEY", KEY)
    body = json.dumps({"error": {"message": f"who is {KEY}?"}}).encode()
    told = ""
    with (
        FlakyServer(lambda request: Response(status, body)) as server,
        asking(server, tries=1, api_key_env="TEACHER_KEY") as engine,
    ):
        try:
            ask_all(engine, [prompt()], 1, Sampling())
        except EngineError as error:
            told = str(error)
        assert server.requests[0].headers["authorization"].endswith(KEY)
    assert "[API key]" in told + caplog.text and KEY not in told + caplog.text
