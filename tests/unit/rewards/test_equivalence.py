"""Two answers that say the same are equivalent, and no answer can hold up or bring down the program."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zppo.errors
from zppo.errors import ConfigError, RewardError
from zppo.rewards.equivalence import Equivalence

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX processes")
ENDLESS = "y+999"
"""No expression is known that the real worker cannot bound; a stand-in works on this one for ever."""


@pytest.fixture(scope="module")
def equal() -> Iterator[Equivalence]:
    equivalence = Equivalence()
    yield equivalence
    equivalence.close()


@pytest.fixture
def impatient() -> Iterator[Equivalence]:
    stuck = f"""
        for line in sys.stdin:
            while {ENDLESS!r} in line: pass
            print('{{"equivalent": true}}', flush=True)
    """
    equivalence = Equivalence(deadline_s=1.0, command=worker_that(stuck))
    yield equivalence
    equivalence.close()


def worker_that(body: str) -> list[str]:
    """The command of a stand-in worker that says it is ready and then runs `body`."""
    return [
        sys.executable,
        "-c",
        "import sys, time, os\nprint('{\"ready\": true}', flush=True)\n" + textwrap.dedent(body),
    ]


def worker_pid(equivalence: Equivalence) -> int | None:
    return next(iter(equivalence._pool.pids), None)


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("1/2", "0.5"),
        ("1/2", r"\frac12"),
        ("1/2", r"$\dfrac{1}{2}$"),
        ("-0.5", r"-\frac{1}{2}"),
        ("42", "42."),
        ("42", r"\(42\)"),
        ("1000", "1e3"),
        (r"\frac{\sqrt{2}}{2}", r"\frac{1}{\sqrt2}"),
        ("1/3", "0.333333"),
        ("x^2+2x+1", "(x+1)^2"),
        ("1234", "1,234"),
        ("64/7", "9 1/7"),
        ("64/7", r"9\frac{1}{7}"),
        ("9 1/7", r"9\,\frac17"),
        ("-2.5", "-2 1/2"),
        ("9 1/7 cm", r"9 \frac{2}{14}\text{ cm}"),
        ("5", "x = 5"),
        ("(1,2)", "(1, 2)"),
        ("B", r"\text{(B)}"),
        ("10", r"10\text{ cm}"),
        (r"\begin{pmatrix}1\\2\end{pmatrix}", "\\begin{pmatrix}\n1\\\\\n2\n\\end{pmatrix}"),
        (r"1.6\times10^{-19}", r"1.6\cdot 10^{-19}"),
        (r"10\text{ cm}", r"10~\mathrm{cm}"),
        ("10 cm", "10 centimeters"),
        ("1234567", r"\text{1,234,567}"),
        ("no solution", r"\text{No solution.}"),
        ("red and blue", "Blue, red"),
        ("mc", r"m \cdot c"),
        (r"c \cdot m", "mc"),
        ("xy", "y*x"),
        ("1, 2", "2, 1"),
        (r"\{1, 2\}", r"\{2, 1\}"),
        ("(1,2)", "1, 2"),
        (r"(-\infty, \frac12]", r"\left(-\infty,\,0.5\right]"),
        ("(1,2,3)", "[1,2,3]"),
        (r"(1,2)\cup(3,4)", r"(3,4)\cup(1,2)"),
        ("−5", "-5"),
        ("x^2", "x²"),
        ("2023-01-02", r"\text{2023-1-2}"),
        ("2023-01-02", "2023/1/2"),
        ("3-2", "3-2."),
        ("B", "B)"),
        ("(B)", r"\textbf{B.}"),
        ("9.8 m/s^2", r"9.8\,\frac{\text{m}}{\text{s}^2}"),
    ],
)
def test_different_spellings_of_one_answer_are_equivalent(equal: Equivalence, gold: str, answer: str) -> None:
    assert equal(gold, answer) is True


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("5", "6"),
        ("1/2", "0.51"),
        ("5", ""),
        ("", ""),
        ("A", "B"),
        ("1/3", "0.33"),
        ("7", "5 or 7"),
        ("7", "1 2 3 4 5 6 7"),
        ("7", "?? °° 7"),
        (r"1.6\times10^{-19}", r"9.1\times10^{-31}"),
        ("0.0000001", "0.0000002"),
        ("1e999999", "1e999998"),
        ("5", "1e999999"),
        ("1/2", "1/0"),
        ("64/7", "9, 1/7"),
        ("64/7", "10 1/7"),
        ("9/7", "9 1/7"),
        ("91/7", "9 1/7"),
        ("5/3", "1 12/3"),
        ("x", r"\frac{\frac{\frac{\frac{"),
        ("x", "\ud800 \x00 \n"),
        ("10 km", "10 m"),
        ("mc", r"m \cdot d"),
        ("xy", "yx"),
        ("mC", r"m \cdot c"),
        ("cat", "**act**"),
        (r"10\text{ cm}", r"11\text{ cm}"),
        ("x = 5", "x = 6"),
        ("cat", "act"),
        (r"\text{listen}", "silent"),
        ("no solution", "solution no"),
        ("red, blue", "blue, der"),
        ("(1,2)", "(2,1)"),
        ("(1,2)", "2, 1"),
        ("(3,1)", "(5,2)"),
        ("(2,1)", "[2,1]"),
        ("(1,2)", "(1,2]"),
        ("(1,2)", "(1,2,3)"),
        ("(x, 2)", "(y, 2)"),
        ("−5", "5"),
        ("x^2", "x³"),
        ("2023-01-02", "2023-02-01"),
        ("2023-01-02", "2020"),
        ("2020", "2023-01-02"),
        ("2023/1/2", "2023/2/1"),
        ("10-05-2020", "11-06-2020"),
        ("3-2", "4-3"),
        ("B", "C)"),
        ("B", "(B, C)"),
        ("9.8 m/s^2", r"9.8\,\frac{\text{m}}{\text{s}}"),
    ],
)
def test_different_answers_are_not(equal: Equivalence, gold: str, answer: str) -> None:
    assert equal(gold, answer) is False


INTERVALS = [
    ["x < 3", r"(-\infty, 3)", r"x \in (-\infty, 3)", "3 > x"],
    [r"x \le 3", r"(-\infty, 3]", r"x \in (-\infty, 3]", r"3 \geq x"],
    ["x > 3", r"(3, \infty)", r"x \in (3, \infty)"],
    ["1 < x < 3", "(1, 3)", r"x \in (1, 3)"],
    [r"1 \le x < 3", "[1, 3)", r"x \in [1, 3)"],
]


@pytest.mark.parametrize("same", INTERVALS)
def test_an_interval_is_its_inequality_and_no_other_whichever_is_the_reference(
    equal: Equivalence, same: list[str]
) -> None:
    for gold in same:
        assert all(equal(gold, answer) for answer in same)
        assert not any(equal(gold, answer) for other in INTERVALS if other is not same for answer in other)


DAYS = st.dates(min_value=date(1000, 1, 1))


@given(DAYS, DAYS, st.sampled_from(["%Y-%m-%d", "%Y/%m/%d", "%d-%m-%Y"]))
def test_two_dates_are_the_same_if_they_are_the_same_day(one: date, other: date, form: str) -> None:
    equal = Equivalence(command=["no worker is needed"])
    assert equal(one.strftime(form), other.strftime(form)) is (one == other)
    swapped = f"{one.year}-{one.day}-{one.month}"
    assert equal(f"{one.year}-{one.month}-{one.day}", swapped) is (one.day == one.month)
    assert equal(one.strftime(form), str(one.year - one.month - one.day)) is False


@pytest.mark.parametrize("marked", ["30°", r"30^\circ", r"30^{\circ}", r"30\degree", "30%", r"30\%", r"$30^\circ$"])
def test_degree_and_percent_marks_are_set_aside_in_a_second_comparison(equal: Equivalence, marked: str) -> None:
    assert equal("30", marked) is True
    assert equal(marked, "30") is True
    assert equal("31", marked) is False


def test_marks_that_already_compare_equal_stay(equal: Equivalence) -> None:
    assert equal("0.5", r"50\%") is True


def test_an_essay_in_the_box_is_wrong_without_asking_a_worker() -> None:
    equal = Equivalence(command=["no worker is needed"])
    assert equal("x + 1", "1 + x + " + "0 + " * 10_000 + "0") is False


@given(st.text(max_size=30).filter(lambda s: s.strip() not in ("", ".")))
@settings(max_examples=50, deadline=None)
def test_an_answer_equals_itself(text: str) -> None:
    equal = Equivalence(command=["no worker is needed"])
    assert equal(text, text) is True
    assert equal(text, f" {text}\n") is True


@given(st.integers(-(10**9), 10**9), st.sampled_from([1, 2, 4, 5, 8, 10, 100, 1000]))
@settings(max_examples=100, deadline=None)
def test_a_fraction_equals_its_decimal(numerator: int, denominator: int) -> None:
    equal = Equivalence(command=["no worker is needed"])
    scaled = abs(Fraction(numerator, denominator)) * 1000
    sign = "-" if numerator < 0 else ""
    decimal = f"{sign}{scaled.numerator // 1000}.{scaled.numerator % 1000:03d}"
    assert scaled.denominator == 1
    assert equal(f"{numerator}/{denominator}", decimal) is True
    assert equal(decimal, f"{sign}\\frac{{{abs(numerator)}}}{{{denominator}}}") is True
    assert equal(f"{numerator + denominator}/{denominator}", decimal) is False


def test_an_endless_expression_is_killed_at_the_deadline_and_unscored(impatient: Equivalence) -> None:
    assert impatient("x+1", "1+x") is True
    first = worker_pid(impatient)
    assert impatient("x", ENDLESS) is None
    assert impatient.metrics() == {"grader/calls": 2.0, "grader/timeouts": 1.0, "grader/crashes": 0.0}

    assert impatient("x+2", "2+x") is True, "a new worker takes over"
    assert worker_pid(impatient) != first


def test_a_timeout_is_remembered(impatient: Equivalence) -> None:
    assert [impatient("x", ENDLESS), impatient("x", ENDLESS)] == [None, None]
    assert impatient.metrics()["grader/timeouts"] == 1


def test_a_verdict_is_remembered() -> None:
    equal = Equivalence(command=worker_that("sys.stdin.readline(); print('{\"equivalent\": true}')"))
    assert equal("a", "b") is True, "the only reply of this worker"
    assert equal("$a$", " b ") is True
    equal.close()


def test_a_hung_worker_is_killed_even_when_it_does_not_read() -> None:
    equal = Equivalence(deadline_s=0.2, command=worker_that("time.sleep(100)"))
    assert equal("x" * 200_000, "y") is None
    assert equal.metrics()["grader/timeouts"] == 1


@pytest.mark.parametrize("ending", ["os._exit(3)", "sys.stdin.readline(); os.abort()", "print('half a line', end='')"])
def test_a_crash_is_unscored_and_counted_and_not_remembered(ending: str) -> None:
    equal = Equivalence(deadline_s=20, command=worker_that(ending))
    assert [equal("a", "b"), equal("a", "b")] == [None, None]
    assert equal.metrics() == {"grader/calls": 2.0, "grader/timeouts": 0.0, "grader/crashes": 2.0}


@posix
def test_a_worker_that_was_killed_from_outside_between_two_questions_is_replaced(equal: Equivalence) -> None:
    assert equal("a+b", "b+a") is True
    pid = worker_pid(equal)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.2)
    assert equal("a+c", "c+a") is True


def test_a_worker_that_cannot_start_is_an_error_not_a_wrong_answer() -> None:
    equal = Equivalence(command=[sys.executable, "-c", 'import sys; print(\'{"error": "no math_verify"}\')'])
    with pytest.raises(RewardError, match=r"no math_verify.*pip install math-verify"):
        equal("a", "b")
    with pytest.raises(RewardError, match="exit status 7"):
        Equivalence(command=[sys.executable, "-c", "raise SystemExit(7)"])("a", "b")


@pytest.mark.parametrize("deadline_s", [0, -1, float("nan")])
def test_a_deadline_must_be_positive(deadline_s: float) -> None:
    with pytest.raises(ConfigError, match="positive"):
        Equivalence(deadline_s)


def test_threads_share_the_workers_and_get_their_own_verdicts(equal: Equivalence) -> None:
    pairs = [(f"x+{i}", f"{i + i % 2}+x") for i in range(40)]
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda pair: equal(*pair), pairs))
    assert verdicts == [i % 2 == 0 for i in range(40)]


def test_closing_ends_the_worker_and_a_later_question_starts_another(equal: Equivalence) -> None:
    assert equal("a+d", "d+a") is True
    equal.close()
    equal.close()
    assert worker_pid(equal) is None
    assert equal("a+e", "e+a") is True


@posix
def test_an_interrupt_does_not_shift_the_replies() -> None:
    late = "for line in sys.stdin: time.sleep(1.5); print('{\"equivalent\": true}', flush=True)"
    equal = Equivalence(deadline_s=20, command=worker_that(late))
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        equal("a", "b")
    assert worker_pid(equal) is None
    equal.close()


@posix
def test_a_forked_child_starts_its_own_worker(equal: Equivalence) -> None:
    assert equal("b+c", "c+b") is True
    before = worker_pid(equal)
    child = os.fork()
    if child == 0:
        right = equal("b+d", "d+b") is True and worker_pid(equal) != before
        equal.close()
        os._exit(0 if right else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert equal("b+e", "e+b") is True and worker_pid(equal) == before


SCRIPT = """
import os, signal, threading
from zppo.rewards.equivalence import Equivalence
equal = Equivalence(deadline_s=1.0)
print(equal("x+1", "1+x"), equal._pool.pids[0], flush=True)
"""
ENDINGS = {
    "returns": "",
    "is killed": "os.kill(os.getpid(), signal.SIGKILL)",
    "is killed among comparisons": """
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGKILL)).start()
for number in range(10**9):
    equal(f"x+{number}", f"{number}+x")
""",
}


@posix
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_script_without_main_guard_works_and_leaves_no_worker_behind_when_it(ending: str, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT + ENDINGS[ending])
    (tmp_path / "sympy.py").write_text("raise RuntimeError('a file of the user')")
    environment = {**os.environ, "PYTHONPATH": str(Path(zppo.errors.__file__).parents[1])}
    script = [sys.executable, "script.py"]
    done = subprocess.run(script, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    verdict, pid = done.stdout.split()
    assert verdict == "True" and not done.stderr
    for _ in range(2400):  # its CPU limit ends a busy worker; on a crowded machine that takes its time
        if not is_running(int(pid)):
            return
        time.sleep(0.05)
    pytest.fail("the worker outlived the script")


def is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        if os.path.isdir("/proc/self"):
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
