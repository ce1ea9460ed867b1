"""Metrics of one rollout step (method section 9), as `part/name` keys; absent where there is no such group."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from zppo.types import KINDS, Candidate, Group, reaches
from zppo.zone.candidates import admits
from zppo.zone.selection import hard_groups

CandidatesByQuestion = Mapping[str, Sequence[Candidate]]


def step_metrics(
    plain: Sequence[Group],
    aided: Sequence[Group],
    teacher: Sequence[Group],
    right: CandidatesByQuestion,
    wrong: CandidatesByQuestion,
    tau: float,
) -> dict[str, float]:
    """Accuracies, eligibility and lengths of a rollout step. Shares of questions are taken before the caps."""
    groups = [*plain, *aided]
    rollouts = [r for g in groups for r in g.rollouts]
    hard = hard_groups(plain, tau)
    metrics = {
        "zone/easy_fraction": sum(g.accuracy is not None and reaches(g.accuracy, tau) for g in plain) / len(plain),
        "zone/hard_fraction": len(hard) / len(plain),
        "zone/bcq_eligible": sum(admits("bcq", right.get(i, ()), c) for i, c in wrong.items()) / len(plain),
        "zone/ncq_eligible": sum(admits("ncq", (), c) for c in wrong.values()) / len(plain),
        "zone/unscored": sum(r.reward is None for r in rollouts),
        "response/tokens_mean": fmean(len(r.token_ids) for r in rollouts),
        "response/tokens_max": max(len(r.token_ids) for r in rollouts),
        "response/truncated": fmean(r.finish_reason == "length" for r in rollouts),
    }
    for kind in KINDS:
        of_kind = [g for g in groups if g.prompt.kind == kind]
        metrics[f"zone/{kind}_prompts"] = len(of_kind)
        metrics |= _mean(f"accuracy/{kind}", of_kind)
    return metrics | _mean("accuracy/teacher", teacher)


def signal_metrics(groups: Sequence[Group], trained: Sequence[Group]) -> dict[str, float]:
    """Shares of groups with and without a gradient in a step, and the number that dynamic sampling skipped."""
    rollouts = [r for g in groups for r in g.rollouts if not r.injected]
    return {
        "zone/trivial_groups": fmean(g.is_trivial for g in groups),
        "zone/positive_advantages": fmean(r.advantage > 0 for r in rollouts),
        "zone/groups_left_out": len(groups) - len(trained),
    }


def _mean(key: str, groups: Iterable[Group]) -> dict[str, float]:
    accuracies = [g.accuracy for g in groups if g.accuracy is not None]
    return {key: fmean(accuracies)} if accuracies else {}
