"""Random numbers by name: a draw that is added under a name of its own leaves all others as they were."""

import hashlib
import random
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Streams:
    """The random streams of rollout step `step` (from 0) of a run with `seed`.

    Each name has a generator of its own, so that it does not matter who draws first, nor how often.
    """

    seed: int
    step: int

    def rng(self, name: str) -> random.Random:
        """A new generator for `name`: equal names give equal draws."""
        return random.Random(f"{self.seed}/{self.step}/{name}")

    def number(self, name: str) -> int:
        """A seed for `name`, 31 bits."""
        return self.rng(name).getrandbits(31)

    def later(self, steps: int) -> "Streams":
        """The streams of the rollout step that comes `steps` after this one."""
        return replace(self, step=self.step + steps)


def request_seed(seed: int, uid: str, text: str, index: int) -> int:
    """The seed of response `index` to the prompt `uid` with `text`, 31 bits: no batch and no order has a part in it."""
    digest = hashlib.sha256(repr((seed, uid, text, index)).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
