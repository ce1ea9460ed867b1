"""READ FIRST. One rollout step of Zone of Proximal Policy Optimization (arXiv 2606.18216, algorithm 1).

`rollout_step` is the algorithm; the rest of the package implements its lines. It needs no model: with the scripted
engine it runs in plain Python.
"""

from collections.abc import Sequence

from zppo.config import SamplingConfig, ZoneConfig
from zppo.engines.base import EXPECTED, SPECULATIVE
from zppo.methods import Method
from zppo.rollout.worker import Parts, Worker
from zppo.types import Candidate, Prompt, Question, StepBatch
from zppo.zone.answers import distinct
from zppo.zone.audit import audit_counts, audit_metrics
from zppo.zone.candidates import as_candidates
from zppo.zone.metrics import signal_metrics, step_metrics
from zppo.zone.minibatch import split
from zppo.zone.prompts import Templates
from zppo.zone.replay import PromptReplayBuffer
from zppo.zone.selection import hard_groups, post_cap, rank_and_cap, share
from zppo.zone.streams import Streams


def rollout_step(
    new: Sequence[Question],
    buffer: PromptReplayBuffer,
    parts: Parts,
    zone: ZoneConfig,
    sampling: SamplingConfig,
    streams: Streams,
    upcoming: Sequence[Sequence[Question]] = (),
) -> StepBatch:
    """Turn new questions into scored groups with advantages, split into minibatches, and refresh the buffer.

    All random numbers come from `streams`, so that equal inputs, state and engine outputs give an equal step.
    `upcoming` holds the new questions of later steps, next first: the next step's are excluded from its replay draw,
    those of `parts.ahead` steps are prefetched.
    """
    method, cap = parts.method, share(zone.augment_fraction, len(new))
    work = Worker(parts, zone, sampling, streams)

    # 1. Plain rollouts on new and replayed questions.
    replayed = parts.readable(_replayed(new, buffer, method, zone, streams))
    plain = work.roll_out(_plain_prompts(new, replayed, parts.templates))

    # 7. Early, as it needs the plain groups alone: the next step's replayed questions are then known.
    refreshed = buffer.refresh(plain, zone.tau) if method.replay else None
    _request_ahead(upcoming, buffer, work)

    # 2. Fresh teacher rollouts on the hard questions; the right ones may become candidates.
    hard = hard_groups(plain, zone.tau)
    teacher = work.ask_teachers(method.teacher_groups(plain, zone.tau, cap, streams.rng("asked")))
    right: dict[str, list[Candidate]] = {g.question.id: [] for g in hard}
    right |= {g.question.id: as_candidates(g.right) for g in teacher}  # the last teacher asked has the right ones
    wrong = {g.question.id: as_candidates(g.wrong) for g in hard}

    # 3.-5. The hardest questions that admit aided prompts get them, within the cap, each with a group of its own.
    admitting = [g for g in hard if method.admits(right[g.question.id], wrong[g.question.id])]
    kept = [g.question for g in rank_and_cap(admitting, cap, streams.rng("ties"))]
    drafts = [method.drafts(q, right[q.id], wrong[q.id], streams.rng(f"candidates/{q.id}")) for q in kept]
    aided = work.roll_out(work.build(post_cap(drafts, cap)))

    # 6. Advantages over all groups; the caller makes one gradient update per minibatch.
    groups = method.plain_groups(plain, teacher, work.as_own, streams.rng("injected")) + aided
    method.assign_advantages(groups, zone.advantage)
    trained = method.training_groups(groups, teacher, work.as_own, zone.dynamic_sampling)
    minibatches = split(trained, method.updates(zone.updates), streams.rng("minibatches"), zone.minibatches)

    metrics = step_metrics(plain, aided, teacher, right, wrong, zone.tau) | signal_metrics(groups, trained)
    metrics |= buffer.metrics() | work.metrics | (refreshed.metrics() if refreshed else {})
    teacher_answers = {g.question.id: distinct(c.answer for c in right[g.question.id]) for g in teacher}
    metrics |= audit_metrics(audit_counts(aided, teacher_answers))
    return StepBatch(groups, minibatches, metrics, teacher_answers, teacher)


def _request_ahead(upcoming: Sequence[Sequence[Question]], buffer: PromptReplayBuffer, work: Worker) -> None:
    """Prefetch teacher responses to questions that may be hard: the next step's replayed ones, and the new ones of
    `parts.ahead` steps. Responses to questions that are then easy are not used.

    Does nothing unless the method asks about every hard question.
    """
    parts = work.parts
    if not parts.method.asks_all_hard:
        return
    for later, new in enumerate(upcoming, start=1):
        if later == 1:
            streams = work.streams.later(later)
            work.request(_replayed(new, buffer, parts.method, work.zone, streams), EXPECTED, later)
        if later <= parts.ahead:
            work.request(new, SPECULATIVE, later)


def _replayed(
    new: Sequence[Question], buffer: PromptReplayBuffer, method: Method, zone: ZoneConfig, streams: Streams
) -> list[Question]:
    if not method.replay:
        return []
    count = share(zone.replay_fraction, len(new))
    return buffer.draw(count, streams.rng("replay"), excluding={q.id for q in new})


def _plain_prompts(new: Sequence[Question], replayed: Sequence[Question], templates: Templates) -> list[Prompt]:
    fresh = [Prompt("plain", q, templates.plain(q), turns=q.turns) for q in new]
    return fresh + [Prompt("replayed", q, templates.plain(q), turns=q.turns) for q in replayed]
