"""Checkpoints made by hand that lack nothing: small, but with every file that a run needs to go on from them."""

from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

from zppo.reports.rundir import RunDirectory
from zppo.training.state import RunState
from zppo.zone.replay import PromptReplayBuffer


def fill(folder: Path, step: int) -> None:
    folder.mkdir(parents=True)
    RunState(step=step).save(folder, PromptReplayBuffer(4))
    (folder / "trainer_state.json").write_text("{}")
    (folder / "config.json").write_text("{}")
    for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth"):
        torch.save({"a": torch.zeros(64)}, folder / name)
    save_file({"a": np.zeros(64)}, folder / "model.safetensors")


def publish_whole(
    directory: RunDirectory, step: int, keep: int = 9, weights_only: bool = False, kept: tuple[int, ...] = ()
) -> Path:
    """Written aside under another number, as transformers counts gradient updates."""
    name = f"checkpoint-{4 * step}"
    fill(directory.partial / name, step)
    return directory.publish_checkpoint(name, step, keep, weights_only, kept)
