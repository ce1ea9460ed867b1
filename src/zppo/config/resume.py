"""Options that may change when a run is continued (docs/runs.md lists them): they decide nothing of what it learns
from, or only how long it goes on, where it asks and how it is watched."""

from collections.abc import Mapping
from typing import Any

from zppo.config.services import MOVABLE

SECTIONS = ("alarms", "checkpoints", "reports")
"""Sections of which every option may change."""
OPTIONS = frozenset(
    {
        "rollout_steps",
        "eval.every",
        "eval.early_stopping_patience",
        "engine.batch_size",
        "update.microbatch_tokens",
        "update.distill_positions",
    }
)
"""The last three decide how much memory is used: the results are as good, but not the same in every bit."""
TRAINING = frozenset(
    {
        "disable_tqdm",
        "log_level",
        "logging_dir",
        "project",
        "report_to",
        "run_name",
        "use_cpu",
    }
)
"""Of `training`, beside those that begin with `hub_` or `push_to_hub`."""


def may_change(option: str) -> bool:
    """Of a run, by its dotted name."""
    section, *within = option.split(".")
    if section in SECTIONS or option in OPTIONS:
        return True
    if section == "training":
        return within[0] in TRAINING or within[0].startswith(("hub_", "push_to_hub"))
    own = len(within) == 1 or (len(within) == 3 and within[0] == "fallbacks")
    return section in ("teacher", "judge") and own and within[-1] in MOVABLE


def changed_against(saved: Mapping[str, Any], mine: Mapping[str, Any], resume: bool) -> list[str]:
    """Options in which two flat configs differ; with `resume` those that may not.

    Where servers are may change, not that they are servers.
    """
    names = [name for name in {**saved, **mine} if saved.get(name) != mine.get(name)]
    if not resume:
        return names
    becomes_another = [n for n in names if n.endswith(".endpoint") and not (saved.get(n) and mine.get(n))]
    return [name for name in names if not may_change(name) or name in becomes_another]


def flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A config with dotted names in the place of sections."""
    options: dict[str, Any] = {}
    for key, value in config.items():
        name = f"{prefix}{key}"
        if isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
            value = {str(number): each for number, each in enumerate(value)}
        options |= flat(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return options
