"""What is not asked is listed in the run directory, step by step, and survives a resume."""

import json
from pathlib import Path
from typing import Any

import pytest

from zppo.data.dropped import Dropped
from zppo.errors import DataError
from zppo.reports.rundir import RunDirectory
from zppo.training.drops import DropLog
from zppo.types import MEDIA_MARK, Media, Question


def gone() -> Any:
    raise DataError("image a.png: there is no such file")


WORDS = Question("w", "1+1?", "2")
SEEN = Question("s", MEDIA_MARK, "1", media=(Media("image", "b.png", lambda: "a picture"),))
GONE = Question("g", MEDIA_MARK, "1", media=(Media("image", "a.png", gone),))
AT_START = [Dropped("train.jsonl", 3, "c", "no answer", "there is no answer")]


def rows(run: RunDirectory) -> list[tuple[int, str]]:
    lines = run.dropped_file.read_text("utf-8").splitlines()
    return [(row["step"], row["id"]) for row in map(json.loads, lines)]


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    run = RunDirectory(tmp_path)
    run.start({})
    return run


def test_replayed_questions_that_cannot_be_read_are_left_out_and_counted(run: RunDirectory) -> None:
    log = DropLog(run, {"train": AT_START, "eval": []})
    log.begin_run()
    log.begin_step([Dropped("train.jsonl", 9, "n", "unreadable media", "damaged")])
    assert log.readable([WORDS, GONE, SEEN]) == [WORDS, SEEN]
    assert log.end_step(1) == {"data/dropped": 2}
    log.begin_step([])
    assert log.end_step(2) == {"data/dropped": 0}
    assert rows(run) == [(0, "c"), (1, "n"), (1, "g")]


def test_a_step_that_is_made_again_lists_what_it_drops_once(run: RunDirectory) -> None:
    log = DropLog(run, {"train": AT_START})
    log.begin_run()
    for step in (1, 2):
        log.begin_step([])
        log.readable([GONE])
        log.end_step(step)
    with run.dropped_file.open("a", encoding="utf-8") as file:
        file.write('{"step": 2, "id": "torn')
    run.rewind(1)
    again = DropLog(run, {"train": AT_START})
    again.begin_run()
    again.begin_step([])
    again.readable([GONE])
    again.begin_step([])  # what a step that was stopped half-way has left
    again.readable([GONE])
    again.end_step(2)
    assert rows(run) == [(0, "c"), (1, "g"), (2, "g")]
