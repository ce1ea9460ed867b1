"""Atomic writes of files, and a folder locked for one process."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from zppo.errors import ConfigError


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Temporary path beside `path`, renamed to it when the block ends without an error."""
    temporary = path.with_name(f"{path.name}.part")
    yield temporary
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(temporary, path)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Locks `folder` against other processes; it is removed at the end if it is empty.

    Raises ConfigError if another process holds the lock. The lock ends with the process.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError(f"another process is building a corpus in {folder.parent}") from error
        try:
            yield
        finally:
            with suppress(OSError):
                os.remove(lock.name)
                folder.rmdir()
