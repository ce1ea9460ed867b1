"""An HTTP server that speaks enough of the OpenAI API and goes wrong when told to: alone, or before a real one."""

import json
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KINDS = ("latency", "rate_limit", "error", "drop", "truncate")
LATENCY, RETRY_AFTER = 0.3, 1
"""Seconds."""


@dataclass(frozen=True)
class Request:
    path: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Response:
    status: int
    body: bytes


Answer = Callable[[Request], Response]


class FlakyServer:
    """Answers with `answer`, completions after a fault from `faults` (None: no fault; at their end: none any more).

    `injected` counts the faults, `requests` keeps the calls for completions and `most_at_once` how many of them
    overlapped.
    """

    def __init__(self, answer: Answer, faults: Iterable[str | None] = ()) -> None:
        self.injected: Counter[str] = Counter()
        self.requests: list[Request] = []
        self.most_at_once = 0
        self._answer, self._faults = answer, iter(faults)
        self._at_once, self._lock = 0, threading.Lock()
        self._http = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> "FlakyServer":
        return self

    def __exit__(self, *exception: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def begin(self, request: Request) -> str | None:
        with self._lock:
            self.requests.append(request)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            fault = next(self._faults, None)
            if fault is not None:
                self.injected[fault] += 1
            return fault

    def end(self) -> None:
        with self._lock:
            self._at_once -= 1

    def answer(self, request: Request, fault: str | None = None) -> Response | None:
        """None for a connection that is dropped."""
        if fault == "rate_limit":
            return Response(429, b'{"error": {"message": "too many"}}')
        if fault == "error":
            return Response(500, b"<html>oops</html>")
        if fault == "drop":
            return None
        if fault == "latency":
            time.sleep(LATENCY)
        response = self._answer(request)
        return Response(response.status, response.body[: len(response.body) // 2]) if fault == "truncate" else response


def at_rate(rate: float, seed: int) -> Iterable[str | None]:
    """Faults of all kinds on a share `rate` of the calls, for ever."""
    rng = random.Random(seed)
    while True:
        yield rng.choice(KINDS) if rng.random() < rate else None


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


def _handler(flaky: FlakyServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(flaky.answer(Request(self.path, {k.lower(): v for k, v in self.headers.items()})))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            request = Request(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            if not self.path.endswith("/chat/completions"):
                self._send(flaky.answer(request))
                return
            fault = flaky.begin(request)
            try:
                response = flaky.answer(request, fault)
            finally:
                flaky.end()
            self._send(response)

        def _send(self, response: Response | None) -> None:
            if response is None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(response.status)
            if response.status == 429:
                self.send_header("Retry-After", str(RETRY_AFTER))
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(response.body)))
            self.end_headers()
            self.wfile.write(response.body)

        def log_message(self, *arguments: Any) -> None: ...

    return Handler
