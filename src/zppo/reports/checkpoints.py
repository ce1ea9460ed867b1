"""The checkpoints of a run: folders `checkpoint-STEP`, each published with one rename and removed with one.

A folder or file of another name is somebody else's, and so is a link: neither is counted, continued or removed.
"""

import json
import os
import re
import shutil
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

from zppo.errors import CheckpointError

CHECKPOINT_STATE = "zppo_state.json"
WEIGHTS_STATE = "zppo_state_of_weights.json"
"""The state of a checkpoint that keeps only its weights: it can be used and evaluated, but not continued."""
TRAINING_FILES = ("optimizer.pt", "scheduler.pt", "rng_state.pth")
TRAINER_STATE = "trainer_state.json"
MODEL_CONFIG = "config.json"
WEIGHTS, WEIGHTS_INDEX = "model.safetensors", "model.safetensors.index.json"
DISCARDED = "discarded"
_NAME = re.compile(r"checkpoint-(\d+)")
_UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def name_of(step: int) -> str:
    return f"checkpoint-{step}"


def step_of(checkpoint: Path) -> int:
    """Rollout steps that were finished when it was taken."""
    found = _NAME.fullmatch(checkpoint.name)
    assert found is not None, f"{checkpoint} is no checkpoint of a run"
    return int(found[1])


def checkpoints_in(folder: Path) -> list[Path]:
    """All of the run, oldest first: whole, damaged and with weights alone."""
    there = folder.iterdir() if folder.is_dir() else ()
    own = (each for each in there if _NAME.fullmatch(each.name) and each.is_dir() and not each.is_symlink())
    return sorted(own, key=step_of)


def continuable(folder: Path) -> list[Path]:
    """Those that hold, or should hold, everything that a run needs to go on from them; oldest first."""
    return [each for each in checkpoints_in(folder) if not (each / WEIGHTS_STATE).is_file()]


def publish(written: Path, folder: Path, step: int) -> Path:
    """Move the finished checkpoint `written` into `folder` under its rollout step, with one rename."""
    target = folder / name_of(step)
    for file in written.rglob("*"):
        _sync(file)
    if target.exists():
        discard(target)
    os.rename(written, target)
    _sync(folder)
    return target


def thin_out(folder: Path, keep: int, weights_only: bool, kept: Collection[int] = ()) -> None:
    """Remove all but the newest `keep` and the steps in `kept`; with `weights_only` only the newest stays whole."""
    there = checkpoints_in(folder)
    for old in there[:-keep]:
        if step_of(old) not in kept:
            discard(old)
    for older in checkpoints_in(folder)[:-1] if weights_only else ():
        keep_weights(older)


def keep_weights(checkpoint: Path) -> None:
    """Remove what only training needs; the rename comes first, so that a kill leaves no half of a whole one."""
    if (checkpoint / CHECKPOINT_STATE).is_file():
        os.rename(checkpoint / CHECKPOINT_STATE, checkpoint / WEIGHTS_STATE)
    for name in (*TRAINING_FILES, "scaler.pt"):
        (checkpoint / name).unlink(missing_ok=True)


def discard(checkpoint: Path) -> None:
    """Remove a checkpoint. It is first moved out of sight, so that a kill leaves no half of it in its place."""
    aside = checkpoint.parent / ".partial" / DISCARDED
    shutil.rmtree(aside, ignore_errors=True)
    aside.parent.mkdir(exist_ok=True)
    os.rename(checkpoint, aside)
    shutil.rmtree(aside, ignore_errors=True)


def check_whole(checkpoint: Path) -> None:
    """Raise CheckpointError naming the first file that is missing or damaged. Reads every file of it but the weights,
    of which the lengths are compared with what their heads say."""
    if (checkpoint / WEIGHTS_STATE).is_file():
        raise CheckpointError(f"{checkpoint} keeps only its weights (checkpoints.weights_only)")
    for name in (CHECKPOINT_STATE, TRAINER_STATE, MODEL_CONFIG):
        _check_json(checkpoint / name)
    for name in TRAINING_FILES:
        _check_archive(checkpoint / name)
    for weights in _weight_files(checkpoint):
        _check_weights(weights)


def is_whole(checkpoint: Path) -> bool:
    try:
        check_whole(checkpoint)
    except CheckpointError:
        return False
    return True


def size_of(checkpoint: Path) -> int:
    """Bytes of all its files."""
    return sum(file.stat().st_size for file in checkpoint.rglob("*") if file.is_file())


def shown_size(size: int) -> str:
    """`1.2 GB`"""
    unit, name = next(((unit, name) for unit, name in _UNITS if size >= unit), (1, "bytes"))
    return f"{size / unit:.1f} {name}" if unit > 1 else f"{size} {name}"


def _weight_files(checkpoint: Path) -> list[Path]:
    index = checkpoint / WEIGHTS_INDEX
    if not index.is_file():
        return [checkpoint / WEIGHTS]
    return [checkpoint / name for name in sorted(set(_check_json(index)["weight_map"].values()))]


def _check_json(file: Path) -> dict[str, Any]:
    _check_there(file)
    try:
        found = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise CheckpointError(f"{file} is damaged: no JSON ({error})") from error
    if not isinstance(found, dict):
        raise CheckpointError(f"{file} is damaged: it holds {type(found).__name__}, not an object")
    return found


def _check_archive(file: Path) -> None:
    """What torch saves is a zip archive with a checksum for each of its parts."""
    _check_there(file)
    try:
        with zipfile.ZipFile(file) as archive:
            broken = archive.testzip()
    except (zipfile.BadZipFile, EOFError, ValueError) as error:
        raise CheckpointError(f"{file} is damaged: it is cut off or no file of torch ({error})") from error
    if broken is not None:
        raise CheckpointError(f"{file} is damaged: the checksum of {broken} is another")


def _check_weights(file: Path) -> None:
    from safetensors import SafetensorError, safe_open

    _check_there(file)
    try:
        with safe_open(file, "np"):
            pass
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{file} is damaged: {error}") from error


def _check_there(file: Path) -> None:
    if not file.is_file():
        raise CheckpointError(f"{file} is missing")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
