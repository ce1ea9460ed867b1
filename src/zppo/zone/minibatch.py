"""`I` equal minibatches of a step's rollouts, every rollout used once (algorithm 1, step 6)."""

import random
from collections.abc import Sequence

from zppo.types import Group, Minibatch


def split(groups: Sequence[Group], count: int, rng: random.Random) -> list[Minibatch]:
    """Shuffle all rollouts and deal them into `count` minibatches whose sizes differ by at most one.

    Advantages are already fixed, so a group need not stay in one minibatch; dealing rollouts rather than groups keeps
    the minibatches equal however many prompts the zone added. Rollouts with zero advantage stay in: they cost no
    forward pass but count in the token mean.
    """
    rollouts = [(group, rollout) for group in groups for rollout in group.rollouts]
    rng.shuffle(rollouts)
    return [rollouts[i::count] for i in range(count)]
