"""A few grading workers that threads share: each question goes to a free one, and each is killed on its own."""

import queue
import threading
from collections.abc import Sequence

from zppo.rewards.grader import Grader


class WorkerPool:
    """At most `workers` processes. A worker starts when a question finds no free one, and again after it was killed.

    Safe from any thread; a question waits while all workers are busy, which does not count against its deadline.
    """

    def __init__(self, workers: int, deadline_s: float, command: Sequence[str] | None = None) -> None:
        self._workers = workers
        self._deadline_s = deadline_s
        self._command = command
        self._closing = threading.Lock()
        # Last in, first out: a single thread is always served by the same worker, and the others never start.
        self._free: queue.LifoQueue[Grader | None] = queue.LifoQueue()
        for _ in range(workers):
            self._free.put(None)

    @property
    def pids(self) -> list[int]:
        """Process ids of the living workers that are not busy."""
        with self._free.mutex:
            return [grader.pid for grader in self._free.queue if grader is not None and grader.alive]

    def ask(self, gold: str, answer: str) -> bool | None:
        """Whether the answers are equivalent, None if it cannot be told.

        Raises Timeout, Crash, or RewardError when a worker cannot be started.
        """
        grader = self._free.get()
        try:
            if grader is None or not grader.alive:
                grader = Grader(self._deadline_s, self._command)
            return grader.ask(gold, answer)
        finally:
            self._free.put(grader)

    def close(self) -> None:
        """Ends all workers, each after the question it is busy with. A later question starts a new one."""
        with self._closing:  # two that close at once would wait for each other's half
            for grader in [self._free.get() for _ in range(self._workers)]:
                if grader is not None:
                    grader.close()
                self._free.put(None)
