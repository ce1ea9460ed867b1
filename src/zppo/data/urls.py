"""Content of URLs: fetched with retries for temporary errors, and cached.

Media checked before a rollout step are then available in the step, even if the server is unreachable by then.
"""

import http.client
import socket
import threading
import time
import urllib.error
import urllib.request
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress

from zppo.data.dropped import BadRow
from zppo.masking import masked_url, masked_urls

SECONDS, DEADLINE, LARGEST = 30, 120, 256 * 2**20
"""Seconds without data, seconds in all, and bytes that a fetch may take."""
WAITS = (0.3, 1.0)
"""Seconds before each retry."""
KEPT_BYTES = 512 * 2**20
PASSING = (408, 425, 429)
"""Client errors that are temporary, in addition to all server errors."""


class Fetcher:
    """Fetches URLs and caches their content, the newest up to `KEPT_BYTES`. Thread-safe."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._size, self._lock = 0, threading.Lock()

    def __call__(self, url: str) -> bytes:
        """The content of a URL. Raises BadRow if it cannot be fetched, after retries, or is too large."""
        with self._lock:
            if url in self._kept:
                self._kept.move_to_end(url)
                return self._kept[url]
        content = _persistently(url)
        with self._lock:
            self._size += len(content) - len(self._kept.pop(url, b""))
            self._kept[url] = content
            while len(self._kept) > 1 and self._size > KEPT_BYTES:
                self._size -= len(self._kept.popitem(last=False)[1])
        return content


fetched = Fetcher()
"""One cache for the process: the content of a URL is the same for all callers."""


def _persistently(url: str, waits: Sequence[float] = WAITS) -> bytes:
    try:
        content = _once(url)
    except Exception as error:  # errors of the network, the server, or its response
        if waits and _may_pass(error):
            time.sleep(waits[0])
            return _persistently(url, waits[1:])
        # The error of an invalid URL quotes parts of it.
        words = "" if isinstance(error, ValueError | http.client.InvalidURL) else f": {masked_urls(str(error))}"
        problem = f"{masked_url(url)} could not be fetched ({type(error).__name__}{words})"
        raise BadRow("unreadable media", problem) from error
    if len(content) > LARGEST:
        raise BadRow("unreadable media", f"{masked_url(url)} holds more than {LARGEST} bytes")
    return content


class _TooSlowError(Exception):
    """The deadline of a fetch has passed."""


class _Watch:
    """Closes the connections of a fetch at its deadline: a server that sends a byte a second never hits a timeout."""

    def __init__(self) -> None:
        self.sockets: list[socket.socket] = []
        self.is_over = False

    def end(self) -> None:
        self.is_over = True
        for each in self.sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def opener(self) -> urllib.request.OpenerDirector:
        watch = self

        class Plain(http.client.HTTPConnection):
            def connect(self) -> None:
                super().connect()
                watch.sockets.append(self.sock)

        class Secure(http.client.HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                watch.sockets.append(self.sock)

        class PlainHandler(urllib.request.HTTPHandler):
            def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
                return self.do_open(Plain, request)

        class SecureHandler(urllib.request.HTTPSHandler):
            def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
                return self.do_open(Secure, request)

        return urllib.request.build_opener(PlainHandler, SecureHandler)


def _once(url: str) -> bytes:
    watch = _Watch()
    timer = threading.Timer(DEADLINE, watch.end)
    timer.daemon = True
    timer.start()
    try:
        with watch.opener().open(url, timeout=SECONDS) as reply:
            content: bytes = reply.read(LARGEST + 1)
    except Exception:
        if not watch.is_over:
            raise
    finally:
        timer.cancel()
    if watch.is_over:
        raise _TooSlowError(f"not whole within {DEADLINE} seconds")
    return content


def _may_pass(error: Exception) -> bool:
    if isinstance(error, urllib.error.HTTPError):
        return error.code >= 500 or error.code in PASSING
    return isinstance(error, OSError | http.client.HTTPException) and not isinstance(error, http.client.InvalidURL)
