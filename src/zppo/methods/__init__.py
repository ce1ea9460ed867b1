"""Methods by name. A method is a class; docs/add-a-method.md adds one."""

from dataclasses import replace

from zppo.errors import ConfigError, nearest
from zppo.methods.base import Method
from zppo.methods.grpo import GRPO
from zppo.methods.grpo_teacher import GRPOTeacher
from zppo.methods.hint import Hint
from zppo.methods.off_distill import OffDistill
from zppo.methods.on_distill import OnDistill
from zppo.methods.prefix import Prefix
from zppo.methods.zppo import ZPPO
from zppo.types import Kind

METHODS: dict[str, type[Method]] = {
    "grpo": GRPO,
    "zppo": ZPPO,
    "hint": Hint,
    "prefix": Prefix,
    "grpo_teacher": GRPOTeacher,
    "off_distill": OffDistill,
    "on_distill": OnDistill,
}
SWITCHES: dict[str, tuple[str, ...]] = {"grpo": ("replay", "bcq", "ncq"), "zppo": ()}
"""Switches that may follow a method's name; after any other name, `replay`."""
_AIDS: tuple[Kind, ...] = ("bcq", "ncq")


def parse_method(name: str) -> Method:
    """The method of `NAME` or `NAME+SWITCH...`, switches in any order. Raises ConfigError for anything else."""
    base, *switches = name.split("+")
    if base not in METHODS:
        raise ConfigError(f"method {name!r}: there is no method {base!r}{nearest(base, METHODS)}")
    if base == "zppo" and switches:
        raise ConfigError(f"method {name!r}: zppo already has replay, bcq, ncq; write grpo+{'+'.join(switches)}")
    allowed = SWITCHES.get(base, ("replay",))
    for switch in switches:
        if switch not in SWITCHES["grpo"]:
            raise ConfigError(f"method {name!r}: there is no switch {switch!r}{nearest(switch, SWITCHES['grpo'])}")
        if switch not in allowed:
            raise ConfigError(f"method {name!r}: {switch} goes with grpo only; {base} takes only replay")
        if switches.count(switch) > 1:
            raise ConfigError(f"method {name!r}: switch {switch!r} is given twice")
    method = METHODS[base](name)
    aids = method.aids + tuple(aid for aid in _AIDS if aid in switches)
    return replace(method, replay=method.replay or "replay" in switches, aids=aids)
