"""Random numbers by name: a draw added under a new name leaves all others unchanged."""

import hashlib
import random
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Streams:
    """The random streams of rollout step `step` (from 0) of a run with `seed`.

    Each name has its own generator, so that draws do not depend on the order or number of other draws.
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
        """The streams of the rollout step `steps` after this one."""
        return replace(self, step=self.step + steps)


def request_seed(seed: int, uid: str, text: str, index: int) -> int:
    """The seed of response `index` to the prompt `uid` with `text`, 31 bits, independent of batch and order."""
    digest = hashlib.sha256(repr((seed, uid, text, index)).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
