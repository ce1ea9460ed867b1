"""READ FIRST. One rollout step of Zone of Proximal Policy Optimization (arXiv 2606.18216, algorithm 1).

`rollout_step` is the algorithm; everything else in the package serves one of its lines. It needs no model: with the
scripted engine it runs in plain Python.
"""

from collections.abc import Sequence

from zppo.config import SamplingConfig, ZoneConfig
from zppo.engines.base import LIKELY, PERHAPS
from zppo.methods import Method
from zppo.rollout.worker import Parts, Worker
from zppo.types import Prompt, Question, StepBatch
from zppo.zone.answers import distinct
from zppo.zone.audit import audit_counts, audit_metrics
from zppo.zone.candidates import as_candidates
from zppo.zone.metrics import signal_metrics, step_metrics
from zppo.zone.minibatch import split
from zppo.zone.prompts import Templates
from zppo.zone.replay import PromptReplayBuffer
from zppo.zone.selection import hard_groups, post_cap, pre_cap, share
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
    """Turn new questions into scored groups with advantages, cut into minibatches, and refresh the buffer.

    Everything random comes from `streams`, so that equal inputs, state and engine outputs give an equal step.
    `upcoming` holds the new questions of the steps after this one, as far as a teacher may begin on them.
    """
    method, cap = parts.method, share(zone.augment_fraction, len(new))
    work = Worker(parts, zone, sampling, streams)

    # 1. Plain rollouts on new and replayed questions.
    replayed = parts.readable(_replayed(new, buffer, method, zone, streams))
    plain = work.roll_out(_plain_prompts(new, replayed, parts.templates))

    # 7. Plain groups alone decide what is buffered, so the refresh need not wait: what comes next is known from here.
    refreshed = buffer.refresh(plain, zone.tau) if method.replay else None
    _request_ahead(upcoming, buffer, work)

    # 2. Fresh teacher rollouts on the hard questions; the right ones may become candidates.
    hard = hard_groups(plain, zone.tau)
    teacher = work.ask_teachers(method.asked(plain, zone.tau, cap, streams.rng("asked")))
    right = {g.question.id: as_candidates([r for r in g.rollouts if r.is_right]) for g in teacher}
    wrong = {g.question.id: as_candidates(g.wrong) for g in hard}
    help_for = {i: (right.get(i, []), candidates) for i, candidates in wrong.items()}

    # 3.-5. The hardest questions that admit an aided prompt get one, within the cap, with groups of their own.
    admitting = [g for g in hard if method.admits(*help_for[g.question.id])]
    kept = [g.question for g in pre_cap(admitting, cap, streams.rng("ties"))]
    drafts = [method.drafts(q, *help_for[q.id], streams.rng(f"candidates/{q.id}")) for q in kept]
    aided = work.roll_out(work.build(post_cap(drafts, cap)))

    # 6. Advantages over all groups; the caller makes one gradient update per minibatch.
    groups = method.plain_groups(plain, teacher, work.as_own, streams.rng("injected")) + aided
    method.assign_advantages(groups, zone.advantage)
    trained = method.trained(groups, teacher, work.as_own, zone.dynamic_sampling)
    minibatches = split(trained, method.updates(zone.updates), streams.rng("minibatches"), zone.minibatches)

    metrics = step_metrics(plain, aided, teacher, right, wrong, zone.tau) | signal_metrics(groups, trained)
    metrics |= buffer.metrics() | work.metrics | (refreshed.metrics() if refreshed else {})
    teacher_answers = {i: distinct(c.answer for c in candidates) for i, candidates in right.items()}
    metrics |= audit_metrics(audit_counts(aided, teacher_answers))
    return StepBatch(groups, minibatches, metrics, teacher_answers, teacher)


def _request_ahead(upcoming: Sequence[Sequence[Question]], buffer: PromptReplayBuffer, work: Worker) -> None:
    """Let a teacher that works ahead begin on later questions that will be hard, perhaps.

    These are the next step's replayed ones, and the new ones of `parts.ahead` steps, which wastes what it says to the
    easy ones. Nothing begins for a method that does not ask about every hard question.
    """
    parts = work.parts
    if not parts.method.asks_all_hard:
        return
    for later, new in enumerate(upcoming, start=1):
        if later == 1:
            streams = work.streams.later(later)
            work.request(_replayed(new, buffer, parts.method, work.zone, streams), LIKELY, later)
        if later <= parts.ahead:
            work.request(new, PERHAPS, later)


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
