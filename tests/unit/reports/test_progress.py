"""What is shown of long work: lines in a pipe, bars on a terminal, warnings in every case."""

import io
import logging
import re

import pytest
from rich.console import Console

from zppo.reports.progress import PATIENCE, Lines, NoteHandler, Progress, Silent, new_progress
from zppo.reports.terminal import Terminal

NUMBERS = {"accuracy": "45.0%", "hard": "52.0%"}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def screen(width: int = 120) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=width, height=20)


def text_of(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", console.file.getvalue())


def test_a_pipe_gets_a_line_per_step_with_its_time_and_the_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = Lines(clock)
    lines.begin("step", 6, done=2)  # two before a resume, which say nothing of the pace here
    clock.now = 10
    lines.done(3, NUMBERS)
    clock.now = 14
    lines.done(4, NUMBERS | {"held-out": "35.0%"})
    clock.now = 20
    lines.done(6, NUMBERS)
    assert capsys.readouterr().err.splitlines() == [
        "step 3/6: accuracy 45.0%, hard 52.0%, 10.0 s, 30.0 s left",
        "step 4/6: accuracy 45.0%, hard 52.0%, held-out 35.0%, 4.0 s, 14.0 s left",
        "step 6/6: accuracy 45.0%, hard 52.0%, 6.0 s",
    ]


def test_a_pipe_gets_a_line_for_every_phase_of_the_first_unit_and_for_a_long_one_how_far_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    lines = Lines(clock)
    lines.phase("rollouts of 32 plain", 32, brief=True)
    lines.advance(8)
    clock.now = PATIENCE + 1
    lines.advance(8)
    lines.done(1)
    lines.phase("rollouts of 32 plain", 32, brief=True)
    assert capsys.readouterr().err.splitlines() == [
        "rollouts of 32 plain (32) ...",
        "rollouts of 32 plain: 16 of 32",
    ]


def test_a_pipe_gets_a_line_at_the_start_of_a_long_phase_and_of_a_brief_one_after_a_silence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    lines = Lines(clock)
    lines.phase("loading student m")
    lines.phase("held-out evaluation", 1384)
    lines.done(1)
    lines.phase("rollouts of 32 plain", 32, brief=True)
    clock.now = PATIENCE + 1
    lines.phase("updates", 4, brief=True)
    lines.phase("rollouts of 8 plain", 8, brief=True)
    lines.show("held-out", "35.0%")
    lines.done(1)
    told = ["loading student m ...", "held-out evaluation (1,384) ...", "updates (4) ...", "held-out: 35.0%"]
    assert capsys.readouterr().err.splitlines() == told


def test_a_terminal_shows_phase_counts_steps_and_numbers_at_once() -> None:
    console = screen()
    with Terminal(console) as bars:
        bars.phase("loading student m")
        assert "loading student m" in text_of(console), "before anything else happens"
        bars.begin("step", 120)
        bars.phase("rollouts of 32 plain", 32, brief=True)
        bars.advance(24)
        bars.done(1, NUMBERS)
        bars.phase("updates", 4, brief=True)
    shown = text_of(console)
    assert "24/32" in shown and re.search(r"steps.* 1/120 .*left", shown)
    assert re.search(r"updates.* 0/4\b", shown) and "accuracy 45.0%   hard 52.0%" in shown
    assert "step 1/120:" not in shown, "a line is kept for held-out results alone"


def test_a_phase_of_unknown_length_has_no_count_of_the_one_before() -> None:
    console = screen()
    with Terminal(console) as bars:
        bars.phase("rollouts of 32 plain", 32)
        bars.phase("responses of the teacher")
    last = text_of(console).split("responses of the teacher")[-1]
    assert "/32" not in last and bars._bars.tasks[-1].total is None


def test_a_terminal_keeps_warnings_and_held_out_results_as_lines_above_the_bars_in_order() -> None:
    console = screen(width=40)
    log = logging.getLogger("zppo.test_progress")
    with Terminal(console) as bars:
        handler = NoteHandler(bars)
        log.addHandler(handler)
        try:
            bars.begin("step", 2)
            log.warning("step 1: alarm [b]no_answers[/b]: not one of 16 responses holds a final answer")
            bars.done(1, NUMBERS | {"held-out": "35.0%"})
            bars.show("held-out", "40.0%")
        finally:
            log.removeHandler(handler)
    shown = text_of(console)
    kept = ("alarm [b]no_answers[/b]: not one of 16 responses holds a final answer", "step 1/2: acc", "held-out: 40.0%")
    assert [shown.index(line) for line in kept] == sorted(shown.index(line) for line in kept)


def test_bars_that_end_leave_the_screen_and_may_be_ended_twice() -> None:
    console = screen()
    with Terminal(console) as bars, bars:
        bars.phase("loading")
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().endswith("\x1b[2K"), "the last line is erased"


def test_quiet_shows_warnings_alone(capsys: pytest.CaptureFixture[str]) -> None:
    silent: Progress = new_progress(quiet=True)
    with silent:
        silent.phase("loading")
        silent.begin("step", 2)
        silent.advance()
        silent.done(1, NUMBERS)
        silent.show("held-out", "1")
        silent.note("step 1: alarm")
    assert type(silent) is Silent
    assert capsys.readouterr() == ("", "step 1: alarm\n")


@pytest.mark.parametrize(
    ("tty", "term", "kind"), [(True, "xterm", Terminal), (True, "dumb", Lines), (False, "xterm", Lines)]
)
def test_bars_need_a_terminal_that_can_move_its_cursor(
    monkeypatch: pytest.MonkeyPatch, tty: bool, term: str, kind: type
) -> None:
    monkeypatch.setenv("TERM", term)
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: tty)
    monkeypatch.setattr("sys.stderr", stream)
    assert type(new_progress()) is kind
