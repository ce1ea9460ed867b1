r"""The far end of the grader: a process of its own that compares two answers with math-verify, one request at a time.

It is started by path, not imported: it needs math-verify and the standard library only, so it starts without loading
torch. Standard input and output carry one JSON object per line: it says `{"ready": true}` once, then answers every
`{"gold": ..., "answer": ...}` with `{"equivalent": ...}`, and ends when standard input does.
"""

import contextlib
import json
import logging
import math
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

MEMORY_BYTES = 4 << 30
"""Address space of the worker: a number with a billion digits ends in a MemoryError here, not in a full machine."""

RESOLUTION = 1e-6
"""math-verify compares decimals after six places; smaller numbers must agree to this relative precision instead."""


def main() -> None:
    deadline_s = float(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program that started us; we end with our input
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints must not land between two replies
    logging.disable(logging.CRITICAL)
    try:
        equivalent = load_grader()
    except Exception as error:
        _send(replies, {"error": f"{type(error).__name__}: {error}"})
        return
    _limit_memory()
    _send(replies, {"ready": True})
    for line in sys.stdin:
        _limit_time(deadline_s)
        request = json.loads(line)
        _send(replies, {"equivalent": equivalent(request["gold"], request["answer"])})


def load_grader() -> Callable[[str, str], bool]:
    """The comparison itself. Imports math-verify (about a second), hence the function in a function."""
    from math_verify import LatexExtractionConfig, parse, verify  # type: ignore[import-untyped,unused-ignore]

    # The box and nothing but the box: by default a box that does not parse would be searched for any number inside it.
    only_the_box = [LatexExtractionConfig(boxed_match_priority=0)]

    def parsed(text: str) -> list[Any]:
        box = "\\boxed{" + text + "}"
        # The library's own timeouts are signals, blind to one long operation; the parent's deadline kills us instead.
        return list(parse(box, only_the_box, extraction_mode="first_match", parsing_timeout=None))

    def equivalent(gold: str, answer: str) -> bool:
        left, right = parsed(gold), parsed(answer)
        # An interval is the same as an inequality, whichever of them is the reference.
        same = verify(left, right, allow_set_relation_comp=True, timeout_seconds=None)
        return bool(same) and not _tiny_but_different(left, right)

    equivalent(r"\frac{x}{2} + 1", "1 + 0.5x")  # loads what is loaded lazily, before the first deadline runs
    return equivalent


def _tiny_but_different(gold: list[Any], answer: list[Any]) -> bool:
    """Whether both are numbers below the resolution of math-verify, which calls 1.6e-19 and 9.1e-31 equal."""
    try:
        left, right = float(gold[0]), float(answer[0])
    except (TypeError, ValueError, OverflowError, ArithmeticError):  # an interval, a set, a symbol, a huge number
        return False
    return max(abs(left), abs(right)) < RESOLUTION and not math.isclose(left, right, rel_tol=RESOLUTION)


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):  # not on Windows; a lower limit of the user's stays
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _limit_time(deadline_s: float) -> None:
    """Ends a comparison that nobody waits for any more, should our parent be killed while we compute."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        seconds = math.ceil(time.process_time() + deadline_s) + 2
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _send(replies: Any, message: dict[str, Any]) -> None:
    replies.write(json.dumps(message) + "\n")
    replies.flush()


if __name__ == "__main__":
    main()
