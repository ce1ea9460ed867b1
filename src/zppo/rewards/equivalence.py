r"""Equivalence of two answers: boxed answers -> **equivalence** -> verdicts (method section 7).

The parts of the answers are read in this process (`comparison.py`). Expressions are compared in worker processes
(`pool.py`, `grader.py`, `worker.py`), because a model can write some whose comparison does not end in practical time.
"""

import contextlib
import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from zppo.errors import ConfigError
from zppo.rewards.comparison import Comparison, Decide
from zppo.rewards.grader import Crash, Timeout
from zppo.rewards.normal import normal_form
from zppo.rewards.pool import WorkerPool

CACHE_SIZE = 65536
"""Pairs cached. The rollouts of a group repeat the same few answers, and so does a replayed question."""
MOST_WORKERS = 4
"""Default limit of workers, one per core. Each may take up to 4 GB (`worker.MEMORY_BYTES`)."""

Pair = tuple[str, str]
"""A reference answer and a given one."""


class Equivalence:
    """Compares a reference answer with a given one. Thread-safe; all threads share a few worker processes.

    A worker starts at the first pair that needs it and again after it was killed. It ends with this object, with the
    interpreter, or with the program, even one that was killed.
    """

    _pool: WorkerPool

    def __init__(
        self, deadline_s: float = 5.0, command: Sequence[str] | None = None, workers: int | None = None
    ) -> None:
        """`deadline_s`: seconds one comparison may take (waiting for a free worker not counted). `command` replaces the
        worker program. `workers`: most processes, by default one per core up to 4.

        Raises ConfigError when the deadline or the number of workers is not positive.
        """
        if not deadline_s > 0:
            raise ConfigError(f"the grader's deadline must be a positive number of seconds, not {deadline_s!r}")
        self.deadline_s = deadline_s
        self.workers = min(MOST_WORKERS, os.cpu_count() or 1) if workers is None else workers
        if self.workers < 1:
            raise ConfigError(f"the grader needs at least one worker, not {workers!r}")
        self._command = command
        self._counts = {"calls": 0, "timeouts": 0, "crashes": 0}
        self._cache: OrderedDict[Pair, bool | None] = OrderedDict()
        self._own_process()
        _instances.add(self)

    def __call__(self, gold: str, answer: str) -> bool | None:
        r"""True or False; None (unscored) when the comparison was killed at the deadline or crashed the worker.

        Raises RewardError when the worker cannot be started at all.
        """
        self._count("calls")
        return self._compared((normal_form(gold), normal_form(answer)), self._remembered_or_asked)

    def many(self, pairs: Sequence[Pair]) -> list[bool | None]:
        """The verdict on each of `pairs` (reference, given), in order; new pairs are spread over all workers."""
        self._count("calls", len(pairs))
        pairs = [(normal_form(gold), normal_form(answer)) for gold, answer in pairs]
        verdicts: dict[Pair, bool | None] = {}
        open_: list[Pair] = []
        for pair in dict.fromkeys(pairs):
            try:
                verdicts[pair] = self._compared(pair, self._remembered)
            except KeyError:
                open_.append(pair)
        if open_:
            # A thread only waits for a worker.
            with ThreadPoolExecutor(min(self.workers, len(open_)), "zppo-grading") as threads:
                asked = threads.map(lambda pair: self._compared(pair, self._remembered_or_asked), open_)
                verdicts |= zip(open_, asked, strict=True)
        return [verdicts[pair] for pair in pairs]

    def metrics(self) -> dict[str, float]:
        """Counts since the last call of this: comparisons, and those unscored because of the deadline or a crash."""
        with self._lock:
            counts, self._counts = self._counts, dict.fromkeys(self._counts, 0)
        return {f"grader/{name}": float(count) for name, count in counts.items()}

    def close(self) -> None:
        """End the workers. A later call starts new ones."""
        self._pool.close()

    def _own_process(self) -> None:
        self._lock = threading.Lock()  # cache and counts
        self._pool = WorkerPool(self.workers, self.deadline_s, self._command)

    def _count(self, event: str, times: int = 1) -> None:
        with self._lock:
            self._counts[event] += times

    def _compared(self, pair: Pair, decide: Decide) -> bool | None:
        """The verdict on two normal forms, from the cache or from a comparison with `decide`."""
        with contextlib.suppress(KeyError):
            return self._remembered(*pair)
        verdict = Comparison(decide)(*pair)
        if verdict is not None:
            self._remember(pair, verdict)
        return verdict

    def _remembered(self, gold: str, answer: str) -> bool | None:
        """The cached verdict. Raises KeyError for a pair without one."""
        with self._lock:
            self._cache.move_to_end((gold, answer))
            return self._cache[gold, answer]

    def _remembered_or_asked(self, gold: str, answer: str) -> bool | None:
        try:
            return self._remembered(gold, answer)
        except KeyError:
            verdict = None
        try:
            verdict = self._pool.ask(gold, answer)
        except Timeout:
            # Cached below like a verdict: a group repeats its answers, and each would wait as long.
            self._count("timeouts")
        except Crash:
            self._count("crashes")
            return None
        self._remember((gold, answer), verdict)
        return verdict

    def _remember(self, pair: Pair, verdict: bool | None) -> None:
        with self._lock:
            self._cache[pair] = verdict
            if len(self._cache) > CACHE_SIZE:
                self._cache.popitem(last=False)


_instances: weakref.WeakSet[Equivalence] = weakref.WeakSet()


def _after_fork() -> None:
    """Reset the workers in a forked child: it shares its parent's pipes and may hold locks that are never released."""
    for instance in list(_instances):
        instance._own_process()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
