"""Trackers of transformers (`report_to`): which are there, and tables of sampled rollouts in them."""

import html
import random
import re
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from transformers import TrainerCallback
from transformers.integrations import INTEGRATION_TO_CALLBACK

from zppo.errors import ConfigError, nearest
from zppo.types import KINDS, Rollout, StepBatch

EXTRAS = ("tensorboard", "wandb", "trackio", "mlflow")
"""Extras of this package, each called like the tracker and the module that it installs."""
COLUMNS = ("step", "kind", "question", "prompt", "response", "verdict", "reward", "advantage")
EACH = 4
"""Rollouts of each kind of prompt in a table."""

Row = tuple[Any, ...]


def check_trackers(report_to: Sequence[str]) -> None:
    """Raise ConfigError for a tracker that is unknown, or whose package is not installed."""
    for name in report_to:
        if name not in INTEGRATION_TO_CALLBACK:
            raise ConfigError(
                f"training.report_to: there is no tracker {name!r}{nearest(name, INTEGRATION_TO_CALLBACK)}"
            )
        if name in EXTRAS and find_spec(name) is None:
            raise ConfigError(f"training.report_to: {name} is not installed; pip install 'zppo[{name}]'")


class RolloutTables:
    """Writes a table of sampled rollouts every `every` rollout steps (0: never) into the trackers among `callbacks`.

    Trackers are found at each step, as callbacks may be added to a trainer.
    """

    def __init__(self, every: int, callbacks: Callable[[], Sequence[TrainerCallback]]) -> None:
        self._every = every
        self._callbacks = callbacks

    def log(self, step: int, updates: int, batch: StepBatch, rng: random.Random) -> None:
        """The table of rollout step `step`, after which so many gradient updates were made."""
        if not self._every or step % self._every:
            return
        found = [(WRITERS[kind], each) for each in self._callbacks() if (kind := type(each).__name__) in WRITERS]
        if found:
            rows = sampled(step, batch, rng)
            for write, callback in found:
                write(callback, rows, updates)


def sampled(step: int, batch: StepBatch, rng: random.Random) -> list[Row]:
    """Rows of `COLUMNS`: up to `EACH` of the student's rollouts for each kind of prompt, in order."""
    rows: list[Row] = []
    for kind in KINDS:
        pairs = [(g, r) for g in batch.of_kind(kind) for r in g.rollouts if not r.injected]
        for at in sorted(rng.sample(range(len(pairs)), min(EACH, len(pairs)))):
            group, rollout = pairs[at]
            prompt = group.question.id, group.prompt.text
            rows.append((step, kind, *prompt, rollout.text, _verdict(rollout), rollout.reward, rollout.advantage))
    return rows


def _verdict(rollout: Rollout) -> str:
    return "right" if rollout.is_right else "wrong" if rollout.is_wrong else "unscored"


def _to_tensorboard(callback: Any, rows: Sequence[Row], updates: int) -> None:
    if callback.tb_writer is not None:
        callback.tb_writer.add_text("rollouts", as_markdown(rows), updates)


def _to_wandb(callback: Any, rows: Sequence[Row], updates: int) -> None:
    wandb = import_module("wandb")
    table = wandb.Table(columns=list(COLUMNS), data=[list(row) for row in rows])
    wandb.log({"rollouts": table, "train/global_step": updates})


def _to_trackio(callback: Any, rows: Sequence[Row], updates: int) -> None:
    trackio, pandas = import_module("trackio"), import_module("pandas")
    table = trackio.Table(dataframe=pandas.DataFrame(list(rows), columns=list(COLUMNS)))
    trackio.log({"rollouts": table, "train/global_step": updates})


def _to_mlflow(callback: Any, rows: Sequence[Row], updates: int) -> None:
    columns = {name: list(values) for name, values in zip(COLUMNS, zip(*rows, strict=True), strict=True)}
    import_module("mlflow").log_table(columns, artifact_file=f"rollouts/updates-{updates:06d}.json")


WRITERS: dict[str, Callable[[Any, Sequence[Row], int], None]] = {
    "TensorBoardCallback": _to_tensorboard,
    "WandbCallback": _to_wandb,
    "TrackioCallback": _to_trackio,
    "MLflowCallback": _to_mlflow,
}
"""By the name of transformers' callback, whose module need not be there."""

_MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!])")


def as_markdown(rows: Sequence[Row]) -> str:
    """A table in Markdown. Texts of models are shown as they are: no image, link or tag in them is one on the page."""

    def cell(value: Any) -> str:
        escaped = _MARKS.sub(r"\\\1", html.escape(str(value), quote=False))
        return escaped.replace("|", "&#124;").replace("\r", "").replace("\n", "<br>")

    lines = [COLUMNS, ["---"] * len(COLUMNS), *(map(cell, row) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
