"""A place that cannot be written ends a run in one line that says how to go on."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from wholes import publish_whole

from zppo.errors import CheckpointError
from zppo.reports.lock import locked
from zppo.reports.rundir import RunDirectory
from zppo.training.saving import saving, writing


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    run = RunDirectory(tmp_path / "run")
    run.start({})
    return run


def torch_error() -> None:
    torch.save({"a": torch.zeros(4)}, "/dev/full")


def raise_(error: Exception) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


PROBLEMS = {
    "full": raise_(OSError(errno.ENOSPC, "No space left on device")),
    "limit": raise_(OSError(errno.EFBIG, "File too large")),
    "read-only": raise_(OSError(errno.EROFS, "Read-only file system")),
    "safetensors": raise_(SafetensorError("I/O error: File too large (os error 27)")),
    "torch": torch_error,
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_what_cannot_be_written_is_one_line_with_the_last_checkpoint(case: str, run: RunDirectory) -> None:
    publish_whole(run, 1)
    with pytest.raises(CheckpointError) as error, saving(run):
        PROBLEMS[case]()
    message = str(error.value)
    assert message.startswith(f"{run.path} cannot be written (") and "\n" not in message
    assert message.endswith(f"checkpoint-1 is whole: make room, then zppo resume {run.path}")


def test_before_the_first_checkpoint_that_is_said(run: RunDirectory) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint was written yet"), writing(run):
        PROBLEMS["full"]()


OTHERS = [
    RuntimeError("shapes differ"),
    OSError(errno.ECONNRESET, "reset"),
    PermissionError(errno.EACCES, "Permission denied", "/elsewhere/cache"),
    KeyError("a"),
]


@pytest.mark.parametrize("error", OTHERS)
def test_other_errors_stay_what_they_are(error: Exception, run: RunDirectory) -> None:
    with pytest.raises(type(error)) as raised, saving(run):
        raise error
    assert raised.value is error


def test_a_place_where_no_run_can_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (Path("/sys/zppo-run"), tmp_path / "file", tmp_path / "file" / "run"):
        run = RunDirectory(place)
        with pytest.raises(CheckpointError, match=f"{place} cannot be written"), writing(run), locked(run.lock_file):
            pass
