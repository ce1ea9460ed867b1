"""A pool of grading workers that threads share: each pair goes to a free one, and each is killed on its own."""

import queue
import threading
from collections.abc import Sequence

from zppo.rewards.grader import Grader


class WorkerPool:
    """At most `workers` processes. A worker starts when no free one is left, and again after it was killed.

    Thread-safe; a pair waits while all workers are busy, which does not count against its deadline.
    """

    def __init__(self, workers: int, deadline_s: float, command: Sequence[str] | None = None) -> None:
        self._workers = workers
        self._deadline_s = deadline_s
        self._command = command
        self._closing = threading.Lock()
        # Last in, first out: a single thread always uses the same worker, and the others never start.
        self._free: queue.LifoQueue[Grader | None] = queue.LifoQueue()
        for _ in range(workers):
            self._free.put(None)

    @property
    def pids(self) -> list[int]:
        """Process ids of the living workers that are not busy."""
        with self._free.mutex:
            return [grader.pid for grader in self._free.queue if grader is not None and grader.alive]

    def ask(self, gold: str, answer: str) -> bool | None:
        """True if the answers are equivalent, None without a verdict.

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
        """End all workers, each after its current pair. A later call starts a new one."""
        with self._closing:  # two concurrent calls would each wait for the other's workers
            for grader in [self._free.get() for _ in range(self._workers)]:
                if grader is not None:
                    grader.close()
                self._free.put(None)
