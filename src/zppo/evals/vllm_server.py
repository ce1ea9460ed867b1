"""A vLLM server of one model for the duration of an evaluation."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from zppo.errors import EngineError

PATIENCE = 1800
"""Seconds until it must answer: large weights are read, kernels compiled."""
MODULE = "vllm.entrypoints.openai.api_server"


def command(model: str, port: int, python: str, arguments: Sequence[str] = ()) -> list[str]:
    """Command line of the server. By default vLLM takes sampling options missing in a request from the checkpoint."""
    own = ["--model", model, "--host", "127.0.0.1", "--port", str(port), "--generation-config", "vllm"]
    return [python, "-m", MODULE, *own, *arguments]


@contextmanager
def vllm_server(
    model: str, log: Path, python: str | None = None, arguments: Sequence[str] = (), patience: float = PATIENCE
) -> Iterator[str]:
    """The base URL of a vLLM server, once it answers. `python` is an interpreter with vLLM, by default this one.

    Raises EngineError when there is no vLLM, or when the server ends or does not answer for `patience` seconds.
    """
    python = python or sys.executable
    _check_installed(python)
    port = _free_port()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as output:
        line = command(model, port, python, arguments)
        process = subprocess.Popen(line, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            _wait(process, port, log, patience)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            _stop(process)


def _check_installed(python: str) -> None:
    find = "import importlib.util, sys; sys.exit(importlib.util.find_spec('vllm') is None)"
    try:
        missing = subprocess.run([python, "-c", find], capture_output=True).returncode
    except OSError as error:
        raise EngineError(f"--vllm-python: {python} cannot be run ({error})") from error
    if missing:
        raise EngineError(
            f"--engine vllm: {python} has no vLLM; pip install vllm in an environment of its own and name that "
            "environment's Python (--vllm-python), or start a server yourself (--engine endpoint --url URL)"
        )


def _wait(process: subprocess.Popen[bytes], port: int, log: Path, patience: float) -> None:
    until = time.monotonic() + patience
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > until:
            how = f"ended with status {process.returncode}" if process.poll() is not None else "does not answer"
            end = "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-15:])
            raise EngineError(f"the vLLM server {how}; the end of {log}:\n{end}")
        time.sleep(0.2)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop it with its whole process group: vLLM works in child processes."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
            process.wait(20)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
