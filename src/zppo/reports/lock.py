"""One process at a time writes a run directory. The operating system drops the lock of a process that is killed."""

import fcntl
import json
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path

from zppo.errors import CheckpointError

logger = logging.getLogger(__name__)


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold the lock on `file`, which then says who holds it. Raises CheckpointError naming who does if another does."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+", encoding="utf-8") as lock:
        _take(lock, file)
        since = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
        _write(lock, json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": since}))
        try:
            yield
        finally:
            _write(lock, "")


def check_free(file: Path) -> None:
    """Raise CheckpointError if somebody holds the lock. Takes and writes nothing."""
    if file.is_file():
        with file.open(encoding="utf-8") as lock:
            _take(lock, file)


def _take(lock: TextIOWrapper, file: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise CheckpointError(
            f"{file.parent} is being written by {_holder(file)}; wait for it or end it, or choose another run directory"
        ) from error
    except OSError as error:
        logger.warning("%s cannot be locked (%s): start no second run in it", file.parent, error)


def _write(lock: TextIOWrapper, text: str) -> None:
    lock.truncate(0)
    lock.write(text)
    lock.flush()


def _holder(file: Path) -> str:
    """Empty for a moment after the lock was taken."""
    try:
        holder = json.loads(file.read_text("utf-8"))
        return f"process {holder['pid']} on {holder['host']} (since {holder['since']})"
    except (OSError, ValueError, LookupError, TypeError):
        return "another process"
