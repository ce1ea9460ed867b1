r"""Decides whether two answers say the same: boxed answers -> **equivalence** -> verdicts (method section 7).

Most answers are the same text or plain numbers and are decided here, in microseconds. The rest goes to math-verify in a
worker process (`grader.py`, `worker.py`), because a model can write expressions that take longer than the universe.
"""

import os
import re
import threading
import weakref
from collections import OrderedDict
from collections.abc import Sequence
from fractions import Fraction

from zppo.errors import ConfigError
from zppo.rewards.grader import Crash, Grader, Timeout
from zppo.rewards.worker import RESOLUTION

CACHE_SIZE = 65536
"""Pairs remembered. The rollouts of a group give the same few answers, and a replayed question gives them again."""

_DIGITS, _DECIMAL = r"[0-9]{1,100}", r"(?:[0-9]{1,100}\.?[0-9]{0,100}|\.[0-9]{1,100})(?:[eE][+-]?[0-9]{1,3})?"
_ARGUMENT = r"\s*(?:\{{\s*(?P<{0}_group>[0-9]{{1,100}})\s*\}}|(?P<{0}_digit>[0-9]))"
_NUMBER = re.compile(
    rf"(?P<sign>[+-]?)\s*(?:(?P<decimal>{_DECIMAL})|(?P<over>{_DIGITS})\s*/\s*(?P<under>{_DIGITS})"
    rf"|\\[dt]?frac{_ARGUMENT.format('num')}{_ARGUMENT.format('den')})"
)
_WRAPPERS = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"))
_MARKS = re.compile(r"\^\s*(?:\\circ(?![A-Za-z])|\{\s*\\circ\s*\})|°|\\degree(?![A-Za-z])|\\?%")


class Equivalence:
    """Compares a reference answer with a given one. Safe from any thread; one worker process serves them all.

    The worker starts at the first pair that needs it and again after it was killed. It ends with this object, with the
    interpreter, or with the program however that ends.
    """

    _grader: Grader | None

    def __init__(self, deadline_s: float = 5.0, command: Sequence[str] | None = None) -> None:
        """`deadline_s`: seconds one comparison may take (waiting for other threads not counted). `command` replaces the
        worker program. Raises ConfigError when the deadline is not positive.
        """
        if not deadline_s > 0:
            raise ConfigError(f"the grader's deadline must be a positive number of seconds, not {deadline_s!r}")
        self.deadline_s = deadline_s
        self._command = command
        self._counts = {"calls": 0, "timeouts": 0, "crashes": 0}
        self._cache: OrderedDict[tuple[str, str], bool | None] = OrderedDict()
        self._own_process()
        _instances.add(self)

    def __call__(self, gold: str, answer: str) -> bool | None:
        r"""True or False; None when the comparison was killed at the deadline or brought the worker down (unscored).

        Not symmetric: math-verify simplifies `x = 5` differently for the reference and for the answer.
        Raises RewardError when the worker cannot be started at all.
        """
        self._count("calls")
        gold, answer = _bare(gold), _bare(answer)
        verdict = self._compare(gold, answer)
        if verdict is False:
            plain_gold, plain_answer = _without_marks(gold), _without_marks(answer)
            if (plain_gold, plain_answer) != (gold, answer):
                verdict = self._compare(plain_gold, plain_answer)
        return verdict

    def metrics(self) -> dict[str, float]:
        """Counts since the last call of this: comparisons, and those left unscored by the deadline or by a crash."""
        with self._lock:
            counts, self._counts = self._counts, dict.fromkeys(self._counts, 0)
        return {f"grader/{name}": float(count) for name, count in counts.items()}

    def close(self) -> None:
        """Ends the worker. A later call starts a new one."""
        with self._turn:
            if self._grader is not None:
                self._grader.close()
                self._grader = None

    def _own_process(self) -> None:
        self._lock = threading.Lock()  # cache and counts
        self._turn = threading.Lock()  # the worker: one question at a time
        self._grader = None

    def _count(self, event: str) -> None:
        with self._lock:
            self._counts[event] += 1

    def _compare(self, gold: str, answer: str) -> bool | None:
        verdict = _decided_here(gold, answer)
        if verdict is not None:
            return verdict
        pair = (gold, answer)
        with self._lock:
            if pair in self._cache:
                self._cache.move_to_end(pair)
                return self._cache[pair]
        try:
            verdict = self._ask(gold, answer)
        except Timeout:
            # Remembered below like a verdict: a group repeats its answers, and each would wait as long.
            self._count("timeouts")
        except Crash:
            self._count("crashes")
            return None
        with self._lock:
            self._cache[pair] = verdict
            if len(self._cache) > CACHE_SIZE:
                self._cache.popitem(last=False)
        return verdict

    def _ask(self, gold: str, answer: str) -> bool:
        with self._turn:
            if self._grader is None or not self._grader.alive:
                self._grader = Grader(self.deadline_s, self._command)
            return self._grader.ask(gold, answer)


def _bare(answer: str) -> str:
    """Without surrounding space, math delimiters and the full stop that ends a sentence."""
    answer = answer.strip()
    if answer.endswith(".") and not answer.endswith(".."):
        answer = answer[:-1].rstrip()
    for left, right in _WRAPPERS:
        inner = answer[len(left) : -len(right)]
        if inner.strip() and answer == left + inner + right and left not in inner:
            return inner.strip()
    return answer


def _without_marks(answer: str) -> str:
    return _MARKS.sub("", answer).strip()


def _decided_here(gold: str, answer: str) -> bool | None:
    """The verdict for equal texts, empty answers and plain numbers; None for what needs math-verify."""
    if not gold or not answer:
        return False
    if gold == answer:
        return True
    if len(answer) > 1000 + 4 * len(gold):
        return False  # an essay, not an answer; parsing it would only run into the deadline
    left, right = number_of(gold), number_of(answer)
    if left is None or right is None:
        return None
    if left == right:
        return True
    # Near misses of decimals (1/3 and 0.333333) are math-verify's to judge, so that there is one tolerance only.
    near = abs(left - right) <= RESOLUTION and not (_is_exact(gold) and _is_exact(answer))
    return None if near else False


def number_of(text: str) -> Fraction | None:
    """The value of an integer, a decimal or a fraction of integers. Bounded sizes: `1e999999` is not plain."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    if match["decimal"]:
        value = Fraction(match["decimal"])
    else:
        over = match["over"] or match["num_group"] or match["num_digit"]
        under = int(match["under"] or match["den_group"] or match["den_digit"])
        if under == 0:
            return None
        value = Fraction(int(over), under)
    return -value if match["sign"] == "-" else value


def _is_exact(number: str) -> bool:
    return "." not in number and "e" not in number.lower()


_instances: weakref.WeakSet[Equivalence] = weakref.WeakSet()


def _after_fork() -> None:
    """A forked child shares the pipes of its parent's worker and may hold locks nobody releases: it starts afresh."""
    for instance in list(_instances):
        instance._own_process()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
