"""A real server behind a proxy that spoils the calls, and servers that are not there."""

import logging
from itertools import chain, repeat

import pytest
from flaky import KINDS, FlakyServer, at_rate
from proxy import before
from realserver import KEY_VARIABLE, RealServer
from talk import asking, counted

from zppo.engines.base import ask_all
from zppo.engines.endpoint import EndpointEngine
from zppo.errors import EngineError
from zppo.types import Prompt, Sampling

pytestmark = pytest.mark.services
SAMPLING = Sampling(max_tokens=24, temperature=2.0, seed=1)
DEAD = "http://127.0.0.1:9/v1"
SEED = 20
"""Has every kind of fault in store for the first 32 calls."""
COUNTED_AS = {
    "rate_limit": "rate_limited",
    "error": "server_errors",
    "drop": "connection_errors",
    "truncate": "malformed",
}


def texts(engine: EndpointEngine, prompts: list[Prompt], n: int = 2) -> list[list[str]]:
    return [[r.text for r in g.rollouts] for g in ask_all(engine, prompts, n, SAMPLING)]


def test_trying_again_loses_nothing_and_changes_nothing(vllm: RealServer, prompts: list[Prompt]) -> None:
    options = {"model": "teacher", "api_key_env": KEY_VARIABLE, "tries": 10}
    with asking(vllm.url, **options) as engine:
        undisturbed = texts(engine, prompts)
    with FlakyServer(before(vllm.root), at_rate(0.3, SEED)) as proxy, asking(proxy.url, **options) as engine:
        engine.check()
        assert texts(engine, prompts) == undisturbed
        counts = counted(engine)
    faults = {name: proxy.injected[kind] for kind, name in COUNTED_AS.items()}
    assert proxy.injected.keys() == set(KINDS)
    assert counts == {"calls": len(proxy.requests), "retries": sum(faults.values()), **faults}
    assert counts["calls"] == 32 + counts["retries"]


def test_without_further_tries_what_is_lost_is_missing_and_counted(vllm: RealServer, prompts: list[Prompt]) -> None:
    options = {"model": "teacher", "api_key_env": KEY_VARIABLE, "tries": 1}
    with FlakyServer(before(vllm.root), at_rate(0.3, SEED)) as proxy, asking(proxy.url, **options) as engine:
        answers = texts(engine, prompts)
        counts = counted(engine)
    lost = sum(proxy.injected[kind] for kind in COUNTED_AS)
    assert answers.count([]) == lost > 0 and counts["failed"] == 2 * lost
    assert all(len(group) in (0, 2) and "" not in group for group in answers)
    assert "retries" not in counts


def test_no_more_calls_are_under_way_than_allowed(vllm: RealServer, prompts: list[Prompt]) -> None:
    options = {"model": "teacher", "api_key_env": KEY_VARIABLE, "concurrency": 8}
    with FlakyServer(before(vllm.root), ["latency"] * 32) as proxy, asking(proxy.url, **options) as engine:
        assert all(texts(engine, prompts))
    assert proxy.most_at_once == 8


def test_a_server_that_dies_is_replaced_by_the_other_one(vllm: RealServer, prompts: list[Prompt]) -> None:
    dying = chain(repeat(None, 6), repeat("drop"))
    options = {"model": "teacher", "api_key_env": KEY_VARIABLE, "concurrency": 4}
    with FlakyServer(before(vllm.root), dying) as proxy, asking(proxy.url, vllm.url, DEAD, **options) as engine:
        engine.check()
        assert all(len(group) == 2 for group in texts(engine, prompts))
        assert counted(engine)["connection_errors"] < 20
    assert proxy.injected["drop"] < 10


def test_servers_that_are_not_there_give_nothing_and_that_is_counted(prompts: list[Prompt]) -> None:
    with asking(DEAD, model="teacher", tries=2) as engine:
        with pytest.raises(EngineError, match="no server answers"):
            engine.check()
        assert texts(engine, prompts) == [[]] * 32
        assert counted(engine) == {"calls": 64, "retries": 32, "connection_errors": 64, "failed": 64}


def test_the_key_opens_the_server_and_is_written_nowhere(
    vllm: RealServer,
    prompts: list[Prompt],
    key: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with caplog.at_level(logging.DEBUG), asking(vllm.url, model="teacher", api_key_env=KEY_VARIABLE) as engine:
        groups = ask_all(engine, prompts[:2], 1, SAMPLING)
        monkeypatch.setenv(KEY_VARIABLE, wrong := key + "-wrong")
        assert [g.rollouts for g in ask_all(engine, prompts[:1], 1, SAMPLING)] == [[]]
        assert counted(engine)["refused"] == 1 and "HTTP 401" in caplog.text and KEY_VARIABLE in caplog.text
        with pytest.raises(EngineError, match="HTTP 401"):
            engine.check()
        written = [repr(vars(engine)), repr(groups), str(engine.metrics()), *capfd.readouterr()]
    assert caplog.records
    assert all(secret not in text for secret in (key, wrong) for text in (*written, caplog.text))
