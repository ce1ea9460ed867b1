"""An asyncio event loop in a daemon thread of its own: for coroutines that are waited for from ordinary code.

The loop stays the same from call to call, so that clients keep their connections, and does not mind a loop that runs in
the caller.
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
"""Seconds for what still runs to notice that it is cancelled."""


class BackgroundLoop:
    """Runs from its making until `stop`, until it is forgotten, or until the program ends."""

    def __init__(self, name: str) -> None:
        loop = asyncio.new_event_loop()
        self._loop, self._pid = loop, os.getpid()
        self._thread = threading.Thread(target=_run, args=(loop,), name=name, daemon=True)
        self._thread.start()
        self._stop = weakref.finalize(self, loop.call_soon_threadsafe, loop.stop)

    @property
    def alive(self) -> bool:
        """Not in a forked child, where the thread is missing."""
        return self._pid == os.getpid() and self._stop.alive

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Start the coroutine. To cancel the future cancels it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def wait_for(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Its result; Ctrl-C while waiting cancels it."""
        future = self.submit(coroutine)
        try:
            return future.result()
        finally:
            future.cancel()  # no effect on a finished one

    def stop(self) -> None:
        """Cancel what still runs and end the thread."""
        if self.alive:
            self._stop()
            self._thread.join(GRACE)
        self._stop.detach()


def _run(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()
    loop.run_until_complete(cancel_others())
    loop.close()


async def cancel_others() -> None:
    """Cancel every other task of this loop, and wait until they are done."""
    running = asyncio.all_tasks() - {asyncio.current_task()}
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
