"""Starting and stopping a real server, in a process group of its own, with a Python that has nothing of ours in it."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import zppo.pocket

HERE = Path(__file__).parent
BIN = HERE.parents[1] / ".servers" / "bin"
POCKET = Path(zppo.pocket.__file__).parent
TEACHER = str(zppo.pocket.WORDS / "teacher")
SEEING = str(zppo.pocket.ASSETS / "teacher")
KEY_VARIABLE, KEY = "ZPPO_TEST_KEY", "sk-canary-81d7e3"
PATIENCE = 300
"""Seconds until a server must answer; a busy machine needs a minute or two."""


@dataclass
class RealServer:
    """`command` is run with `--port PORT`; `model` is the name it serves, `folder` the checkpoint behind it."""

    command: Sequence[str]
    model: str
    folder: str
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def start(self) -> None:
        if not BIN.exists():
            raise RuntimeError(f"{BIN.parent} is missing: the servers to test with are installed by `make servers`")
        port = _free_port()
        self.root = f"http://127.0.0.1:{port}"
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VLLM_"))}
        ours = {"PYTHONPATH": str(HERE / "site"), "HF_HUB_OFFLINE": "1", "HF_HOME": str(self.hub.parent)}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*self.command, "--port", str(port)],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=inherited | ours | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""} | self.environment,
                cwd=self.log.parent,
                start_new_session=True,
            )

    @property
    def hub(self) -> Path:
        """The Hub's cache as this server sees it: empty."""
        return self.log.parent / f"{self.log.stem}_home" / "hub"

    @property
    def url(self) -> str:
        return f"{self.root}/v1"

    def wait(self) -> None:
        until = time.monotonic() + PATIENCE
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{self.command} did not start:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.2)

    def stop(self) -> None:
        """The whole process group: vLLM works in child processes."""
        for how, seconds in ((signal.SIGTERM, 20), (signal.SIGKILL, 20)):
            try:
                os.killpg(self.process.pid, how)
                self.process.wait(seconds)
            except ProcessLookupError:
                return
            except subprocess.TimeoutExpired:
                continue

    def _answers(self) -> bool:
        try:
            return urllib.request.urlopen(f"{self.root}/health", timeout=5).status == 200
        except (urllib.error.URLError, OSError):
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
