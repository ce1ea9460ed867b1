import logging
import time
import traceback
from collections.abc import Iterator

import flaky
import pytest
from flaky import Answer, FlakyServer, Request, Response
from talk import always, asking, completion, counted, echo, listing, prompt

from zppo.engines import servers
from zppo.engines.base import ask_all
from zppo.errors import EngineError
from zppo.types import Sampling

DEAD = "http://127.0.0.1:9/v1"
CANARY = "sk-canary-5f2b"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(flaky, "RETRY_AFTER", 0)


@pytest.mark.parametrize(
    ("fault", "counter"),
    [
        ("rate_limit", "rate_limited"),
        ("error", "server_errors"),
        ("drop", "connection_errors"),
        ("truncate", "malformed"),
    ],
)
def test_a_fault_is_counted_and_mended_by_trying_again(fault: str, counter: str) -> None:
    with FlakyServer(echo, [fault, fault]) as server, asking(server) as engine:
        group = ask_all(engine, [prompt()], 2, Sampling())[0]
        assert len(group.rollouts) == 2
        assert counted(engine) == {"calls": 3, "retries": 2, counter: 2}
        assert counted(engine) == {}
    assert len({request.body for request in server.requests}) == 1


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'{"error": "busy"}', b'{"choices": []}', b"<html>", b"\xff"])
def test_what_is_no_chat_completion_is_malformed(body: bytes) -> None:
    with FlakyServer(always(Response(200, body))) as server, asking(server, tries=2) as engine:
        assert ask_all(engine, [prompt()], 1, Sampling())[0].rollouts == []
        assert counted(engine) == {"calls": 2, "retries": 1, "malformed": 2, "failed": 1}


def test_a_call_that_takes_too_long_is_given_up() -> None:
    with FlakyServer(echo, ["latency"]) as server, asking(server, timeout=0.1) as engine:
        assert ask_all(engine, [prompt()], 1, Sampling())[0].rollouts
        assert counted(engine) == {"calls": 2, "retries": 1, "timeouts": 1}


def test_after_the_last_try_the_group_has_no_rollouts_and_they_are_counted() -> None:
    with asking(DEAD, tries=3) as engine:
        groups = ask_all(engine, [prompt("a"), prompt("b")], 4, Sampling())
        assert [g.rollouts for g in groups] == [[], []]
        assert counted(engine) == {"calls": 6, "retries": 4, "connection_errors": 6, "failed": 8}


def test_a_group_keeps_what_came() -> None:
    answers = iter([completion({"content": "a"}), *[Response(503, b"")] * 3])
    with FlakyServer(lambda request: next(answers)) as server, asking(server, tries=3) as engine:
        assert [r.text for r in ask_all(engine, [prompt()], 2, Sampling())[0].rollouts] == ["a"]
        assert counted(engine) == {"calls": 4, "retries": 2, "server_errors": 3, "failed": 1}


def test_the_next_server_is_asked_when_one_fails_and_a_dead_one_is_left_alone() -> None:
    with FlakyServer(echo) as server, asking(DEAD, server, concurrency=1) as engine:
        groups = ask_all(engine, [prompt(str(i)) for i in range(20)], 1, Sampling())
        assert all(g.rollouts for g in groups)
        assert counted(engine)["connection_errors"] == servers.FAILURES


def test_a_server_is_given_the_time_it_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flaky, "RETRY_AFTER", 0.4)
    with FlakyServer(echo, ["rate_limit"]) as server, asking(server) as engine:
        started = time.monotonic()
        assert ask_all(engine, [prompt()], 1, Sampling())[0].rollouts
    assert time.monotonic() - started >= 0.4


def test_another_server_is_asked_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flaky, "RETRY_AFTER", 30)
    with FlakyServer(echo, ["rate_limit"] * 9) as busy, FlakyServer(echo) as idle, asking(busy, idle) as engine:
        assert ask_all(engine, [prompt()], 1, Sampling())[0].rollouts
        ask_all(engine, [prompt(str(i)) for i in range(4)], 1, Sampling())
    assert (len(busy.requests), len(idle.requests)) == (1, 5)


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "says what it does not accept"),
        (401, "variable OPENAI_API_KEY"),
        (403, "allowed to use this model"),
        (404, "check the model name"),
        (422, "says what it does not accept"),
    ],
)
def test_a_refusal_is_an_error_at_once_in_the_words_of_the_server(status: int, advice: str) -> None:
    refusing = always(Response(status, b'{"error": {"message": "not like this"}}'))
    with FlakyServer(refusing) as server, asking(server) as engine:
        with pytest.raises(EngineError, match=f"(?s){server.url}.*HTTP {status}.*not like this.*{advice}"):
            ask_all(engine, [prompt()], 1, Sampling())
        assert counted(engine) == {"calls": 1, "refused": 1}


def short_sighted(request: Request, longest: int = 20) -> Response:
    """Takes its time over what it answers, and refuses at once what is too long."""
    if len(request.json["messages"][0]["content"]) > longest:
        return Response(400, b"maximum context length")
    time.sleep(0.1)
    return echo(request)


def test_one_prompt_too_long_ends_no_run_even_if_its_refusal_is_the_first_word(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked = [prompt("a very long question indeed"), *(prompt(f"q{i}") for i in range(5))]
    with FlakyServer(short_sighted) as server, asking(server) as engine:
        assert [len(g.rollouts) for g in ask_all(engine, asked, 2, Sampling())] == [0, 2, 2, 2, 2, 2]
        assert counted(engine) == {"calls": 6, "refused": 1, "failed": 2}
    assert "question 'a very long question indeed': " in caplog.text and "maximum context length" in caplog.text


def test_a_server_that_refuses_a_call_for_several_responses_is_asked_for_one_at_a_time() -> None:
    def single(request: Request) -> Response:
        return Response(400, b"n must be 1") if "n" in request.json else echo(request)

    with FlakyServer(single) as server, asking(server) as engine:
        for _ in range(2):
            assert len(ask_all(engine, [prompt()], 3, Sampling())[0].rollouts) == 3
    assert ["n" in request.json for request in server.requests].count(True) == 1


def test_what_one_server_refuses_is_asked_of_another() -> None:
    gone = always(Response(404, b"no such model"))
    with FlakyServer(gone) as one, FlakyServer(echo) as two, asking(one, two, tries=1, concurrency=1) as engine:
        groups = ask_all(engine, [prompt(str(i)) for i in range(20)], 1, Sampling())
        assert all(g.rollouts for g in groups)
        assert counted(engine) == {"calls": 23, "refused": servers.FAILURES}


def test_while_nobody_answers_one_short_call_goes_ahead_and_the_rest_waits_for_it() -> None:
    down, told = [True], []

    def sometimes(request: Request) -> Response:
        told.append(request.json["messages"][0]["content"])
        return Response(503, b"") if down[0] else echo(request)

    with FlakyServer(sometimes) as server, asking(server, tries=3) as engine:
        for calls in (3 * 4, 1, 1):
            assert [g.rollouts for g in ask_all(engine, [prompt(str(i)) for i in range(4)], 2, Sampling())] == [[]] * 4
            assert len(told) == calls
            told.clear()
        down[0] = False
        assert all(g.rollouts for g in ask_all(engine, [prompt(str(i)) for i in range(4)], 2, Sampling()))
        assert told[0] == "Say yes." and len(told) == 5
        assert counted(engine)["failed"] == 3 * 4 * 2


def serving(*names: str, lists: tuple[str, ...] | None = None) -> Answer:
    """A server of some models, which lists those or others, and refuses all it does not serve."""

    def answer(request: Request) -> Response:
        if request.path.endswith("/models"):
            return listing(*(names if lists is None else lists))
        return echo(request) if request.json["model"] in names else Response(404, b"no such model")

    return answer


def test_the_model_is_the_wanted_one_or_the_only_one() -> None:
    with FlakyServer(serving("a", "b")) as two, FlakyServer(serving("a")) as one:
        for wanted, server, used in (("b", two, "b"), (None, one, "a"), ("elsewhere", one, "a")):
            with asking(server, model=wanted) as engine:
                engine.check()
                assert engine.model == used and counted(engine) == {}
        for wanted, told in (
            (None, "served there: a, b"),
            ("c", r"does not serve 'c'; .* there: a, b \(.*no such model"),
        ):
            with asking(two, model=wanted) as engine, pytest.raises(EngineError, match=told):
                engine.check()
        with asking(two, one, model="b") as engine, pytest.raises(EngineError, match=f"{one.url} does not serve 'b'"):
            engine.check()


def test_a_model_that_is_served_without_being_listed_is_taken_also_beside_a_list() -> None:
    for elsewhere in (("somebody's",), ("somebody's", "somebody else's")):
        with FlakyServer(serving("mine", lists=elsewhere)) as server, asking(server, model="mine") as engine:
            engine.check()
            assert engine.model == "mine"
            assert ask_all(engine, [prompt()], 1, Sampling())[0].rollouts


def test_a_server_that_is_busy_refuses_no_name() -> None:
    with FlakyServer(serving("mine", lists=("other",)), ["error"]) as server, asking(server, model="mine") as engine:
        engine.check()
        assert engine.model == "mine"


def test_models_that_know_another_name_for_the_limit_are_told_it() -> None:
    def modern(request: Request) -> Response:
        if "max_tokens" in request.json:
            return Response(400, b"{'max_tokens' is not supported. Use 'max_completion_tokens' instead.}")
        return echo(request)

    with FlakyServer(modern) as server:
        with asking(server) as engine, pytest.raises(EngineError, match=r"set teacher\.length_field"):
            ask_all(engine, [prompt()], 1, Sampling())
        with asking(server, length_field="max_completion_tokens") as engine:
            assert ask_all(engine, [prompt()], 1, Sampling(max_tokens=9))[0].rollouts
    assert server.requests[-1].json["max_completion_tokens"] == 9


@pytest.mark.parametrize("response", [Response(404, b""), Response(500, b""), Response(200, b"[]")])
def test_a_server_that_lists_nothing_is_taken_at_its_word(response: Response) -> None:
    with FlakyServer(always(response)) as server:
        with asking(server, model="mine") as engine:
            engine.check()
            assert engine.model == "mine"
        with asking(server, model=None) as engine:
            with pytest.raises(EngineError, match="name one of"):
                engine.check()
            with pytest.raises(EngineError, match="name the model or call check"):
                engine.submit(prompt(), 1, Sampling())


def test_one_server_that_answers_is_enough_and_none_is_an_error() -> None:
    with FlakyServer(echo) as server, asking(DEAD, server) as engine:
        engine.check()
    with asking(DEAD) as engine, pytest.raises(EngineError, match=f"no server answers \\({DEAD}: .*start one"):
        engine.check()


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[str]:
    """A key in the environment, and everything that anybody logs is kept."""
    monkeypatch.setenv("TEACHER_KEY", CANARY)
    with caplog.at_level(logging.DEBUG):
        yield CANARY


def telling_it(request: Request) -> Response:
    """A server that repeats the key it was sent: as a refusal, or as a fault."""
    status = 500 if b"fault" in request.body else 401
    return Response(status, f"who is {request.headers['authorization']}?".encode())


def test_the_key_reaches_the_server_and_nothing_else(
    key: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with FlakyServer(telling_it) as server, asking(server, api_key_env="TEACHER_KEY", tries=2) as engine:
        with pytest.raises(EngineError, match="who is Bearer \\[API key\\]") as calling:
            ask_all(engine, [prompt()], 1, Sampling())
        with pytest.raises(EngineError, match="TEACHER_KEY") as checking:
            engine.check()
        ask_all(engine, [prompt("fault")], 1, Sampling())
        written = [repr(engine), repr(vars(engine)), str(engine.config), str(engine.metrics()), *capfd.readouterr()]
    written += [line for raised in (calling, checking) for line in traceback.format_exception(raised.value)]
    written += [repr((e.value, e.value.__context__, e.value.__cause__, e.value.args)) for e in (calling, checking)]
    assert server.requests[0].headers["authorization"] == f"Bearer {key}"
    assert "openai" in {record.name.partition(".")[0] for record in caplog.records}
    assert all(key not in text for text in (*written, caplog.text, repr([vars(r) for r in caplog.records])))


def test_the_key_is_read_at_every_call_and_need_not_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEACHER_KEY", raising=False)
    with FlakyServer(echo) as server, asking(server, api_key_env="TEACHER_KEY") as engine:
        ask_all(engine, [prompt()], 1, Sampling())
        monkeypatch.setenv("TEACHER_KEY", "later\n")
        ask_all(engine, [prompt()], 1, Sampling())
        monkeypatch.setenv("TEACHER_KEY", "two\nlines")
        with pytest.raises(EngineError, match="TEACHER_KEY holds characters") as broken:
            ask_all(engine, [prompt()], 1, Sampling())
    assert [r.headers["authorization"] for r in server.requests] == ["Bearer none", "Bearer later"]
    assert "lines" not in str(broken.value)
