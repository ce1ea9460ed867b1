"""An asyncio event loop in its own daemon thread, for synchronous code that waits for coroutines.

All calls use the same loop, so that clients keep their connections. The caller may itself run in another loop.
"""

import asyncio
import os
import threading
import weakref
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
GRACE = 5.0
"""Seconds that cancelled tasks have to end."""


class BackgroundLoop:
    """Runs from its construction until `stop`, until it is garbage-collected, or until the program ends."""

    def __init__(self, name: str) -> None:
        loop = asyncio.new_event_loop()
        self._loop, self._pid = loop, os.getpid()
        self._thread = threading.Thread(target=_run, args=(loop,), name=name, daemon=True)
        self._thread.start()
        self._stop = weakref.finalize(self, loop.call_soon_threadsafe, loop.stop)

    @property
    def alive(self) -> bool:
        """True if the thread runs; False in a forked child, which does not have it."""
        return self._pid == os.getpid() and self._stop.alive

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Start the coroutine. Cancelling the future cancels it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def wait_for(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Result of the coroutine; Ctrl-C while waiting cancels it."""
        future = self.submit(coroutine)
        try:
            return future.result()
        finally:
            future.cancel()  # no effect on a finished one

    def stop(self) -> None:
        """Cancel all running tasks and end the thread."""
        if self.alive:
            self._stop()
            self._thread.join(GRACE)
        self._stop.detach()


def _run(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()
    loop.run_until_complete(cancel_others())
    loop.close()


async def cancel_others() -> None:
    """Cancel all other tasks of this loop, and wait until they are done."""
    running = asyncio.all_tasks() - {asyncio.current_task()}
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
