"""Advantages from rewards (method section 3; REINFORCE++ form: centred per group, then scaled over the batch)."""

import math
from collections.abc import Callable, Sequence

from zppo.types import AdvantageNorm, Group, Rollout

EPS = 1e-6


def assign_advantages(groups: Sequence[Group], norm: AdvantageNorm = "without_zero") -> None:
    """Set `rollout.advantage` in place: `A' = r - mean_group(r)`, then `A = A' / (sigma + eps)`.

    - `without_zero`: sigma over the rollouts of the non-trivial groups (the method's default).
    - `with_zero`: sigma over the rollouts of all groups, which multiplies every advantage by `1/sqrt(f_nt)`, where
      `f_nt` is the share of rollouts in non-trivial groups.
    - `none`: `A = A'`.
    - `group`: sigma over the group itself (classic GRPO).

    Sigma is the population standard deviation. The batch mean of section 3 is absent because it is zero by
    construction: every group is centred. Trivial groups and unscored rollouts keep exactly 0.
    """
    centred = {id(g): [(r, d) for r, d in _centred(g)] for g in groups}
    sigma_of = _SIGMA[norm](groups, centred)
    for group in groups:
        for rollout in group.rollouts:
            rollout.advantage = 0.0
        if not group.is_trivial:
            for rollout, deviation in centred[id(group)]:
                rollout.advantage = deviation / sigma_of(group)


def _centred(group: Group) -> list[tuple[Rollout, float]]:
    mean = group.accuracy
    return [] if mean is None else [(r, r.reward - mean) for r in group.rollouts if r.reward is not None]


_Centred = dict[int, list[tuple[Rollout, float]]]


def _rms(groups: Sequence[Group], centred: _Centred) -> float:
    squares = [d * d for g in groups for _, d in centred[id(g)]]
    return math.sqrt(math.fsum(squares) / len(squares)) if squares else 0.0


def _over_batch(groups: Sequence[Group], centred: _Centred) -> Callable[[Group], float]:
    sigma = _rms(groups, centred) + EPS
    return lambda group: sigma


_SIGMA: dict[str, Callable[[Sequence[Group], _Centred], Callable[[Group], float]]] = {
    "without_zero": lambda groups, centred: _over_batch([g for g in groups if not g.is_trivial], centred),
    "with_zero": _over_batch,
    "none": lambda groups, centred: lambda group: 1.0,
    "group": lambda groups, centred: lambda group: _rms([group], centred) + EPS,
}
