"""What a URL holds is fetched once, and a bad moment of its server is waited out."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pictures import GOOD, png

from zppo.config import DataConfig
from zppo.data import urls
from zppo.data.filters import media_readable, readable
from zppo.data.reader import read_questions
from zppo.data.urls import Fetcher
from zppo.errors import DataError


class Site:
    """Answers each request with the next status of `says`, at their end with 200 and the picture."""

    def __init__(self) -> None:
        self.says: list[int] = []
        self.asked: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                status = site.says.pop(0) if site.says else 200
                if status == 0:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.end_headers()
                self.wfile.write(png())

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/a.png"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(urls.time, "sleep", lambda seconds: None)
    made = Site()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_what_was_fetched_is_kept(site: Site) -> None:
    fetch = Fetcher()
    assert fetch(site.url) == fetch(site.url) == png()
    assert site.asked == ["/a.png"]


@pytest.mark.parametrize("says", [[503], [500, 429], [0], [0, 502], [408]])
def test_a_bad_moment_is_waited_out(site: Site, says: list[int]) -> None:
    site.says = [*says]
    assert Fetcher()(site.url) == png()
    assert len(site.asked) == len(says) + 1


@pytest.mark.parametrize(("says", "asked"), [([404], 1), ([403], 1), ([503] * 9, 3)])
def test_what_stays_away_is_named(site: Site, says: list[int], asked: int) -> None:
    site.says = [*says]
    with pytest.raises(DataError, match=rf"{site.url} could not be fetched \(HTTPError: HTTP Error {says[0]}"):
        Fetcher()(site.url)
    assert len(site.asked) == asked


@pytest.mark.parametrize("url", ["{}?sig=secret", "http://me:secret@127.0.0.1:1/a.png", "http://h/ a?secret"])
def test_what_stays_away_is_named_without_its_secrets(url: str, site: Site) -> None:
    site.says = [404]
    with pytest.raises(DataError, match="could not be fetched") as error:
        Fetcher()(url.format(site.url))
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("allowed", [True, False])
def test_a_row_is_listed_without_the_secrets_of_its_url(allowed: bool) -> None:
    row = {"prompt": "<image>?", "answer": "1", "images": ["http://me:secret@127.0.0.1:1/a.png?sig=secret"]}
    (question,), _ = read_questions([row], DataConfig(allow_urls=allowed))
    with pytest.raises(DataError) as error:
        question.media[0].load()
    for told in (question.media[0].name, str(error.value)):
        assert "http://***@127.0.0.1:1/a.png?***" in told and "secret" not in told


def test_the_newest_are_kept_up_to_a_bound(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urls, "KEPT_BYTES", 2 * len(png()))
    fetch = Fetcher()
    for name in "abcab":
        fetch(site.url.replace("a.png", name))
    assert site.asked == ["/a", "/b", "/c", "/a", "/b"]
    fetch(site.url.replace("a.png", "a"))
    assert len(site.asked) == 5


def test_what_is_larger_than_any_picture_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urls, "LARGEST", 20)
    with pytest.raises(DataError, match="holds more than 20 bytes"):
        Fetcher()(site.url)


def test_what_was_checked_can_be_shown_when_its_server_is_gone(site: Site) -> None:
    """Between the check before a rollout step and the step itself."""
    rows = [{**GOOD, "images": [site.url]}]
    questions, _ = read_questions(rows, DataConfig(allow_urls=True), [media_readable("header")])
    good, _ = readable(questions)
    site.says = [503] * 99
    assert good[0].media[0].load().size == (8, 6)
    assert len(site.asked) == 1


class Dripping:
    """Sends a byte now and then, without end: in the head of its answer, or in the body."""

    def __init__(self, body: bool) -> None:
        self.asked, self.over = 0, threading.Event()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/a.png"
        self.begins = b"HTTP/1.0 200 OK\r\n" + (b"\r\n" if body else b"X: ")
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                self.asked += 1
                with suppress(OSError):
                    connection.sendall(self.begins)
                    while not self.over.wait(0.02):
                        connection.sendall(b"x")


@pytest.mark.parametrize("body", [True, False])
def test_a_server_that_drips_is_given_up_for_good(body: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urls, "DEADLINE", 0.3)
    server = Dripping(body)
    try:
        with pytest.raises(DataError, match=r"a\.png could not be fetched .*not whole within 0\.3 seconds"):
            Fetcher()(server.url)
        assert server.asked == 1
    finally:
        server.over.set()
        server.socket.close()
