"""Thoughts that the chat template opens: they are no part of what is sampled, and graders must know of them."""

import json
from dataclasses import replace
from typing import Any

import pytest
from flaky import FlakyServer, Request, Response
from talk import asking, echo, prompt
from transformers import AutoModelForCausalLM, AutoTokenizer

from zppo.engines.base import ask_all
from zppo.engines.transformers import local_text
from zppo.models.opening import opening_of
from zppo.pocket import WORDS
from zppo.types import Rollout, Sampling

SAMPLING = Sampling(max_tokens=3)


@pytest.fixture(scope="module")
def pocket() -> Any:
    student = WORDS / "student"
    return AutoModelForCausalLM.from_pretrained(student), AutoTokenizer.from_pretrained(student)


@pytest.mark.parametrize(
    ("rendered", "opening"),
    [("user\nq\nassistant\n<think>\n", "<think>\n"), ("assistant\n<think>\n\n</think>\n\n", ""), ("assistant\n", "")],
)
def test_a_template_opens_thoughts_or_does_not(rendered: str, opening: str) -> None:
    assert opening_of(rendered) == opening


def test_what_the_pockets_template_opens_is_told_and_not_sampled(pocket: Any) -> None:
    rollout = local_text(*pocket, 8).submit(prompt(), 1, SAMPLING).result().rollouts[0]
    assert rollout.text == pocket[1].decode(rollout.token_ids, skip_special_tokens=True)
    assert rollout.whole == f"<think>{rollout.text}" != rollout.text


@pytest.mark.parametrize("opening", ["<think>", "<think>\n"])
def test_behind_a_prompt_that_opens_thoughts_a_response_does_not_and_behind_another_it_does(opening: str) -> None:
    opened = Rollout([], "hm</think>4", opened=opening)
    assert (opened.as_opened_by(opening), opened.as_opened_by("")) == ("hm</think>4", f"{opening}hm</think>4")
    own = Rollout([], f"{opening}hm</think>4")
    assert (own.as_opened_by(opening), own.as_opened_by("")) == ("hm</think>4", own.text)
    assert Rollout([], "4").as_opened_by(opening) == "4"


def test_a_response_is_not_opened_twice() -> None:
    split = Rollout([], "<think>hm</think>4", opened="<think>")
    assert (split.whole, replace(split, text="hm</think>4").whole) == ("<think>hm</think>4",) * 2


class Vllm:
    """Reads a prompt as its characters, in the pocket's form."""

    def __init__(self, template: str) -> None:
        self.template = template

    def __call__(self, request: Request) -> Response:
        if request.path == "/tokenize":
            silent = request.json.get("chat_template_kwargs") == {"enable_thinking": False}
            rendered = self.template.format(request.json["messages"][0]["content"]) + "</think>" * silent
            return _json(tokens=[ord(c) for c in rendered])
        if request.path == "/detokenize":
            return _json(prompt="".join(map(chr, request.json["tokens"])))
        return echo(request)


def test_thoughts_that_are_switched_off_are_not_opened() -> None:
    off = {"chat_template_kwargs": {"enable_thinking": False}}
    with FlakyServer(Vllm("u:{}a:<think>")) as server, asking(server, no_thinking_body=off) as engine:
        engine.check()
        said = [ask_all(engine, [prompt()], 1, replace(SAMPLING, thinking=t))[0].rollouts[0] for t in ("on", "off")]
    assert [rollout.opened for rollout in said] == ["<think>", ""]


def _json(**values: Any) -> Response:
    return Response(200, json.dumps(values).encode())


@pytest.mark.parametrize(("template", "opening"), [("u:{}a:<think>\n", "<think>\n"), ("u:{}a:", "")])
def test_a_server_that_can_is_asked_what_its_template_opens(template: str, opening: str) -> None:
    with FlakyServer(Vllm(template)) as server, asking(server) as engine:
        engine.check()
        rollouts = ask_all(engine, [prompt()], 2, SAMPLING)[0].rollouts
    assert [r.whole for r in rollouts] == [opening + r.text for r in rollouts]


@pytest.mark.parametrize(
    "answer", [Response(404, b"no"), Response(200, b"yes"), Response(200, b"[1]"), _json(tokens=3)]
)
def test_of_another_server_nothing_is_assumed(answer: Response) -> None:
    def other(request: Request) -> Response:
        return answer if request.path.endswith("tokenize") else echo(request)

    with FlakyServer(other) as server, asking(server) as engine:
        engine.check()
        rollout = ask_all(engine, [prompt()], 1, SAMPLING)[0].rollouts[0]
    assert rollout.whole == rollout.text


def test_a_server_in_a_bad_moment_is_asked_again() -> None:
    moods = iter([Response(503, b"busy")])
    vllm = Vllm("u:{}a:<think>")

    def moody(request: Request) -> Response:
        return next(moods, None) or vllm(request) if request.path == "/tokenize" else vllm(request)

    with FlakyServer(moody) as server, asking(server) as engine:
        engine.check()
        assert ask_all(engine, [prompt()], 1, SAMPLING)[0].rollouts[0].opened == "<think>"
