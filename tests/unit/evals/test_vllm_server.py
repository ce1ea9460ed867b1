"""A server is started for an evaluation and ended with it. Here its place is taken by a few lines of Python."""

import os
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from zppo.errors import EngineError
from zppo.evals.vllm_server import command, vllm_server

SERVER = """
import http.server, pathlib, sys
pathlib.Path(sys.argv[0] + ".asked").write_text(" ".join(sys.argv[1:]))
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *args): pass
port = int(sys.argv[sys.argv.index("--port") + 1])
http.server.HTTPServer(("127.0.0.1", port), Answer).serve_forever()
"""


def interpreter(folder: Path, server: str) -> str:
    """A Python that says it has vLLM and runs `server` in its place."""
    (folder / "server.py").write_text(server)
    path = folder / "python"
    path.write_text(f'#!/bin/sh\n[ "$1" = -c ] && exit 0\nshift 2\nexec {sys.executable} {folder}/server.py "$@"\n')
    path.chmod(0o755)
    return str(path)


def test_a_server_lives_as_long_as_it_is_needed(tmp_path: Path) -> None:
    python = interpreter(tmp_path, SERVER)
    with vllm_server("org/model", tmp_path / "log", python, ["--max-model-len", "99"]) as url:
        assert urllib.request.urlopen(url.replace("/v1", "/health"), timeout=5).status == 200
        asked = (tmp_path / "server.py.asked").read_text()
    assert asked.startswith("--model org/model --host 127.0.0.1 --port ")
    assert asked.endswith("--generation-config vllm --max-model-len 99")
    with pytest.raises(OSError):
        urllib.request.urlopen(url.replace("/v1", "/health"), timeout=5)


def test_the_end_of_the_log_tells_why_a_server_did_not_start(tmp_path: Path) -> None:
    python = interpreter(tmp_path, "import sys; print('out of memory'); sys.exit(3)")
    with pytest.raises(EngineError, match=r"(?s)ended with status 3; the end of .*log:\nout of memory"):
        vllm_server("m", tmp_path / "log", python).__enter__()


def test_a_server_that_says_nothing_is_given_up_and_ended(tmp_path: Path) -> None:
    python = interpreter(tmp_path, "import os, time; print(os.getpid(), flush=True); time.sleep(600)")
    with pytest.raises(EngineError, match="does not answer"):
        vllm_server("m", tmp_path / "log", python, patience=1.0).__enter__()
    process = int((tmp_path / "log").read_text())
    time.sleep(0.1)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_no_vllm_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="has no vLLM; pip install vllm in an environment of its own"):
        vllm_server("m", tmp_path / "log").__enter__()
    with pytest.raises(EngineError, match=r"--vllm-python: /no/python cannot be run"):
        vllm_server("m", tmp_path / "log", "/no/python").__enter__()


def test_the_command_names_vllms_module() -> None:
    line = command("m", 80, "python", [])
    assert line[:3] == ["python", "-m", "vllm.entrypoints.openai.api_server"]
