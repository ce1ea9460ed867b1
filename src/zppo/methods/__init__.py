"""A method says which aids a hard question gets, whether the replay buffer is on, and what the updates train on.

All else is shared (method section 8): data, student, lengths, optimizer, evaluation.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from zppo.errors import ConfigError, nearest
from zppo.types import Candidate, Group, Kind, Question
from zppo.zone.candidates import Draft, admits, draft_bcq, draft_ncq, draft_single

Distils = Literal["student", "teacher"]


@dataclass(frozen=True)
class Method:
    """`aids` are the prompts that a hard question gets beside its plain one, in order of precedence.

    `imitates`: a right teacher response takes the place of one rollout in a group that is all wrong. `distils`: the
    updates follow the teacher's token distributions instead of rewards, on the rollouts of the student or on the right
    responses of the teacher.
    """

    name: str = ""
    replay: bool = False
    aids: tuple[Kind, ...] = ()
    imitates: bool = False
    distils: Distils | None = None

    @property
    def asks_teacher(self) -> bool:
        """Whether the teacher answers questions. (On-policy distillation needs its distributions only.)"""
        return self.imitates or self.distils == "teacher" or any(aid != "ncq" for aid in self.aids)

    @property
    def caps_first(self) -> bool:
        """Whether the teacher is asked after the cap, about the kept questions alone (algorithms 5 and 6)."""
        return "hint" in self.aids or "prefix" in self.aids

    @property
    def asks_all_hard(self) -> bool:
        """Whether a question that is hard is asked about in any case, so that asking ahead of time can be of use."""
        return "bcq" in self.aids

    def for_teacher(self, plain: Sequence[Group], hard: Sequence[Group]) -> list[Group]:
        """The groups on whose questions the teacher's responses are of use. `hard`: those kept, if the cap is first."""
        if not self.asks_teacher:
            return []
        if self.distils:
            return list(plain)
        return [g for g in hard if g.is_all_wrong] if self.imitates else list(hard)

    def admits(self, right: Sequence[Candidate], wrong: Sequence[Candidate]) -> bool:
        """Whether one of the method's aided prompts can be made of these candidates, right and wrong as in `drafts`."""
        return any(admits(aid, right, wrong) for aid in self.aids)

    @property
    def compresses(self) -> bool:
        """Whether prompts show candidates."""
        return "bcq" in self.aids or "ncq" in self.aids

    def updates(self, configured: int) -> int:
        """Gradient updates per rollout step: distillation makes one, whatever `zone.updates` says."""
        return 1 if self.distils else configured

    def drafts(
        self, question: Question, right: Sequence[Candidate], wrong: Sequence[Candidate], rng: random.Random
    ) -> list[Draft]:
        """The aided prompts of one kept question.

        `right` holds the teacher's right candidates, `wrong` the student's wrong ones.
        """
        drafts: list[Draft] = []
        for aid in self.aids:
            if aid == "bcq":
                drafts += draft_bcq(question, right, wrong, rng)
            elif aid == "ncq":
                drafts += draft_ncq(question, wrong)
            else:
                drafts += draft_single(aid, question, right, rng)
        return drafts


METHODS = {
    "grpo": Method(),
    "zppo": Method(replay=True, aids=("bcq", "ncq")),
    "hint": Method(aids=("hint",)),
    "prefix": Method(aids=("prefix",)),
    "grpo_teacher": Method(imitates=True),
    "off_distill": Method(distils="teacher"),
    "on_distill": Method(distils="student"),
}
SWITCHES = {name: ("replay",) for name in METHODS} | {"grpo": ("replay", "bcq", "ncq"), "zppo": ()}
"""What may be switched on after a method's name."""


def parse_method(name: str) -> Method:
    """`NAME` or `NAME+SWITCH...`, switches in any order. Raises ConfigError for anything else."""
    base, *switches = name.split("+")
    if base not in METHODS:
        raise ConfigError(f"method {name!r}: there is no method {base!r}{nearest(base, METHODS)}")
    if base == "zppo" and switches:
        raise ConfigError(f"method {name!r}: zppo already has replay, bcq, ncq; write grpo+{'+'.join(switches)}")
    for switch in switches:
        if switch not in SWITCHES["grpo"]:
            raise ConfigError(f"method {name!r}: there is no switch {switch!r}{nearest(switch, SWITCHES['grpo'])}")
        if switch not in SWITCHES[base]:
            raise ConfigError(f"method {name!r}: {switch} goes with grpo only; {base} takes only replay")
        if switches.count(switch) > 1:
            raise ConfigError(f"method {name!r}: switch {switch!r} is given twice")
    method = METHODS[base]
    aids = method.aids + tuple(aid for aid in ("bcq", "ncq") if aid in switches)
    return replace(method, name=name, replay=method.replay or "replay" in switches, aids=aids)
