"""Finished cells made by hand: summaries with the evaluations one asks for, and processes that write them at once."""

from collections.abc import Callable, Sequence
from typing import Any

from zppo.compare.comparison import Comparison, compared
from zppo.compare.grid import Grid, Matching
from zppo.compare.run import CellRun


def evaluation(step: int, tokens: int, hard: float | None, **changes: Any) -> dict[str, Any]:
    """What a run knows of itself at `step`; all other numbers follow from step and tokens."""
    counts: dict[str, Any] = {"graduated": {}, "admitted": {}, "replayed": {}, "left_by_visits": {}, "audit": {}}
    if step:
        counts |= {"graduated": {"0": step // 2}, "admitted": {"0": step}, "replayed": {"0": step // 2}}
    row = {"step": step, "student_tokens": tokens, "teacher_tokens": tokens // 10, "gradient_tokens": tokens // 5}
    row |= {"seconds": step / 2, "flops": tokens * 10**6, **counts, "overall": 0.5, "easy": 0.9, "hard": hard}
    return row | {"clusters": {}} | changes


def summary(*points: tuple[int, int, float | None]) -> dict[str, Any]:
    """A run with evaluations at (step, student tokens, hard accuracy)."""
    rows = [evaluation(*point) for point in points]
    end = {key: rows[-1][key] for key in ("student_tokens", "teacher_tokens", "gradient_tokens", "seconds", "flops")}
    return {"rollout_steps": rows[-1]["step"], **end, "evaluations": rows}


def grid(methods: Sequence[str] = ("grpo", "zppo"), seeds: Sequence[int] = (0, 1), **variations: list[str]) -> Grid:
    return Grid("recipe.yaml", methods, seeds, variations, {})


def straight_line(label: str, seed: int) -> dict[str, Any]:
    """10 steps, evaluated every 5; zppo samples twice the tokens of the others and gains twice as much a step."""
    slope = 2 if label.startswith("zppo") else 1
    return summary(*((s, 100 * s * slope, slope * (0.01 * seed + 0.04 * s)) for s in (0, 5, 10)))


def comparison(
    grid: Grid,
    matchings: Sequence[Matching] = ("steps",),
    baseline: str | None = None,
    make: Callable[[str, int], dict[str, Any]] = straight_line,
) -> Comparison:
    return compared(grid, grid.baseline(baseline), matchings, {c: make(c.label, c.seed) for c in grid.cells})


class Ended:
    """A process that has already ended."""

    def poll(self) -> int:
        return 0

    def terminate(self) -> None: ...

    def wait(self) -> int:
        return 0


class FakeRunner:
    """Finishes every cell at once, but for those whose name is among `broken`; remembers what it has started."""

    def __init__(self, broken: Sequence[str] = ()) -> None:
        self.broken, self.started = broken, list[str]()

    def __call__(self, run: CellRun) -> Ended:
        self.started.append(run.cell.name)
        if run.cell.name not in self.broken:
            if not run.directory.config_file.exists():
                run.directory.start({"seed": run.cell.seed})
            run.directory.write_summary(straight_line(run.cell.label, run.cell.seed))
        return Ended()
