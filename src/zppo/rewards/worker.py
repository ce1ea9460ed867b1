r"""The far end of the grader: a process of its own that compares two expressions, one request at a time.

It is started by path, not imported: it needs math-verify and the standard library only, so it starts without loading
torch. Standard input and output carry one JSON object per line: it says `{"ready": true}` once, then answers every
`{"gold": ..., "answer": ...}` with `{"equivalent": ...}`, and ends when standard input does.

What `symbolic` reads is compared there. Sums over an index, integrals, limits and matrices are math-verify's. The
verdict is null for numbers too large to be compared exactly that agree in their leading digits.
"""

import contextlib
import json
import logging
import math
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

MEMORY_BYTES = 4 << 30
"""Address space of the worker: a number with a billion digits ends in a MemoryError here, not in a full machine."""
_LARGE = re.compile(r"\\(?:sum|prod|i{1,3}nt|oint|lim|begin|det)(?![A-Za-z])")
"""Notation that is left to math-verify."""
_DIFFERENTIAL = re.compile(r"(?<![A-Za-z\\])d\s*(\\?[A-Za-z]+)")
_UNDER = re.compile(r"_\s*\{[^{}]*\}")
_RELATION = re.compile(r"[=<>]|\\(?:le|ge|ne|approx|equiv|in)(?![A-Za-z])")


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


def load_grader() -> Callable[[str, str], bool | None]:
    """The comparison itself. Imports math-verify (about a second), hence the function in a function."""
    from math_verify import LatexExtractionConfig, parse, verify  # type: ignore[import-untyped,unused-ignore]

    sys.path.append(str(Path(__file__).parent))  # last, so that no module here stands before a library's
    from symbolic.compare import equivalent as same_value  # type: ignore[import-not-found,unused-ignore]
    from symbolic.tree import Unreadable  # type: ignore[import-not-found,unused-ignore]
    from symbolic.values import TooLarge, Undefined  # type: ignore[import-not-found,unused-ignore]

    # The box and nothing but the box: by default a box that does not parse would be searched for any number inside it.
    only_the_box = [LatexExtractionConfig(boxed_match_priority=0)]

    def by_math_verify(gold: str, answer: str) -> bool:
        left, right = (
            # The library's own timeouts are signals, blind to one long operation; the parent's deadline kills us.
            list(parse(f"\\boxed{{{text}}}", only_the_box, extraction_mode="first_match", parsing_timeout=None))
            for text in (gold, answer)
        )
        return bool(verify(left, right, timeout_seconds=None))

    def equivalent(gold: str, answer: str) -> bool | None:
        try:
            return bool(same_value(gold, answer))
        except TooLarge:
            return None
        except Unreadable:
            return (
                all(map(_is_large, (gold, answer)))
                and _letters(gold) == _letters(answer)
                and _DIFFERENTIAL.findall(gold) == _DIFFERENTIAL.findall(answer)
                and by_math_verify(gold, answer)
            )
        except (Undefined, RecursionError, ValueError, OverflowError):
            return False

    by_math_verify(r"\frac{x}{2} + 1", "1 + 0.5x")  # loads what is loaded lazily, before the first deadline runs
    return equivalent


def _is_large(text: str) -> bool:
    """Not a relation: math-verify may compare one side of it alone."""
    return bool(_LARGE.search(text)) and not _RELATION.search(_UNDER.sub("", text))


def _letters(text: str) -> set[str]:
    """The commands and letters of a text: math-verify drops some, of which it takes those of units."""
    return set(re.findall(r"\\[A-Za-z]+|[A-Za-z]", text))


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
