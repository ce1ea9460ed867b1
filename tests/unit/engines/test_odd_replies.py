"""Replies that are odd, hostile or endless: each is bounded, and classified by what it says."""

import gzip
import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import flaky
import pytest
from flaky import FlakyServer, Request, Response
from talk import always, asking, completion, counted, echo, prompt

from zppo.engines import bounded, servers
from zppo.engines.base import ask_all
from zppo.engines.replies import Malformed, decoded, read_reply
from zppo.errors import EngineError
from zppo.types import Rollout, Sampling

THINKING = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(flaky, "RETRY_AFTER", 0)


def read(content: Any, finish: Any = "stop", usage: Any = None, **message: Any) -> Rollout:
    choice = {"message": {"content": content, **message}, "finish_reason": finish}
    return read_reply({"choices": [choice], "usage": usage}, 1).rollouts[0]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "ab"),
        ([THINKING, {"type": "text", "text": "b"}], "<think>hm</think>b"),
        ([{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "b"}], "<think>hm</think>b"),
        ([{"type": "reasoning", "text": "hm"}, {"type": "text", "text": "b"}], "<think>hm</think>b"),
        (["a", {"type": "text", "text": "b"}], "ab"),
    ],
)
def test_a_content_in_parts_is_joined(content: Any, text: str) -> None:
    assert read(content).text == text


@pytest.mark.parametrize(
    "content",
    [[], [3], [{"type": "image", "image": "x"}], [{"type": "text", "text": 3}], [THINKING], {"text": "a"}, [[["a"]]]],
)
def test_parts_that_hold_no_response_are_none(content: Any) -> None:
    with pytest.raises(Malformed):
        read(content)


@pytest.mark.parametrize(
    "finish", ["length", "max_tokens", "MAX_TOKENS", "model_length", "tool_calls", "SAFETY", 3, []]
)
def test_what_did_not_stop_by_itself_was_cut_off(finish: Any) -> None:
    assert read("a", finish).finish_reason == "length"


@pytest.mark.parametrize("finish", ["stop", "STOP", "eos", "end_turn", "stop_sequence"])
def test_what_stopped_by_itself_is_finished(finish: str) -> None:
    assert read("a", finish).finish_reason == "stop"


@pytest.mark.parametrize("content", ["", " \n", None])
def test_thoughts_alone_are_no_response_unless_they_were_cut_off(content: str | None) -> None:
    with pytest.raises(Malformed):
        read(content, "stop", reasoning_content="hm")
    assert read(content, "length", reasoning_content="hm").text == "<think>hm"


def test_thoughts_that_come_twice_are_taken_once() -> None:
    assert read("<think>hm</think>b", reasoning_content="hm").text == "<think>hm</think>b"
    assert read("hm</think>b", reasoning_content="hm").text == "hm</think>b"
    assert read("b", reasoning_content="hm", reasoning="hm").text == "<think>hm</think>b"
    assert read([THINKING, {"type": "text", "text": "b"}], reasoning_content="hm").text == "<think>hm</think>b"


@pytest.mark.parametrize("count", [10**400, 10**10, -1])
@pytest.mark.parametrize("name", ["prompt_tokens", "completion_tokens"])
def test_an_impossible_count_is_malformed(name: str, count: int) -> None:
    with pytest.raises(Malformed, match=f"impossible number of {name}"):
        read("a", usage={name: count})


@pytest.mark.parametrize("usage", ["many", [], {"completion_tokens": "9"}, {"completion_tokens": True}, {"x": 1}])
def test_a_usage_that_says_nothing_counts_nothing(usage: Any) -> None:
    assert read("a", usage=usage).tokens == 0


def test_half_a_surrogate_pair_can_be_written_to_a_file() -> None:
    text = read(json.loads('"a \\ud83d b \\ud83d\\ude00"')).text
    assert text == "a \ufffd b \U0001f600" and text.encode("utf-8")


@pytest.mark.parametrize("ids", [[-1], ["a"], [True], [10**400], {"a": 1}, "12"])
def test_token_ids_that_are_none_are_not_taken(ids: Any) -> None:
    choice = {"message": {"content": "a"}, "finish_reason": "stop", "token_ids": ids}
    assert read_reply({"choices": [choice]}, 1).rollouts[0].token_ids == []


@pytest.mark.parametrize("body", [b"[" * 200_000, b'{"a":' * 200_000, b"1" * 100_000, b"\xff\xfe", b"NaN?"])
def test_a_body_that_cannot_be_read_is_malformed_and_tried_again(body: bytes) -> None:
    with pytest.raises(Malformed):
        decoded(body)
    answers = iter([Response(200, body), completion({"content": "a"})])
    with FlakyServer(lambda request: next(answers)) as server, asking(server) as engine:
        assert ask_all(engine, [prompt()], 1, Sampling())[0].rollouts
        assert counted(engine) == {"calls": 2, "retries": 1, "malformed": 1}


def error(status: int = 200, message: str = "words of the server", **fields: Any) -> Response:
    return Response(status, json.dumps({"error": {"message": message, **fields}}).encode())


@pytest.mark.parametrize(
    ("fields", "counter"),
    [
        ({"code": 429}, "rate_limited"),
        ({"code": "rate_limit_exceeded"}, "rate_limited"),
        ({"code": 503}, "server_errors"),
        ({"code": "502", "type": "whatever"}, "server_errors"),
        ({"type": "server_error"}, "server_errors"),
        ({"code": None}, "malformed"),
        ({"code": 12}, "malformed"),
        ({"code": 10**400}, "malformed"),
    ],
)
def test_an_error_object_in_a_200_is_tried_again_by_its_code_and_its_words_are_logged_once(
    fields: dict[str, Any], counter: str, caplog: pytest.LogCaptureFixture
) -> None:
    answers = iter([error(**fields), error(**fields), completion({"content": "a"})])
    with FlakyServer(lambda request: next(answers)) as server, asking(server) as engine:
        assert ask_all(engine, [prompt()], 1, Sampling())[0].rollouts
        assert counted(engine) == {"calls": 3, "retries": 2, counter: 2}
    assert caplog.text.count("words of the server") == 1


@pytest.mark.parametrize("fields", [{"code": 401}, {"code": "invalid_api_key"}, {"code": 404}, {"code": "400"}])
def test_an_error_object_in_a_200_is_a_refusal_by_its_code(fields: dict[str, Any]) -> None:
    with FlakyServer(always(error(**fields))) as server, asking(server) as engine:
        with pytest.raises(EngineError, match="words of the server"):
            ask_all(engine, [prompt()], 1, Sampling())
        assert counted(engine) == {"calls": 1, "refused": 1}


def test_an_account_that_has_run_out_is_a_key_that_has_run_out(caplog: pytest.LogCaptureFixture) -> None:
    gone = [False]
    no_credit = error(429, code="insufficient_quota")

    def answer(request: Request) -> Response:
        return no_credit if gone[0] else echo(request)

    with FlakyServer(always(no_credit)) as server, asking(server) as engine:
        with pytest.raises(EngineError, match=r"HTTP 429.*OPENAI_API_KEY has run out: add credit"):
            ask_all(engine, [prompt()], 1, Sampling())
        assert counted(engine) == {"calls": 1, "refused": 1}, "and is not asked again and again"
    with FlakyServer(answer) as server, asking(server) as engine:
        ask_all(engine, [prompt()], 1, Sampling())
        gone[0] = True
        assert ask_all(engine, [prompt("two?")], 1, Sampling())[0].rollouts == []
    assert "question 'two?'" in caplog.text and "add credit" in caplog.text


def test_what_is_missing_after_a_refusal_is_completed_by_further_calls() -> None:
    refusing = [True]

    def two_and_a_refusal(request: Request) -> Response:
        if request.json.get("n", 1) > 1:
            return echo(request, give=lambda n: 2)
        if refusing.pop() if refusing else False:
            return Response(400, b"not now")
        return echo(request)

    with FlakyServer(two_and_a_refusal) as server, asking(server) as engine:
        texts = [r.text for r in ask_all(engine, [prompt()], 4, Sampling())[0].rollouts]
        assert counted(engine) == {"calls": 4, "refused": 1}
    assert len(set(texts)) == 4


RETRY_AFTERS = [
    "Fri, 31 Dec 99999 23:59:59 GMT",
    "Fri, 31 Dec 999999999999999999999 23:59:59 GMT",
    "1e999",
    "-5",
    "nan",
    "soon",
    "Fri, 99 Foo 2020 99:99:99 +9999999999",
    "9" * 5000,
    "",
]


class Raw:
    """A server that writes `answer(handler)` by hand."""

    def __init__(self, answer: Any) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                self.do_GET()

            def do_GET(self) -> None:
                self.close_connection = True
                with suppress(OSError):  # the client has had enough
                    answer(self)

            def log_message(self, *arguments: Any) -> None: ...

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.handle_error = lambda *arguments: None  # type: ignore[method-assign]
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"

    def __enter__(self) -> "Raw":
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.http.shutdown()
        self.http.server_close()


def send(handler: Any, body: bytes, status: int = 200, **headers: str) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


@pytest.mark.parametrize("value", RETRY_AFTERS, ids=lambda value: value[:20])
def test_no_retry_after_is_absurd_enough_to_end_a_call(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zppo.engines.faults.LONGEST_WAIT", 0.05)
    answers = iter([(b"{}", 429), (completion({"content": "a"}).body, 200)])

    def answer(handler: Any) -> None:
        body, status = next(answers)
        send(handler, body, status, Retry_After=value)

    with Raw(answer) as server, asking(server.url) as engine:
        assert ask_all(engine, [prompt()], 1, Sampling())[0].rollouts
        assert counted(engine) == {"calls": 2, "retries": 1, "rate_limited": 1}


def endless(handler: Any, status: int = 200, block: bytes = b" " * 2**16) -> None:
    handler.send_response(status)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    while True:
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(block), block))


def bomb(handler: Any) -> None:
    send(handler, gzip.compress(b" " * 2**24), Content_Encoding="gzip")


@pytest.mark.parametrize(
    ("answer", "counter"),
    [(endless, "malformed"), (lambda handler: endless(handler, 500), "malformed"), (bomb, "malformed")],
    ids=["endless", "endless error", "packed"],
)
def test_a_body_is_limited_in_bytes(answer: Any, counter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "LONGEST_REPLY", 2**20)
    with Raw(answer) as server, asking(server.url, tries=2) as engine:
        assert ask_all(engine, [prompt()], 1, Sampling())[0].rollouts == []
        assert counted(engine) == {"calls": 2, "retries": 1, counter: 2, "failed": 1}


def dripping(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    while True:
        handler.wfile.write(b" ")
        time.sleep(0.02)


def test_a_reply_that_drips_is_limited_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "CONNECT", 0.2)
    with Raw(dripping) as server, asking(server.url, tries=1, timeout=0.2) as engine:
        assert ask_all(engine, [prompt()], 1, Sampling())[0].rollouts == []
        assert counted(engine) == {"calls": 1, "timeouts": 1, "failed": 1}
        with pytest.raises(EngineError, match=r"no list of models within 0\.2 seconds"):
            engine.check()


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[str]:
    monkeypatch.setenv("TEACHER_KEY", "sk-canary-77")
    with caplog.at_level(logging.WARNING):
        yield "sk-canary-77"


def test_the_words_that_are_logged_hold_no_key(key: str, caplog: pytest.LogCaptureFixture) -> None:
    answers = iter([error(message=f"who is {key}?"), completion({"content": "a"})])
    with FlakyServer(lambda request: next(answers)) as server, asking(server, api_key_env="TEACHER_KEY") as engine:
        assert ask_all(engine, [prompt()], 1, Sampling())[0].rollouts
    assert "who is [API key]?" in caplog.text and key not in caplog.text
