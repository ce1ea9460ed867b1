"""Client of the grading worker: starts the process, sends pairs with a deadline, kills it when the deadline passes.

The worker is a program of its own: a thread cannot be stopped, a signal works in the main thread only and does not
interrupt one long operation, and `multiprocessing` would run the user's script a second time.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, cast

from zppo.errors import RewardError

START_S = 120.0
"""Seconds for the worker to load math-verify; about one in practice, far more on a cold shared disk."""


class Timeout(Exception):
    """The worker was killed at the deadline."""


class Crash(Exception):
    """The worker ended without a reply."""


class Grader:
    """One worker process. Not thread-safe; `Equivalence` ensures one thread at a time.

    After `Timeout` or `Crash`, or any other exception, the process is gone and a new `Grader` is needed.
    """

    def __init__(self, deadline_s: float, command: Sequence[str] | None = None) -> None:
        """Start the worker; RewardError if it does not start. `command` replaces the worker program."""
        # By path and with -P: avoids the package's own import (torch) and modules in the user's directory.
        command = command or (sys.executable, "-P", str(Path(__file__).with_name("worker.py")))
        self.deadline_s = deadline_s
        self._process = subprocess.Popen(
            [*command, str(deadline_s)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._end = weakref.finalize(self, _end, self._process, os.getpid())  # also runs at interpreter exit
        self._wait_until_ready()

    @property
    def alive(self) -> bool:
        return self._end.alive and self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, gold: str, answer: str) -> bool | None:
        """True if the answers are equivalent, None without a verdict of the worker.

        Raises Timeout or Crash, never later than the deadline (seconds).
        """
        return cast(bool | None, self._exchange({"gold": gold, "answer": answer}, self.deadline_s)["equivalent"])

    def close(self) -> None:
        self._end()

    def _wait_until_ready(self) -> None:
        try:
            problem = self._exchange(None, START_S).get("error")
        except Timeout:
            problem = f"no sign of life within {START_S:.0f} s"
        except Crash:
            problem = f"it ended with exit status {self._process.returncode}"
        if problem:
            self.close()
            raise RewardError(
                f"the grading worker did not start: {problem}. Check that `{sys.executable} -c 'import math_verify'` "
                "works (pip install math-verify), or pass your own reward function."
            )

    def _exchange(self, request: dict[str, str] | None, seconds: float) -> dict[str, Any]:
        stdin, stdout = cast(IO[bytes], self._process.stdin), cast(IO[bytes], self._process.stdout)
        try:
            line = b""
            with _killed_after(seconds, self._process) as expired, contextlib.suppress(OSError):
                if request is not None:
                    stdin.write(json.dumps(request).encode() + b"\n")
                    stdin.flush()
                line = stdout.readline()
            if expired.is_set():
                raise Timeout
            if not line.endswith(b"\n"):
                raise Crash
            return cast(dict[str, Any], json.loads(line))
        except BaseException:
            # Also after Ctrl-C: a reply still in the pipe would be read as the reply to the next pair.
            self.close()
            raise


@contextlib.contextmanager
def _killed_after(seconds: float, process: subprocess.Popen[bytes]) -> Iterator[threading.Event]:
    """Kill `process` when the block takes longer than `seconds`, which ends any read or write on its pipes."""
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        process.kill()

    timer = threading.Timer(seconds, expire)
    timer.daemon = True
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()
        timer.join()  # from here on the process is either usable or certainly dead


def _end(process: subprocess.Popen[bytes], owner: int) -> None:
    if os.getpid() == owner:  # a forked child holds a copy of the pipes but must not end its parent's worker
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):
            cast(IO[bytes], pipe).close()
