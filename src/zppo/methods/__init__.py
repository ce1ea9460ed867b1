"""A method says which aids a hard question gets and whether the replay buffer is on; all else is shared (section 8)."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from zppo.errors import ConfigError, nearest
from zppo.types import Candidate, Question
from zppo.zone.candidates import Draft, draft_bcq, draft_ncq

SWITCHES = ("replay", "bcq", "ncq")


@dataclass(frozen=True)
class Method:
    """`grpo` is the method without any switch, `zppo` the one with all three."""

    name: str
    replay: bool = False
    bcq: bool = False
    ncq: bool = False

    @property
    def aids(self) -> bool:
        """Whether hard questions are asked again with help in the prompt."""
        return self.bcq or self.ncq

    def drafts(
        self, question: Question, right: Sequence[Candidate], wrong: Sequence[Candidate], rng: random.Random
    ) -> list[Draft]:
        """The aided prompts of one kept question, BCQ before NCQ.

        `right` holds the teacher's right candidates, `wrong` the student's wrong ones.
        """
        bcq = draft_bcq(question, right, wrong, rng) if self.bcq else []
        return bcq + (draft_ncq(question, wrong) if self.ncq else [])


def parse_method(name: str) -> Method:
    """`zppo`, `grpo`, or `grpo+SWITCH...` in any order. Raises ConfigError for anything else."""
    base, *switches = name.split("+")
    if base not in ("grpo", "zppo"):
        raise ConfigError(f"method {name!r}: there is no method {base!r}{nearest(base, ('grpo', 'zppo'))}")
    if base == "zppo" and switches:
        raise ConfigError(f"method {name!r}: zppo already has {', '.join(SWITCHES)}; write grpo+{'+'.join(switches)}")
    for switch in switches:
        if switch not in SWITCHES:
            raise ConfigError(f"method {name!r}: there is no switch {switch!r}{nearest(switch, SWITCHES)}")
        if switches.count(switch) > 1:
            raise ConfigError(f"method {name!r}: switch {switch!r} is given twice")
    return Method(name, **{s: base == "zppo" or s in switches for s in SWITCHES})
