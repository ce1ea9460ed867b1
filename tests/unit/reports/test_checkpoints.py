"""Checkpoints on the disk: which there are, which stay, which are damaged."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from wholes import publish_whole

from zppo.errors import CheckpointError
from zppo.reports.checkpoints import check_whole, checkpoints_in, discard, shown_size, size_of
from zppo.reports.rundir import RunDirectory


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    run = RunDirectory(tmp_path / "run")
    run.start({})
    return run


def names(run: RunDirectory) -> list[str]:
    return [checkpoint.name for checkpoint in checkpoints_in(run.checkpoints)]


def test_a_checkpoint_is_named_by_its_rollout_step(run: RunDirectory) -> None:
    assert publish_whole(run, 3).name == "checkpoint-3"


def test_the_newest_are_kept_by_number(run: RunDirectory) -> None:
    for step in (8, 9, 10, 100):
        publish_whole(run, step, keep=2)
    assert names(run) == ["checkpoint-10", "checkpoint-100"]


def test_the_best_is_kept_beside_the_newest(run: RunDirectory) -> None:
    for step in (1, 2, 3, 4):
        publish_whole(run, step, keep=1, kept=(2,))
    assert names(run) == ["checkpoint-2", "checkpoint-4"]


def test_with_weights_only_the_newest_alone_can_be_continued(run: RunDirectory) -> None:
    for step in (1, 2, 3):
        publish_whole(run, step, keep=2, weights_only=True)
    older, newest = checkpoints_in(run.checkpoints)
    assert run.resume({}) == newest
    kept = {"model.safetensors", "config.json", "trainer_state.json", "zppo_state_of_weights.json"}
    assert {file.name for file in older.iterdir()} == kept
    assert size_of(older) < size_of(newest) / 2
    with pytest.raises(CheckpointError, match=r"keeps only its weights \(checkpoints.weights_only\)"):
        run.resume({}, "checkpoint-2")


def test_a_checkpoint_is_removed_whole_or_not_at_all(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_whole(run, 1)
    publish_whole(run, 2)
    monkeypatch.setattr("shutil.rmtree", lambda *_, **__: None)  # as if killed before
    discard(run.checkpoints / "checkpoint-2")
    assert names(run) == ["checkpoint-1"] and run.resume({}) == run.checkpoints / "checkpoint-1"


def shorten(file: Path) -> None:
    os.truncate(file, file.stat().st_size - 40)


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 255
    file.write_bytes(content)


DAMAGES: dict[str, tuple[str, Callable[[Path], None]]] = {
    **{f"no {name}": (name, Path.unlink) for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth")},
    **{f"no {name}": (name, Path.unlink) for name in ("zppo_state.json", "trainer_state.json", "config.json")},
    "no weights": ("model.safetensors", Path.unlink),
    **{f"short {name}": (name, shorten) for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth")},
    "short weights": ("model.safetensors", shorten),
    "short state": ("zppo_state.json", shorten),
    "no object": ("trainer_state.json", lambda file: [file.write_text("[1]"), None][1]),
    "empty optimizer": ("optimizer.pt", lambda file: os.truncate(file, 0)),
    "flipped rng": ("rng_state.pth", flip),
}


@pytest.mark.parametrize("case", DAMAGES)
def test_damage_is_named_with_the_way_to_go_on_from_the_one_before(case: str, run: RunDirectory) -> None:
    name, damage = DAMAGES[case]
    older, newest = publish_whole(run, 1), publish_whole(run, 2)
    damage(newest / name)
    with pytest.raises(CheckpointError) as error:
        run.resume({})
    message = str(error.value)
    assert message.startswith(f"{newest / name} is ") and "\n" not in message
    assert message.endswith(f"to go on from checkpoint-1: zppo resume {run.path} --checkpoint checkpoint-1")
    assert run.resume({}, "checkpoint-1") == older


def test_without_a_whole_one_before_it_that_is_said(run: RunDirectory) -> None:
    for step in (1, 2):
        (publish_whole(run, step) / "optimizer.pt").unlink()
    with pytest.raises(CheckpointError, match="no other checkpoint of the run is whole"):
        run.resume({})


def test_a_shard_that_the_index_names_must_be_there(run: RunDirectory) -> None:
    newest = publish_whole(run, 1)
    (newest / "model.safetensors").unlink()
    save_file({"a": np.zeros(4)}, newest / "model-00001-of-00002.safetensors")
    shards = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (newest / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))
    with pytest.raises(CheckpointError, match=r"model-00002-of-00002\.safetensors is missing"):
        check_whole(newest)
    save_file({"b": np.zeros(4)}, newest / "model-00002-of-00002.safetensors")
    check_whole(newest)


def test_a_checkpoint_that_is_not_there_is_answered_with_those_that_are(run: RunDirectory) -> None:
    publish_whole(run, 1)
    with pytest.raises(CheckpointError, match=r"there is no checkpoint checkpoint-7 \(.* has checkpoint-1\)"):
        run.resume({}, "checkpoint-7")


def test_sizes_are_shown_in_the_unit_that_fits() -> None:
    assert [shown_size(n) for n in (12, 1200, 3_400_000, 1_240_000_000)] == ["12 bytes", "1.2 kB", "3.4 MB", "1.2 GB"]
