"""Two processes do not write one run."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from zppo.errors import CheckpointError
from zppo.reports.lock import check_free, locked

HOLDER = """
import sys, time
from pathlib import Path
from zppo.reports.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "run" / ".lock"


def test_the_second_process_is_refused_with_the_holder_and_a_kill_frees_the_run(lock: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(lock)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        told = rf"{lock.parent} is being written by process {holder.pid} on {socket.gethostname()} \(since 20.*\); wait"
        with pytest.raises(CheckpointError, match=told), locked(lock):
            pass
        with pytest.raises(CheckpointError, match=f"process {holder.pid}"):
            check_free(lock)
    finally:
        os.kill(holder.pid, signal.SIGKILL)
        holder.communicate()
    check_free(lock)
    with locked(lock):
        assert json.loads(lock.read_text())["pid"] == os.getpid()


def test_a_run_in_the_same_process_is_refused_too(lock: Path) -> None:
    with locked(lock), pytest.raises(CheckpointError, match=f"process {os.getpid()}"), locked(lock):
        pass


def test_nobody_is_named_once_the_lock_is_free(lock: Path) -> None:
    with pytest.raises(KeyError), locked(lock):
        raise KeyError
    assert lock.read_text() == ""
    check_free(lock)


def test_a_directory_without_a_run_is_free_and_stays_as_it_is(lock: Path) -> None:
    check_free(lock)
    assert not lock.parent.exists()
