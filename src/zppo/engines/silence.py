"""Circuit breaker: after an outage one short call goes ahead, so that the others need not all wait."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

MODERATE = 60.0
"""Seconds within which a short call must be answered."""
HELLO = [{"role": "user", "content": "Say yes."}]
ENOUGH_TO_ANSWER = 16
"""Tokens. Some hosted models refuse a call that leaves no room for an answer."""


def hello(model: str, length_field: str, **further: Any) -> dict[str, Any]:
    """A short call."""
    return {"model": model, "messages": HELLO, length_field: ENOUGH_TO_ANSWER, **further}


class Silence:
    """Begins when all tries of a call failed and nothing else was answered meanwhile; ends with any answer.

    For one event loop. Times are those of `time.monotonic`.
    """

    def __init__(self) -> None:
        self._last_answer = self._last_loss = -1.0
        self._probe: asyncio.Future[bool] | None = None

    @property
    def never_heard(self) -> bool:
        return self._last_answer < 0

    def heard(self) -> None:
        self._last_answer = time.monotonic()

    def lost(self, began: float) -> bool:
        """All tries of a call that began then have failed. Whether a silence has begun with it."""
        before = self._lasts
        if self._last_answer < began:
            self._last_loss = time.monotonic()
        return self._lasts and not before

    async def over(self, began: float, answers: Callable[[], Awaitable[bool]]) -> bool:
        """True if a call that began then may be made. In an outage `answers` decides, once for all that wait."""
        if not self._lasts:
            return True
        if self._last_loss > began:
            return False
        if self._probe is None or self._probe.done():
            self._probe = asyncio.ensure_future(self._ask(answers))
        return await asyncio.shield(self._probe)

    @property
    def _lasts(self) -> bool:
        return self._last_loss > self._last_answer

    async def _ask(self, answers: Callable[[], Awaitable[bool]]) -> bool:
        if await answers():
            self.heard()
            return True
        self._last_loss = time.monotonic()
        return False
