"""Calls that wait for their turn: the most urgent first, whenever it was that they came."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from zppo.engines.base import Priority


class Slots:
    """At most `count` holders at once. Among equally urgent ones, first come is first served. For one event loop."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: list[tuple[Priority, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def one(self, priority: Priority) -> AsyncIterator[None]:
        """Hold a slot. What `priority` says when one becomes free is what counts."""
        await self._take(priority)
        try:
            yield
        finally:
            self._pass_on()

    async def _take(self, priority: Priority) -> None:
        if self._free:  # then nobody waits
            self._free -= 1
            return
        entry = (priority, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        try:
            await entry[1]
        except asyncio.CancelledError:
            if entry in self._waiting:
                self._waiting.remove(entry)
            else:  # given up in the moment in which the turn came
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        if not self._waiting:
            self._free += 1
            return
        entry = min(self._waiting, key=lambda waiting: waiting[0].rank)
        self._waiting.remove(entry)
        entry[1].set_result(None)
