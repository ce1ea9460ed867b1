"""What a run has written so far, read for a report: config, one row of metrics per rollout step, and the summary."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from zppo.config import ZoneConfig
from zppo.errors import CheckpointError
from zppo.reports.checkpoints import checkpoints_in, size_of
from zppo.reports.files import read_config
from zppo.reports.rundir import RunDirectory
from zppo.reports.summary import run_summary
from zppo.training.state import RunState
from zppo.zone.replay import PromptReplayBuffer

Row = Mapping[str, Any]
MOST_ROWS = 400


@dataclass(frozen=True)
class Record:
    """A run in numbers. `summary` is that of the newest checkpoint while the run is not finished."""

    config: Row
    rows: Sequence[Row]
    summary: Row
    finished: bool
    checkpoints: Mapping[str, int]
    """Bytes of each, by name, oldest first."""

    @property
    def steps(self) -> int:
        return self.rows[-1]["step"]

    @property
    def tau(self) -> float:
        return self.config.get("zone", {}).get("tau", ZoneConfig.tau)

    @property
    def evaluations(self) -> list[Row]:
        """Held-out results in order, also those that are newer than the checkpoint (without clusters)."""
        known = list(self.summary["evaluations"])
        last = known[-1]["step"] if known else -1
        newer = [r for r in self.rows if "eval/overall" in r and r["step"] > last]
        levels = ("overall", "easy", "hard")
        return known + [{"step": r["step"]} | {level: r.get(f"eval/{level}") for level in levels} for r in newer]

    def total(self, key: str) -> float:
        """Sum of a metric over all steps."""
        return sum(row.get(key, 0) for row in self.rows)

    def last(self, key: str) -> float:
        return self.rows[-1].get(key, 0)


def read_record(run: RunDirectory) -> Record:
    """Raises CheckpointError when there is no run, or none of its rollout steps is finished."""
    if not run.config_file.is_file():
        raise CheckpointError(f"{run.path} is no run directory ({run.config_file.name} is missing); name one of a run")
    config = read_config(run.config_file)
    rows = run.metrics()
    if not rows:
        raise CheckpointError(f"{run.path}: no rollout step is finished yet, so there is nothing to report")
    finished = run.summary_file.is_file()
    sizes = {each.name: size_of(each) for each in checkpoints_in(run.checkpoints)}
    return Record(config, rows, run.summary() if finished else _summary_so_far(run, config), finished, sizes)


def thinned(rows: Sequence[Row], most: int = MOST_ROWS) -> tuple[Sequence[Row], int]:
    """At most `most` rows for drawing, each the mean of as many neighbours as the second value says."""
    each = -(-len(rows) // most)
    if each == 1:
        return rows, 1
    return [_mean_row(rows[start : start + each]) for start in range(0, len(rows), each)], each


def _mean_row(rows: Sequence[Row]) -> Row:
    keys: Iterable[str] = dict.fromkeys(key for row in rows for key in row)
    means = {key: fmean(row[key] for row in rows if key in row) for key in keys}
    return means | {"step": rows[-1]["step"]}


def _summary_so_far(run: RunDirectory, config: Row) -> Row:
    buffer = PromptReplayBuffer(config.get("zone", {}).get("buffer_size", ZoneConfig.buffer_size))
    checkpoints = run.complete_checkpoints()
    state = RunState.load(checkpoints[-1], buffer) if checkpoints else RunState()
    summary = run_summary(config["method"], config["seed"], state, buffer)
    if len(state.evaluations) < 2:
        summary["accuracy_after"] = None
    return summary
