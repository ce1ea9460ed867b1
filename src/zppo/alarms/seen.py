"""The rollout step that alarms examine, and the texts that their sentences quote."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol

from zppo.config import RunOptions
from zppo.methods import Method
from zppo.types import Rollout, StepBatch

SHOWN = 80
"""Characters of a quoted response or answer in a sentence: one line of a terminal."""


@dataclass(frozen=True)
class Seen:
    """A finished rollout step of a run with `options`."""

    batch: StepBatch
    metrics: Mapping[str, float]
    options: RunOptions

    @cached_property
    def method(self) -> Method:
        return self.options.parsed_method

    @cached_property
    def rollouts(self) -> list[Rollout]:
        """The student's own rollouts, of prompts of every kind."""
        return [r for group in self.batch.groups for r in group.rollouts if not r.injected]


class Watch(Protocol):
    """One alarm. Its instance attributes are its memory between steps, as JSON values."""

    name: ClassVar[str]

    def observe(self, seen: Seen) -> str:
        """The sentence of the alarm if it holds in this step, else ''. Called once for every step, in order."""
        ...


def holds_answer(rollout: Rollout) -> bool:
    """True if it has a final answer, or a reward without one, as from reward functions and judges."""
    return bool(rollout.answer) or bool(rollout.reward)


def quoted(text: str, end: bool = False) -> str:
    """`text` on one line in quotes, control characters escaped; of a long one the beginning, or the `end`."""
    cut = text[-SHOWN:] if end else text[:SHOWN]
    dots = "..." if len(cut) < len(text) else ""
    return f"{dots}{cut!r}" if end else f"{cut!r}{dots}"


def percent(part: float, whole: float = 1.0) -> str:
    return f"{100 * part / whole:.3g} %"
