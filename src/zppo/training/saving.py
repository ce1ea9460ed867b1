"""The end of a save: what is ours beside transformers' files, the card, the rename, and errors in one line."""

import errno
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from zppo.errors import CheckpointError
from zppo.run.checkpoints import continuable, shown_size, size_of
from zppo.run.directory import RunDirectory
from zppo.run.state import RunState
from zppo.training.arguments import ZPPOConfig
from zppo.training.card import model_card
from zppo.zone.replay import PromptReplayBuffer

logger = logging.getLogger(__name__)
_TORCH_FILES = re.compile(r"inline_container|PytorchStreamWriter|cannot be opened|iostream")

UNWRITABLE = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ENOTDIR,
    errno.EEXIST,
)
"""Errors of the place that is written to."""


def publish(
    written: Path,
    directory: RunDirectory,
    args: ZPPOConfig,
    state: RunState,
    buffer: PromptReplayBuffer,
    kept: list[int],
) -> None:
    """Complete the checkpoint that transformers has written aside, and publish it. Its size is logged."""
    state.save(written, buffer)
    (written / "README.md").write_text(model_card(args.effective(), state, written), "utf-8")
    options = args.checkpoints
    published = directory.publish_checkpoint(written.name, state.step, options.keep, options.weights_only, kept)
    logger.info("%s: %s in %s", published.name, shown_size(size_of(published)), directory.checkpoints)


@contextmanager
def writing(directory: RunDirectory) -> Iterator[None]:
    """Turns an error of a full disk, a limit or a folder that cannot be written into a CheckpointError.

    It names the file and the checkpoint to go on from. What a save wrote aside is removed by the next resume.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in UNWRITABLE or _is_elsewhere(error.filename, directory.path):
            raise
        raise _unwritten(directory, error) from error


@contextmanager
def saving(directory: RunDirectory) -> Iterator[None]:
    """The same for the libraries that write tensors, whose errors tell their cause in words alone."""
    try:
        with writing(directory):
            yield
    except SafetensorError as error:
        raise _unwritten(directory, error) from error
    except RuntimeError as error:
        if not _TORCH_FILES.search(str(error)):
            raise
        raise _unwritten(directory, error) from error


def _is_elsewhere(name: str | bytes | int | None, run: Path) -> bool:
    """True if an error is about a file that is neither in the run directory nor on the way to it."""
    file = Path(name) if isinstance(name, str) else run
    return file != run and run not in file.parents and file not in run.parents


def _unwritten(directory: RunDirectory, error: Exception) -> CheckpointError:
    last = "no checkpoint was written yet"
    for checkpoint in continuable(directory.checkpoints)[-1:]:
        last = f"{checkpoint.name} is whole: make room, then zppo resume {directory.path}"
    return CheckpointError(f"{directory.path} cannot be written ({' '.join(str(error).split())}); {last}")
