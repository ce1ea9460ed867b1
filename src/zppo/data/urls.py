"""From a URL to its bytes: fetched again when the network or the server has a bad moment, and kept for a while.

What was checked before a rollout step is at hand when models are to see it in the step, however the server is by then.
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
"""How long a URL may be silent, how long it may take in all, and how many bytes it may hold."""
WAITS = (0.3, 1.0)
"""Seconds before each further attempt."""
KEPT_BYTES = 512 * 2**20
PASSING = (408, 425, 429)
"""Client errors that are about the moment, beside all errors of the server."""


class Fetcher:
    """Fetches URLs and keeps what they hold, the newest up to `KEPT_BYTES`. Safe from any thread."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._size, self._lock = 0, threading.Lock()

    def __call__(self, url: str) -> bytes:
        """Raises BadRow for what cannot be fetched, at once or after some attempts, or is too large."""
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
"""One for the process, as media are independent of each other: a place has one content, whoever asks."""


def _persistently(url: str, waits: Sequence[float] = WAITS) -> bytes:
    try:
        content = _once(url)
    except Exception as error:  # the network, the server, or what it says
        if waits and _may_pass(error):
            time.sleep(waits[0])
            return _persistently(url, waits[1:])
        # A URL that is none is quoted in pieces by its error.
        words = "" if isinstance(error, ValueError | http.client.InvalidURL) else f": {masked_urls(str(error))}"
        problem = f"{masked_url(url)} could not be fetched ({type(error).__name__}{words})"
        raise BadRow("unreadable media", problem) from error
    if len(content) > LARGEST:
        raise BadRow("unreadable media", f"{masked_url(url)} holds more than {LARGEST} bytes")
    return content


class _TooSlowError(Exception):
    """The deadline of a fetch is over."""


class _Watch:
    """Ends the connections of a fetch when its time is over: a server that sends a byte a second keeps any timeout."""

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
