"""Requests that are answered when the first result is asked for: then all urgent ones go together, as one batch."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from zppo.engines.base import REQUIRED, Priority
from zppo.types import Group, Sampling


class Deferred(Future[Group]):
    """A group that is computed, with the others that wait, when somebody wants to know it."""

    def __init__(self, compute: "Callable[[Deferred], None]") -> None:
        super().__init__()
        self._compute = compute

    def result(self, timeout: float | None = None) -> Group:
        if not self.done():
            self._compute(self)
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        if not self.done():
            self._compute(self)
        return super().exception(timeout)


@dataclass(frozen=True)
class Waiting:
    """A request about `subject` (a prompt or a question), and the future that takes its group."""

    subject: Any
    n: int
    sampling: Sampling
    priority: Priority
    future: Deferred


Answer = Callable[[Sequence[Waiting]], None]


class DeferredQueue:
    """Collects requests until a result is asked for; `answer` then sets the results of a batch. For one thread."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._waiting: list[Waiting] = []

    def submit(self, subject: Any, n: int, sampling: Sampling, priority: Priority | None) -> "Future[Group]":
        future = Deferred(self._compute)
        self._waiting.append(Waiting(subject, n, sampling, priority or Priority(), future))
        return future

    def close(self) -> None:
        """Cancel all that waits."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.future.cancel()

    def _compute(self, wanted: Deferred) -> None:
        """Answer what is `wanted` and all that is urgent. What was cancelled is never answered."""
        batch, later = list[Waiting](), list[Waiting]()
        for each in self._waiting:
            if not each.future.cancelled():
                (batch if each.future is wanted or each.priority.rank == REQUIRED else later).append(each)
        self._waiting = later
        for each in batch:
            each.future.set_running_or_notify_cancel()
        try:
            self._answer(batch)
        except BaseException as error:
            for each in batch:
                if not each.future.done():
                    each.future.set_exception(error)
            if not isinstance(error, Exception):  # Ctrl-C
                raise
