"""The pairs of a batch are shared among a few workers, each with a deadline of its own."""

import sys
import threading
import time

import pytest

from zppo.errors import ConfigError
from zppo.rewards.equivalence import Equivalence


def slow_worker(seconds: float) -> list[str]:
    answering = f"for line in sys.stdin: time.sleep({seconds}); print('{{\"equivalent\": true}}', flush=True)"
    return [sys.executable, "-c", "import sys, time\nprint('{\"ready\": true}', flush=True)\n" + answering]


def test_the_pairs_of_a_batch_are_shared_among_the_workers() -> None:
    equal = Equivalence(deadline_s=20, command=slow_worker(0.3), workers=4)
    pairs = [(f"x_{i}", f"y_{i}") for i in range(8)]
    assert equal.many(pairs) == [True] * 8
    assert len(equal._pool.pids) == 4
    began = time.monotonic()
    assert equal.many(pairs) == [True] * 8
    assert time.monotonic() - began < 0.3, "verdicts are remembered"
    equal.close()
    assert not equal._pool.pids


def test_a_single_caller_needs_a_single_worker() -> None:
    equal = Equivalence(deadline_s=20, command=slow_worker(0), workers=4)
    assert [equal(f"x_{i}", f"y_{i}") for i in range(6)] == [True] * 6
    assert len(equal._pool.pids) == 1
    equal.close()


def test_each_worker_has_its_own_deadline() -> None:
    hanging = "import sys, time\nprint('{\"ready\": true}', flush=True)\nfor l in sys.stdin:\n"
    hanging += "    if 'slow' in l: time.sleep(60)\n    print('{\"equivalent\": true}', flush=True)"
    equal = Equivalence(deadline_s=0.5, command=[sys.executable, "-c", hanging], workers=2)
    pairs = [("a_1", "b"), ("slow_1", "b"), ("a_2", "b"), ("slow_1", "b"), ("a_3", "b")]
    assert equal.many(pairs) == [True, None, True, None, True]
    assert equal.metrics() == {"grader/calls": 5.0, "grader/timeouts": 1.0, "grader/crashes": 0.0}
    equal.close()


def test_closing_waits_for_the_workers_that_are_busy_and_may_be_done_twice_at_once() -> None:
    equal = Equivalence(deadline_s=20, command=slow_worker(0.3), workers=2)
    verdicts: list[bool | None] = []
    asking = threading.Thread(target=lambda: verdicts.extend(equal.many([("a_1", "b_1"), ("a_2", "b_2")])))
    asking.start()
    time.sleep(0.2)
    closing = [threading.Thread(target=equal.close) for _ in range(2)]
    for thread in closing:
        thread.start()
    for thread in [asking, *closing]:
        thread.join(timeout=20)
        assert not thread.is_alive()
    assert verdicts == [True, True]


def test_there_must_be_a_worker() -> None:
    with pytest.raises(ConfigError, match="at least one worker, not 0"):
        Equivalence(workers=0)
