"""The section of what a response is worth: how its final answer is read, and reward functions."""

import math
from dataclasses import dataclass

from zppo.custom import check_form
from zppo.errors import ConfigError
from zppo.rewards.extraction import names_in


@dataclass(frozen=True)
class RewardsConfig:
    """The score of a response (docs/rewards.md)."""

    extract: str | tuple[str, ...] = "boxed"
    r"""How the final answer of a response is read (docs/rewards.md): `boxed`, `last_number`, `answer_tag`, `gsm8k`,
    `choice`, `regex:PATTERN`, `python:FILE.py:FUNCTION`, or a list, of which the first that finds an answer gives it.
    It is what rules grade, what aided prompts list, what compression keeps and what the audit compares."""
    functions: str | tuple[str, ...] = ()
    """Reward functions in TRL's signature, `FILE.py:FUNCTION` or `PACKAGE.MODULE:FUNCTION`, that score instead of
    the rules of answer types."""
    weights: tuple[float, ...] = ()
    """Of the functions, in their order; none means 1 for each."""

    def __post_init__(self) -> None:
        names_in(self.extract)
        for named in self.named_functions:
            check_form("rewards.functions", named)
        if self.weights and len(self.weights) != len(self.named_functions):
            raise ConfigError(
                f"rewards.weights holds {len(self.weights)} numbers for {len(self.named_functions)} rewards.functions; "
                "give one for each, or leave them out"
            )
        if not all(math.isfinite(weight) for weight in self.weights):
            raise ConfigError(f"rewards.weights is {list(self.weights)}; it holds finite numbers")

    @property
    def named_functions(self) -> tuple[str, ...]:
        return ((self.functions,) if self.functions else ()) if isinstance(self.functions, str) else self.functions
