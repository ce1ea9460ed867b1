"""State of a checkpoint beside transformers' own files: a resumed run must equal an uninterrupted one.

The RNG of a rollout step is derived from seed and step number; only the step number is saved.
The order of the data is derived from the seed. The position in it is saved, as it depends on which rows could
be read.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from zppo.data.order import START, Position
from zppo.errors import CheckpointError
from zppo.run.checkpoints import CHECKPOINT_STATE
from zppo.zone.audit import COUNTS
from zppo.zone.replay import Find, PromptReplayBuffer

COUNTERS = (
    "step",
    "student_tokens",
    "teacher_tokens",
    "gradient_tokens",
    "flops",
    "teacher_cost",
    "teacher_unreachable",
    "judge_tokens",
    "judge_cost",
    "judge_unreachable",
    "skipped_updates",
)


@dataclass
class RunState:
    """Counters and results of a run.

    `step` counts finished rollout steps; `levels` maps question ids to easy/hard; `seconds` are wall-clock. `flops` is
    an estimate: for a model of N parameters 2 N per token read or sampled, 6 N per token trained on. A row of
    `evaluations` holds the accuracies and the counters at that time.
    `teacher_unreachable` responses and `judge_unreachable` replies were not received. `skipped_updates` were
    not finite, of these `skipped_in_a_row` until now. `audit` sums the counts of the match audit over
    steps, by the names of `zone.audit.COUNTS`. `alarms` is the alarms' memory of earlier steps. `position` is
    the start of the next step's new questions in the order of `data`, the identity of the training questions.
    `given` names the objects passed to the trainer in Python, which no config holds.
    """

    step: int = 0
    student_tokens: int = 0
    teacher_tokens: int = 0
    gradient_tokens: int = 0
    flops: float = 0.0
    teacher_cost: float = 0.0
    teacher_unreachable: int = 0
    judge_tokens: int = 0
    judge_cost: float = 0.0
    judge_unreachable: int = 0
    skipped_updates: int = 0
    skipped_in_a_row: int = 0
    seconds: float = 0.0
    audit: dict[str, int] = field(default_factory=dict)
    alarms: dict[str, Any] = field(default_factory=dict)
    evaluations: list[dict[str, Any]] = field(default_factory=list)
    levels: dict[str, str] = field(default_factory=dict)
    position: Position = START
    data: str = ""
    given: list[str] = field(default_factory=list)

    def save(self, folder: Path, buffer: PromptReplayBuffer) -> None:
        state = {"run": asdict(self), "buffer": buffer.state_dict()}
        (folder / CHECKPOINT_STATE).write_text(json.dumps(state), "utf-8")

    def counters(self) -> dict[str, Any]:
        counts = {name: getattr(self, name) for name in COUNTERS}
        return counts | {"seconds": round(self.seconds, 1), "audit": dict(self.audit)}

    def count_step(self, metrics: Mapping[str, float], flops: float) -> None:
        """Add the resources used by a rollout step."""
        self.student_tokens += int(metrics["tokens/student"])
        self.teacher_tokens += int(metrics["tokens/teacher"])
        self.gradient_tokens += int(metrics["tokens/gradient"])
        self.flops += flops
        for name in COUNTS:
            if f"audit/{name}" in metrics:
                self.audit[name] = self.audit.get(name, 0) + int(metrics[f"audit/{name}"])

    def count_teachers(self, metrics: Mapping[str, float]) -> None:
        """Add the cost of API teachers and the number of missing responses."""
        self.teacher_cost += metrics.get("endpoint/cost", 0.0)
        self.teacher_unreachable += int(metrics.get("teacher/unreachable", 0))

    def count_judge(self, metrics: Mapping[str, float]) -> None:
        """Add the cost of judging, held-out responses included. A teacher that judges is counted as a teacher."""
        self.judge_tokens += int(metrics.get("judge/tokens", 0))
        self.judge_cost += metrics.get("judge_endpoint/cost", 0.0)
        self.judge_unreachable += int(metrics.get("judge/unreachable", 0))

    @classmethod
    def load(
        cls, folder: Path, buffer: PromptReplayBuffer, find: Find | None = None, fresh: "RunState | None" = None
    ) -> "RunState":
        """Restore a state and fill `buffer`; for `find` see there. `fresh` is the state of the resuming trainer.

        Raises CheckpointError for a folder that is not a checkpoint of zppo, or does not fit the data.
        """
        file = folder / CHECKPOINT_STATE
        if not file.is_file():
            raise CheckpointError(f"{folder} is no zppo checkpoint: {CHECKPOINT_STATE} is missing")
        try:
            state: Mapping[str, Any] = json.loads(file.read_text("utf-8"))
            run, kept = state["run"], state["buffer"]
            loaded = cls(**run | {"position": Position(*run["position"])})
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise CheckpointError(f"{file} is damaged ({error}); take another checkpoint") from error
        if fresh is not None:
            loaded._check_goes_on(fresh, folder)
        buffer.load_state_dict(kept, find)
        return loaded

    def _check_goes_on(self, fresh: "RunState", folder: Path) -> None:
        if fresh.data != self.data:
            raise CheckpointError(
                f"{folder} is of a run on {self.data}, and the data now is {fresh.data}: questions were added, left "
                "out or moved, and their order would be another. Resume with the data as it was, or start a new run"
            )
        other = sorted(set(self.given) ^ set(fresh.given))
        if other:
            raise CheckpointError(
                f"{folder} is of a run that was {'given' if other[0] in self.given else 'not given'} {other[0]} in "
                "Python; continue it as it was started, by ZPPOTrainer(...).train(resume_from_checkpoint=True)"
            )
