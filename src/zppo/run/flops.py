"""Compute used by a run, in floating-point operations."""

from collections.abc import Mapping


def step_flops(metrics: Mapping[str, float], student: int, teacher: int) -> float:
    """FLOPs of a rollout step, from its metrics: 2 N per token read or sampled, 6 N per token trained on.

    `student` and `teacher` are numbers of parameters. Teachers and judges of unknown size count 0.
    """

    def count(*names: str) -> float:
        return sum(metrics.get(f"tokens/{name}", 0) for name in names)

    own = 2 * student * count("student", "student_prompt", "remembered") + 6 * student * count("trained")
    asked = metrics["flops/teacher"] + metrics.get("flops/judge", 0)
    return own + 2 * teacher * count("teacher_forward") + asked
