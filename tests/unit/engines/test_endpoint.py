import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest
from contract import TextEngineContract
from flaky import FlakyServer
from talk import asking, counted, echo, prompt, talk

from zppo.config import EndpointConfig
from zppo.engines import endpoint
from zppo.engines.base import REQUIRED, SPECULATIVE, Priority, ask_all
from zppo.engines.endpoint import EndpointEngine
from zppo.errors import EngineError
from zppo.types import Prefix, Prompt, Sampling

SAMPLING = Sampling(max_tokens=9, temperature=0.7, top_p=0.9, seed=4)
ONE_ONLY = partial(echo, give=lambda n: 1)


class TestEndpoint(TextEngineContract):
    @pytest.fixture
    def engine(self) -> Iterator[EndpointEngine]:
        with FlakyServer(talk) as server, asking(server) as engine:
            yield engine


def test_groups_come_in_the_order_of_the_prompts_with_the_tokens_the_server_reports() -> None:
    prompts = [prompt(f"q{i}?") for i in range(20)]
    with FlakyServer(echo) as server, asking(server) as engine:
        groups = ask_all(engine, prompts, 3, SAMPLING)
        assert counted(engine) == {"calls": 20}
    assert [g.prompt for g in groups] == prompts
    assert all(r.text.startswith(g.prompt.text) for g in groups for r in g.rollouts)
    assert [r.tokens for r in groups[0].rollouts] == [6, 5, 5]
    assert (groups[0].prompt_tokens, groups[0].prompt_ids, groups[0].rollouts[0].token_ids) == (7, [], [])


def test_groups_are_handed_over_as_they_come() -> None:
    prompts, came = [prompt(f"q{i}?") for i in range(8)], []
    with FlakyServer(echo, ["latency"]) as server, asking(server) as engine:
        groups = ask_all(engine, prompts, 1, SAMPLING, came.extend)
    assert sorted(g.question.id for g in came) == sorted(g.question.id for g in groups)
    assert came != groups, "the first call was the last to be answered"


def test_the_request_says_how_to_sample_and_no_more() -> None:
    with FlakyServer(echo) as server, asking(server) as engine:
        ask_all(engine, [prompt()], 3, SAMPLING)
        ask_all(engine, [prompt()], 1, Sampling(top_k=20))
    first, second = (request.json for request in server.requests)
    assert first.pop("seed") in range(2**31)
    assert first == {
        "model": "echo",
        "messages": [{"role": "user", "content": "one?"}],
        "max_tokens": 9,
        "temperature": 0.7,
        "top_p": 0.9,
        "n": 3,
    }
    assert second["top_k"] == 20 and "n" not in second


def test_further_fields_go_with_every_call_and_some_with_those_that_think_or_do_not() -> None:
    slow, quick = ({"chat_template_kwargs": {"enable_thinking": thinks}} for thinks in (True, False))
    bodies = {"extra_body": {"user": "me"}, "thinking_body": slow, "no_thinking_body": quick}
    with FlakyServer(echo) as server, asking(server, **bodies) as engine:
        for thinking in ("on", "off", "template"):
            ask_all(engine, [prompt()], 1, replace(SAMPLING, thinking=thinking, top_k=20))
    sent = [request.json for request in server.requests]
    assert all(each["user"] == "me" and each["top_k"] == 20 for each in sent)
    assert [each.get("chat_template_kwargs") for each in sent] == [*slow.values(), *quick.values(), None]


def test_a_server_that_ignores_n_is_asked_once_for_each_response_and_remembered() -> None:
    with FlakyServer(ONE_ONLY) as server, asking(server) as engine:
        first = ask_all(engine, [prompt()], 4, SAMPLING)
        asked_at_first = len(server.requests)
        second = ask_all(engine, [prompt()], 4, SAMPLING)
    assert asked_at_first == 4 and len(server.requests) == 8
    assert [r.text for r in first[0].rollouts] == [r.text for r in second[0].rollouts]
    assert len({r.text for r in first[0].rollouts}) == 4
    assert ["n" in request.json for request in server.requests].count(True) == 1


@pytest.mark.parametrize(("give", "prompts", "tokens"), [(lambda n: n, 1, 4 * 5 + 1), (lambda n: 1, 4, 4 * (5 + 1))])
def test_a_prompt_is_paid_for_at_every_call(give: Callable[[int], int], prompts: int, tokens: int) -> None:
    prices = {"price_prompt": 3e6, "price_response": 2e6}
    with FlakyServer(partial(echo, give=give)) as server, asking(server, **prices) as engine:
        ask_all(engine, [prompt()], 4, SAMPLING)
        metrics = engine.metrics()
        assert engine.metrics()["endpoint/cost"] == 0
    assert (metrics["endpoint/prompt_tokens"], metrics["endpoint/tokens"]) == (7 * prompts, tokens)
    assert metrics["endpoint/cost"] == pytest.approx(3 * 7 * prompts + 2 * tokens)


def test_a_server_that_gives_more_than_it_was_asked_for_is_cut_short() -> None:
    with FlakyServer(partial(echo, give=lambda n: n + 2)) as server, asking(server) as engine:
        assert len(ask_all(engine, [prompt()], 2, SAMPLING)[0].rollouts) == 2


def test_no_more_calls_are_under_way_than_allowed() -> None:
    with FlakyServer(echo, ["latency"] * 8) as server, asking(server, concurrency=4) as engine:
        ask_all(engine, [prompt(str(i)) for i in range(8)], 1, SAMPLING)
    assert server.most_at_once == 4


def test_what_is_urgent_overtakes_what_waits_and_so_does_what_becomes_urgent() -> None:
    with FlakyServer(echo, ["latency"]) as server, asking(server, concurrency=1) as engine:
        later = Priority(SPECULATIVE)
        futures = [engine.submit(prompt("first"), 1, SAMPLING)]
        while not server.requests:
            time.sleep(0.01)
        futures += [engine.submit(prompt("perhaps"), 1, SAMPLING, Priority(SPECULATIVE))]
        futures += [engine.submit(prompt("later"), 1, SAMPLING, later), engine.submit(prompt("now"), 1, SAMPLING)]
        later.rank = REQUIRED
        assert all(future.result().rollouts for future in futures)
    assert [r.json["messages"][0]["content"] for r in server.requests] == ["first", "later", "now", "perhaps"]


def test_calls_go_round_among_the_servers() -> None:
    with FlakyServer(echo) as one, FlakyServer(echo) as two, asking(one, two) as engine:
        ask_all(engine, [prompt(str(i)) for i in range(8)], 1, SAMPLING)
    assert (len(one.requests), len(two.requests)) == (4, 4)


def test_submit_returns_at_once_and_may_be_called_from_many_threads() -> None:
    with FlakyServer(echo, ["latency"]) as server, asking(server) as engine:
        slow = engine.submit(prompt("slow"), 1, SAMPLING)
        assert not slow.done()
        with ThreadPoolExecutor(8) as threads:
            futures = list(threads.map(lambda i: engine.submit(prompt(str(i)), 1, SAMPLING), range(32)))
        assert [f.result().prompt.text for f in futures] == [str(i) for i in range(32)]
        assert slow.result().rollouts


def test_a_closed_engine_drops_what_is_under_way_and_can_be_used_again() -> None:
    others = set(threading.enumerate())
    with FlakyServer(echo, ["latency"]) as server, asking(server) as engine:
        slow = engine.submit(prompt("slow"), 1, SAMPLING)
        while not server.requests:
            time.sleep(0.01)
        engine.close()
        with pytest.raises(CancelledError):
            slow.result()
        assert ask_all(engine, [prompt()], 1, SAMPLING)[0].rollouts
    assert not [t for t in set(threading.enumerate()) - others if t.name == "zppo-endpoint"]


def test_a_forked_child_asks_on_connections_of_its_own() -> None:
    def child(engine: EndpointEngine) -> None:
        os._exit(0 if ask_all(engine, [prompt()], 2, SAMPLING)[0].rollouts else 1)

    with FlakyServer(echo) as server, asking(server) as engine:
        ask_all(engine, [prompt()], 1, SAMPLING)
        process = multiprocessing.get_context("fork").Process(target=child, args=(engine,))
        process.start()
        process.join(10)
        assert process.exitcode == 0
        assert ask_all(engine, [prompt()], 1, SAMPLING)[0].rollouts


def test_control_c_drops_the_calls_that_are_waited_for() -> None:
    def interrupt() -> None:
        while not server.requests:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    with FlakyServer(echo, ["latency"] * 8) as server, asking(server, concurrency=1) as engine:
        threading.Thread(target=interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            ask_all(engine, [prompt(str(i)) for i in range(8)], 1, SAMPLING)
        assert ask_all(engine, [prompt()], 1, SAMPLING)[0].rollouts
    assert len(server.requests) <= 3


def test_the_beginning_of_a_response_cannot_be_forced() -> None:
    forced = Prompt("prefix", prompt().question, "one?", Prefix((1,), "a"))
    with asking("http://127.0.0.1:9/v1") as engine, pytest.raises(EngineError, match="one\\?/prefix begins"):
        ask_all(engine, [forced], 1, SAMPLING)


def test_without_the_client_package_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EngineError, match="pip install 'zppo\\[endpoint\\]'"):
        EndpointEngine(EndpointConfig(("http://localhost/v1",)))
