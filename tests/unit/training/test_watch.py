"""Alarms in log, metrics and run directory; the end of a run without signal."""

import logging
from pathlib import Path

import pytest

from zppo.config import AlarmsConfig, RunOptions
from zppo.errors import BlindError
from zppo.reports.rundir import RunDirectory
from zppo.training.state import RunState
from zppo.training.watch import AlarmLog
from zppo.types import Group, Prompt, Question, Rollout, StepBatch


def batch(*rewards: float) -> StepBatch:
    prompt = Prompt("plain", Question("q", "?", "1"), "?")
    rollouts = [Rollout([1], f"it is {r}", reward=r, answer="1" if r else None) for r in rewards]
    return StepBatch([Group(prompt, rollouts)], [], {})


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    directory = RunDirectory(tmp_path / "run")
    directory.start({})
    return directory


def steps(run: RunDirectory, batches: list[StepBatch], stop: int, state: RunState, of: int = 9) -> AlarmLog:
    log = AlarmLog(RunOptions(rollout_steps=of, alarms=AlarmsConfig(stop)), run)
    for each in batches:
        state.step += 1
        each.metrics |= log.observe(state, each)
    return log


def test_an_alarm_is_logged_once_and_marked_in_every_step(run: RunDirectory, caplog: pytest.LogCaptureFixture) -> None:
    batches = [batch(0.0, 0.0), batch(0.0, 0.0), batch(1.0, 0.0)]
    with caplog.at_level(logging.WARNING):
        steps(run, batches, 0, RunState())
    (line,) = caplog.messages
    assert line.startswith("step 1: alarm no_answers: not one of 2 responses")
    assert [each.metrics for each in batches] == [{"alarm/no_answers": 1}] * 2 + [{}]
    assert [(row["step"], row["alarm"]) for row in run.alarms()] == [(1, "no_answers"), (2, "no_answers")]
    run.rewind(1)
    assert [row["step"] for row in run.alarms()] == [1]


def test_training_ends_after_so_many_steps_without_signal_across_a_resume(run: RunDirectory) -> None:
    state = RunState()
    steps(run, [batch(0.0, 0.0)], 2, state).check()
    resumed = RunState(state.step, alarms=state.alarms)
    log = steps(run, [batch(1.0, 1.0)], 2, resumed)
    with pytest.raises(BlindError, match=r"at rollout step 2: 2 in a row .* --alarms.stop_when_blind 0"):
        log.check()


@pytest.mark.parametrize(("stop", "of"), [(0, 9), (4, 9), (3, 3)])
def test_training_goes_on_without_the_option_before_its_number_and_at_the_last_step(
    run: RunDirectory, stop: int, of: int
) -> None:
    steps(run, [batch(0.0, 0.0)] * 3, stop, RunState(), of).check()
