"""The section of scoring: extraction of final answers, and reward functions."""

import math
from dataclasses import dataclass

from zppo.custom import check_form
from zppo.errors import ConfigError
from zppo.rewards.extraction import names_in


@dataclass(frozen=True)
class RewardsConfig:
    """Scoring of responses (docs/rewards.md)."""

    extract: str | tuple[str, ...] = "boxed"
    r"""Extraction of the final answer of a response (docs/rewards.md): `boxed`, `last_number`, `answer_tag`, `gsm8k`,
    `choice`, `regex:PATTERN`, `python:FILE.py:FUNCTION`, or a list; the first that finds an answer is used. The final
    answer is scored by rules, listed in aided prompts, kept by compression and compared by the audit."""
    functions: str | tuple[str, ...] = ()
    """Reward functions in TRL's signature, `FILE.py:FUNCTION` or `PACKAGE.MODULE:FUNCTION`, used instead of the rules
    of answer types."""
    weights: tuple[float, ...] = ()
    """Weights of the functions, in their order; none means 1 for each."""

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
