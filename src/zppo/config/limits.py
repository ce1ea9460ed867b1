"""What a number among the options may be. Standard library only."""

import math
from typing import Any

from zppo.errors import ConfigError
from zppo.types import THINKING


def positive(section: str, config: Any, *names: str) -> None:
    for name in names:
        if getattr(config, name) < 1:
            where = f"{section}.{name}" if section else name
            raise ConfigError(f"{where} is {getattr(config, name)}; it must be at least 1")


def check_thinking(section: str, config: Any) -> None:
    if config.thinking not in THINKING:
        raise ConfigError(f"{section}.thinking is {config.thinking!r}; it is one of {', '.join(THINKING)}")


def check_sampling(section: str, config: Any) -> None:
    """None, where an option may be that, means another section's value."""
    if config.max_tokens is not None:
        positive(section, config, "max_tokens")
    if config.temperature is not None and not 0 < config.temperature < math.inf:
        raise ConfigError(f"{section}.temperature is {config.temperature}; sampling needs a number above 0")
    if not 0 < config.top_p <= 1:
        raise ConfigError(f"{section}.top_p is {config.top_p}; it must be in (0, 1]")
    if config.top_k < 0:
        raise ConfigError(f"{section}.top_k is {config.top_k}; a number of tokens, or 0 for no limit")
