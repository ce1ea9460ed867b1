"""Rollouts of the gradient updates of a step (algorithm 1, step 6; method sections 8 and 12)."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from zppo.types import Dealing, Group, Minibatch, Rollout


def split(groups: Sequence[Group], count: int, rng: random.Random, by: Dealing = "groups") -> list[Minibatch]:
    """Shuffle whole groups and deal them into `count` minibatches that differ by at most one group.

    `by="rollouts"` deals single rollouts instead (advantages are already fixed), so that sizes differ by at most one
    rollout. Rollouts with zero advantage stay in: they cost no forward pass but count in the token mean.
    """
    rows = [[(group, rollout) for rollout in group.rollouts] for group in groups]
    units = rows if by == "groups" else [[row] for group in rows for row in group]
    rng.shuffle(units)
    return [[row for unit in units[i::count] for row in unit] for i in range(count)]


def with_signal(groups: Sequence[Group]) -> list[Group]:
    """Dynamic sampling with aids: drop each question whose groups are all trivial.

    A question whose plain group is trivial stays, with all its groups, if one aided group is not.
    """
    alive = {g.question.id for g in groups if not g.is_trivial}
    return [g for g in groups if g.question.id in alive]


def right_responses(
    plain: Sequence[Group], teacher: Sequence[Group], as_own: Callable[[Rollout], Rollout]
) -> list[Group]:
    """The right teacher responses to the student's own prompts, for off-policy distillation."""
    right = {g.question.id: [as_own(r) for r in g.rollouts if r.is_right] for g in teacher}
    return [replace(g, rollouts=right[g.question.id]) for g in plain]


def with_injected(
    plain: Sequence[Group], teacher: Sequence[Group], as_own: Callable[[Rollout], Rollout], rng: random.Random
) -> list[Group]:
    """The plain groups, with one wrong rollout of each all-wrong group replaced by a right teacher response.

    Both are drawn uniformly. `as_own` converts the response to the student's tokens. It is trained on as if the
    student had sampled it: the drifting fix that the paper argues against (method section 8, `grpo_teacher`).
    """
    right = {g.question.id: [r for r in g.rollouts if r.is_right] for g in teacher}
    return [_injected(g, right.get(g.question.id, []), as_own, rng) for g in plain]


def _injected(
    group: Group, right: Sequence[Rollout], as_own: Callable[[Rollout], Rollout], rng: random.Random
) -> Group:
    if not right or not group.is_all_wrong:
        return group
    chosen, out = rng.choice(right), rng.choice(group.wrong)
    inserted = replace(as_own(chosen), injected=True)
    return replace(group, rollouts=[inserted if r is out else r for r in group.rollouts])
