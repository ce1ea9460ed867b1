"""The run directory: the files of a run, written so that a kill at any moment leaves it usable.

config.yaml            the effective config
metrics.jsonl          one row per rollout step
rollouts/step-N.jsonl  every group of step N: prompt, responses, verdicts, advantages
alarms.jsonl           every alarm with its sentence, in every step in which it held
dropped.jsonl          every dropped row of the data, with the reason
checkpoints/           `checkpoint-STEP` (`run.checkpoints`); whatever is under `.partial` is not one
.lock                  held by the process that writes the run
error.log              traces of unexpected errors, if there were any
summary.json           written at the end
report.html            written at the end, or by `zppo report`
"""

import json
import re
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from zppo.config.resume import changed_against, flat
from zppo.errors import CheckpointError
from zppo.run.checkpoints import (
    CHECKPOINT_STATE,
    check_whole,
    checkpoints_in,
    continuable,
    discard,
    is_whole,
    publish,
    step_of,
    thin_out,
)
from zppo.run.files import json_lines, read_config, read_json, whole_rows, write_atomically
from zppo.types import Group, StepBatch

_ROLLOUTS = re.compile(r"step-(\d+)\.jsonl")


class RunDirectory:
    """Paths and files of one run."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config_file = self.path / "config.yaml"
        self.metrics_file = self.path / "metrics.jsonl"
        self.alarms_file = self.path / "alarms.jsonl"
        self.dropped_file = self.path / "dropped.jsonl"
        self.summary_file = self.path / "summary.json"
        self.report_file = self.path / "report.html"
        self.rollouts = self.path / "rollouts"
        self.checkpoints = self.path / "checkpoints"
        self.partial = self.checkpoints / ".partial"
        self.lock_file = self.path / ".lock"

    def check(self, config: Mapping[str, Any], resume: bool) -> None:
        """Raise CheckpointError unless a run of `config` can be started here, or resumed if `resume`."""
        there = self.config_file.exists()
        if resume and not there:
            raise CheckpointError(f"{self.path} holds no run to resume; leave out --resume to start one")
        difference = self._difference(config, resume) if there else ""
        if resume and difference:
            raise CheckpointError(
                f"{self.path} was started with another config ({difference}); use the same (docs/runs.md lists the "
                "options that may change)"
            )
        if there and not resume:
            detail = f"of another config ({difference})" if difference else "of this config (--resume continues it)"
            raise CheckpointError(f"{self.path} already holds a run {detail}; choose another run directory")

    def start(self, config: Mapping[str, Any]) -> None:
        """Create the directory of a new run of `config`. Raises CheckpointError if it already holds one."""
        self.check(config, resume=False)
        self.rollouts.mkdir(parents=True, exist_ok=True)
        self.checkpoints.mkdir(exist_ok=True)
        self._write_config(config)

    def resume(self, config: Mapping[str, Any], checkpoint: str | Path | None = None) -> Path | None:
        """Prepare the directory to resume its run.

        Returns the checkpoint to resume from: the newest, or `checkpoint` (a path, or the name of one of the run), or
        None if the run was killed before its first one. Raises CheckpointError when there is no run here, it was
        started with another config, or the checkpoint is damaged.
        """
        self.check(config, resume=True)
        found = self.checkpoint(checkpoint)
        shutil.rmtree(self.partial, ignore_errors=True)
        return found

    def adopt(self, config: Mapping[str, Any]) -> None:
        """Save `config` as the run's config where it differs."""
        if self._difference(config, resume=False):
            self._write_config(config)

    def checkpoint(self, wanted: str | Path | None = None) -> Path | None:
        """See `resume`. Raises CheckpointError for a damaged one: the file, and how to resume from the one before."""
        there = continuable(self.checkpoints)
        if wanted is None and not there:
            return None
        found = there[-1] if wanted is None else Path(wanted)
        if not found.is_dir():
            found = self.checkpoints / found.name
        if not found.is_dir():
            known = ", ".join(each.name for each in there) or "none"
            raise CheckpointError(f"there is no checkpoint {wanted} ({self.checkpoints} has {known})")
        try:
            check_whole(found)
        except CheckpointError as error:
            good = next((each.name for each in reversed(there) if each.name != found.name and is_whole(each)), None)
            remedy = f"to go on from {good}: zppo resume {self.path} --checkpoint {good}"
            none = "no other checkpoint of the run is whole: bring the file back, or start a new run"
            raise CheckpointError(
                f"{error}, so {found.name} cannot be continued; {remedy if good else none}"
            ) from error
        return found

    def complete_checkpoints(self) -> list[Path]:
        """Checkpoints with the state of the run, oldest first."""
        return [each for each in continuable(self.checkpoints) if (each / CHECKPOINT_STATE).is_file()]

    def publish_checkpoint(
        self, name: str, step: int, keep: int, weights_only: bool = False, kept: Collection[int] = ()
    ) -> Path:
        """Move the finished `.partial/name` into place as checkpoint of rollout step `step`, then remove older ones.

        The newest `keep` stay, and those of the steps in `kept`; with `weights_only` only the newest stays complete.
        """
        published = publish(self.partial / name, self.checkpoints, step)
        thin_out(self.checkpoints, keep, weights_only, kept)
        return published

    def rewind(self, step: int) -> None:
        """Remove everything written after rollout step `step`: it will be written again."""
        self.summary_file.unlink(missing_ok=True)
        for later in [c for c in checkpoints_in(self.checkpoints) if step_of(c) > step]:
            discard(later)
        for file in (self.metrics_file, self.alarms_file, self.dropped_file):
            write_atomically(file, json_lines([row for row in whole_rows(file) if row["step"] <= step]))
        for number, file in self._dumps():
            if number > step:
                file.unlink()

    def log_metrics(self, row: Mapping[str, Any]) -> None:
        with self.metrics_file.open("a", encoding="utf-8") as file:
            file.write(json_lines([row]))

    def metrics(self) -> list[dict[str, Any]]:
        """All complete rows; a last row cut short by a kill is skipped."""
        return whole_rows(self.metrics_file)

    def log_alarms(self, step: int, sentences: Mapping[str, str]) -> None:
        """Log the alarms that hold in a step, by name."""
        with self.alarms_file.open("a", encoding="utf-8") as file:
            file.write(json_lines([{"step": step, "alarm": name, "sentence": s} for name, s in sentences.items()]))

    def alarms(self) -> list[dict[str, Any]]:
        return whole_rows(self.alarms_file)

    def write_dropped(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the rows dropped at the start (step 0) before those dropped in rollout steps."""
        later = [row for row in whole_rows(self.dropped_file) if row["step"] > 0]
        write_atomically(self.dropped_file, json_lines([*({"step": 0, **row} for row in rows), *later]))

    def log_dropped(self, step: int, rows: Sequence[Mapping[str, Any]]) -> None:
        with self.dropped_file.open("a", encoding="utf-8") as file:
            file.write(json_lines([{"step": step, **row} for row in rows]))

    def log_rollouts(self, step: int, batch: StepBatch) -> None:
        taught = {group.prompt.uid: group for minibatch in batch.minibatches for group, _ in minibatch}
        rows = (_group_row(group, taught.get(group.prompt.uid), batch.teacher_answers) for group in batch.groups)
        write_atomically(self.rollouts / f"step-{step:06d}.jsonl", json_lines(rows))

    def groups(self, steps: Collection[int] | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
        """Every dumped group with its rollout step, in order; only those of `steps` if given."""
        for step, file in self._dumps():
            if steps is not None and step not in steps:
                continue
            yield from ((step, row) for row in whole_rows(file))

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        write_atomically(self.summary_file, json.dumps(summary, indent=2) + "\n")

    def summary(self) -> dict[str, Any]:
        """The contents of `summary.json`. Raises CheckpointError for a damaged file."""
        return dict(read_json(self.summary_file))

    def _difference(self, config: Mapping[str, Any], resume: bool) -> str:
        """The first option in which saved config and `config` differ, or ''; `resume` allows some to differ."""
        saved, mine = flat(read_config(self.config_file)), flat(config)
        names = changed_against(saved, mine, resume)
        there, here = (repr(c[names[0]]) if names and names[0] in c else "the default" for c in (saved, mine))
        return f"{names[0]}: there {there}, here {here}" if names else ""

    def _write_config(self, config: Mapping[str, Any]) -> None:
        write_atomically(self.config_file, yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True))

    def _dumps(self) -> list[tuple[int, Path]]:
        """The rollout files with their steps, in order."""
        named = [(_ROLLOUTS.fullmatch(file.name), file) for file in self.rollouts.glob("step-*.jsonl")]
        return sorted((int(name[1]), file) for name, file in named if name is not None)


def _group_row(group: Group, trained: Group | None, teacher_answers: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """A group with the student's responses; `taught` are the teacher's responses of `trained`.

    The candidates of an aided prompt are stored with their labels, which the prompt does not show: `candidates` in
    the order of the prompt, and for an NCQ the teacher's right answers of the step.
    """
    question = group.question
    own = Group(group.prompt, [r for r in group.rollouts if not r.injected])
    taught = [] if trained is None else [r for r in trained.rollouts if not any(r is mine for mine in group.rollouts)]
    cluster = question.fields.get("cluster")
    return {
        "uid": group.prompt.uid,
        "kind": group.prompt.kind,
        "question_id": question.id,
        "cluster": None if cluster is None else str(cluster),
        "question": question.text,
        **({"media": [medium.name for medium in question.media]} if question.media else {}),
        "answer": question.answer,
        "prompt": group.prompt.text,
        **({"prefix": group.prompt.prefix.text} if group.prompt.prefix else {}),
        **_shown(group, teacher_answers),
        "accuracy": own.accuracy,
        **({"taught": [r.text for r in taught]} if taught else {}),
        "rollouts": [
            {
                "text": r.text,
                "answer": r.answer,
                "reward": r.reward,
                "advantage": r.advantage,
                "tokens": r.tokens,
                "finish_reason": r.finish_reason,
                **({"injected": True} if r.injected else {}),
                **({"notes": r.notes} if r.notes else {}),
            }
            for r in group.rollouts
        ],
    }


def _shown(group: Group, teacher_answers: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The candidates of a BCQ or NCQ; nothing for other groups."""
    candidates = [{"text": c.text, "answer": c.answer, "is_right": c.is_right} for c in group.prompt.candidates]
    beside = {"teacher_answers": list(teacher_answers.get(group.question.id, ()))} if group.prompt.kind == "ncq" else {}
    return ({"candidates": candidates} if candidates else {}) | beside
