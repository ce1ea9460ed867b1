"""A model that needs no weights: it says `echo`, the question and the seed. And short names for asking it."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flaky import Answer, FlakyServer, Request, Response

from zppo.config import EndpointConfig
from zppo.engines.endpoint import EndpointEngine
from zppo.types import Prompt, Question


def prompt(text: str = "one?") -> Prompt:
    return Prompt("plain", Question(text, text, "1"), text)


def echo(request: Request, give: Callable[[int], int] = lambda n: n) -> Response:
    """A chat completion with `give(n)` choices, or the list of one model."""
    if request.path.endswith("/models"):
        return listing("echo")
    asked = request.json
    says = [f"{asked['messages'][0]['content']} {asked.get('seed')} {i}" for i in range(give(asked.get("n", 1)))]
    return completion(*({"content": text} for text in says))


def talk(request: Request) -> Response:
    """A model that reads all of a request, says three words or fewer, and lists itself."""
    if request.path.endswith("/models"):
        return listing("echo")
    if not request.path.endswith("/chat/completions"):
        return Response(404, b"no")
    asked = request.json
    read = json.dumps([asked["messages"], asked["seed"], asked["temperature"]])
    said = [hashlib.sha256(f"{read} {i}".encode()).hexdigest() for i in range(asked.get("n", 1))]
    words = [[text[:4], text[4:8], text[8:12]][: asked["max_tokens"]] for text in said]
    finish = "stop" if asked["max_tokens"] > 3 else "length"
    usage = {"prompt_tokens": len(read), "completion_tokens": sum(map(len, words))}
    return completion(*({"content": " ".join(each)} for each in words), finish=finish, usage=usage)


def completion(*messages: dict[str, Any], finish: str | None = "stop", **more: Any) -> Response:
    choices = [{"index": i, "message": m, "finish_reason": finish} for i, m in enumerate(messages)]
    usage = {"prompt_tokens": 7, "completion_tokens": 5 * len(messages) + 1}
    return Response(200, json.dumps({"choices": choices, "usage": usage} | more).encode())


def listing(*names: str) -> Response:
    return Response(200, json.dumps({"data": [{"id": name} for name in names]}).encode())


def always(response: Response) -> Answer:
    return lambda request: response


@contextmanager
def asking(*servers: FlakyServer | str, **options: Any) -> Iterator[EndpointEngine]:
    urls = tuple(server if isinstance(server, str) else server.url for server in servers)
    engine = EndpointEngine(EndpointConfig(urls, **{"model": "echo"} | options))
    try:
        yield engine
    finally:
        engine.close()


def counted(engine: EndpointEngine) -> dict[str, float]:
    """The counts of calls that are not zero, without `endpoint/`."""
    counts = {name.removeprefix("endpoint/"): value for name, value in engine.metrics().items() if value}
    return {name: count for name, count in counts.items() if name not in ("tokens", "prompt_tokens", "cost")}
