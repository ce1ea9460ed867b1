"""Run directories made by hand: no model, but everything a run leaves behind."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from zppo.methods import parse_method
from zppo.reports.rundir import RunDirectory
from zppo.reports.summary import run_summary
from zppo.training.state import RunState
from zppo.types import Candidate, Group, Kind, Prompt, Question, Rollout, StepBatch
from zppo.zone.audit import audit_counts, audit_metrics
from zppo.zone.metrics import signal_metrics, step_metrics
from zppo.zone.replay import PromptReplayBuffer

CLUSTERS = ("more", "times", "rate")


def group(question: Question, kind: Kind, right: int, wrong: str = "21", of: int = 4, aside: str = "") -> Group:
    """`right` rollouts with the gold answer and the rest with `wrong`; every prompt and text ends with `aside`.

    A BCQ shows the gold answer and `wrong`, an NCQ `wrong` alone.
    """
    answers = [question.answer] * right + [wrong] * (of - right)
    rollouts = [
        Rollout([1] * 9, f"so \\boxed{{{a}}} {aside}", reward=float(i < right), answer=a) for i, a in enumerate(answers)
    ]
    pair = (Candidate("so", question.answer, True), Candidate("so", wrong, False))
    shown = {"bcq": pair, "ncq": pair[1:]}.get(kind, ())
    return Group(Prompt(kind, question, f"{kind} prompt of {question.text} {aside}", candidates=shown), rollouts)


def make_run(
    path: Path,
    method: str = "zppo",
    steps: int = 6,
    finished: bool = True,
    held_out: bool = True,
    checkpoint_at: int = 0,
    aside: str = "",
    more: Mapping[str, float] = MappingProxyType({}),
) -> RunDirectory:
    """A run of `steps` steps, in each one hard question; the one of step 1 is replayed and solved at step 3.

    `more` metrics go over those of every step.
    """
    run, state, buffer = RunDirectory(path), RunState(), PromptReplayBuffer(50)
    zone = {"tau": 0.5, "buffer_size": 50}
    run.start({"method": method, "seed": 3, "rollout_steps": steps, "zone": zone, "student": {"model": aside or "s"}})
    if held_out:
        evaluate(state, 0.25)
    for _ in range(steps):
        state.step += 1
        groups = step_groups(state.step, method, aside)
        plain = [g for g in groups if g.prompt.kind in ("plain", "replayed")]
        aided = groups[len(plain) :]
        metrics: dict[str, Any] = step_metrics(plain, aided, [], {}, {}, 0.5) | signal_metrics(groups, groups)
        if parse_method(method).replay:
            metrics |= buffer.refresh(plain, 0.5).metrics()
        metrics |= buffer.metrics() | audit_metrics(audit_counts(aided, {}))
        metrics |= {"tokens/student": 900, "tokens/teacher": 90, "tokens/gradient": 500, "loss/entropy": 1.0}
        metrics |= {"reliance/bcq": 0.5, "reliance/bcq_tokens": 9} if "bcq" in parse_method(method).aids else {}
        metrics |= {"time/rollout": 1.5, "time/update": 2.0, **more}
        state.seconds += 3.5
        if held_out and state.step == steps:
            metrics |= evaluate(state, 0.75)
        run.log_rollouts(state.step, StepBatch(groups, [], metrics))
        run.log_metrics({"step": state.step, **metrics})
        if state.step == checkpoint_at:
            (run.partial / "checkpoint-1").mkdir(parents=True)
            state.save(run.partial / "checkpoint-1", buffer)
            run.publish_checkpoint("checkpoint-1", state.step, keep=1)
    if finished:
        run.write_summary(run_summary(method, 3, state, buffer))
    return run


def step_groups(step: int, method: str, aside: str) -> list[Group]:
    switches = parse_method(method)
    easy = Question(f"easy{step}", f"easy {step}? {aside}", "1")
    hard = Question(f"hard{step}", f"hard {step}? {aside}", "9", {"cluster": CLUSTERS[step % 3]})
    groups = [group(easy, "plain", 4), group(hard, "plain", 1, aside=aside)]
    if switches.replay and step == 3:
        groups.append(group(Question("hard1", f"hard 1? {aside}", "9", {"cluster": "times"}), "replayed", 3))
    if "bcq" in switches.aids:
        groups.append(group(hard, "bcq", 2, aside=aside))
    if "ncq" in switches.aids:
        groups.append(group(hard, "ncq", 1, aside=aside))
    return groups


def evaluate(state: RunState, accuracy: float) -> dict[str, float]:
    levels = {"overall": accuracy, "easy": 1.0, "hard": accuracy}
    clusters = {cluster: {"easy": 1.0, "hard": accuracy} for cluster in CLUSTERS}
    state.evaluations.append({"step": state.step, "student_tokens": 0, **levels, "clusters": clusters})
    return {f"eval/{level}": value for level, value in levels.items()}
