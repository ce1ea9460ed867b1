"""Each alarm begins at the right step, names cause, evidence and remedy, and stays silent where all is well."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from steps import HEALTHY, answers, group, rollout, step, watched

from zppo.alarms import ALARMS, Alarms
from zppo.alarms.collapse import WINDOW
from zppo.alarms.references import TEACHER_ANSWERS, VISITS
from zppo.alarms.signal import HELP_STEPS_IN_SMALL_RUNS, SIGNALLESS_STEPS
from zppo.alarms.watch import QUIET_STEPS
from zppo.config import RunOptions, SamplingConfig
from zppo.types import Rollout, StepBatch

WRONG = answers("21", "21", "21", "21")
RIGHT = answers("9", "9", "9", "9", id="r")
NCQ_WRONG = answers("21", "8", kind="ncq")
DISAGREEING = answers("12", "12", "12", "12")


def rewarded(reward: float) -> Rollout:
    made = rollout("9")
    made.reward = reward
    return made


@dataclass
class Case:
    """Steps in which the alarm `name` begins at `first`, with `evidence` in its sentence."""

    name: str
    steps: list[StepBatch]
    first: int
    evidence: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)


CASES = {
    "nobody boxes": Case(
        "no_answers",
        [step(group(*[rollout(None) for _ in range(4)]))],
        1,
        ("not one of 4 responses", "end like this: 'so it is'", "closer.txt", "rewards.extract: [boxed, last_number]"),
    ),
    "one of fifty boxes": Case(
        "no_answers",
        [step(group(rollout("21"), *[rollout(None) for _ in range(49)]))],
        1,
        ("1 of 50 responses (2 %)",),
    ),
    "nobody gets to the box": Case(
        "no_answers",
        [step(group(*[rollout(None, cut=True) for _ in range(4)]))],
        1,
        ("4 of the 4 without an answer were cut off: raise sampling.max_tokens (77)",),
        {"sampling": SamplingConfig(max_tokens=77)},
    ),
    "all wrong": Case(
        "no_signal",
        [step(*HEALTHY), *[step(WRONG)] * SIGNALLESS_STEPS],
        1 + SIGNALLESS_STEPS,
        ("1 were all wrong, 0 all right", "easier questions", "zone.group_size (8)"),
    ),
    "all right": Case(
        "no_signal",
        [step(RIGHT)] * SIGNALLESS_STEPS,
        SIGNALLESS_STEPS,
        ("0 were all wrong, 1 all right", "harder questions", "sampling.temperature (1)"),
    ),
    "nothing to distil": Case(
        "no_signal",
        [step(*HEALTHY, minibatches=False)] * SIGNALLESS_STEPS,
        SIGNALLESS_STEPS,
        ("the teacher gave no right response", "another teacher"),
        {"method": "off_distill"},
    ),
    "a broken reference": Case(
        "never_right",
        [step(answers("12", "12", "7", None), teacher=[DISAGREEING])] * VISITS,
        VISITS,
        ("'q' (reference '9', 85.7 % of 28 answers say '12')", "zppo grade"),
    ),
    "teachers against the reference": Case(
        "teacher_disagrees",
        # That the student has learned the reference does not make it right.
        [step(*HEALTHY, teacher=[DISAGREEING])] * -(-TEACHER_ANSWERS // 4),
        -(-TEACHER_ANSWERS // 4),
        ("'q' (reference '9', 100 % of 16 answers say '12')", "zppo grade"),
    ),
    "a judge that does not know the form": Case(
        "malformed_verdicts",
        [step(*HEALTHY, judged=20, malformed=2), step(*HEALTHY, judged=20, malformed=3)],
        2,
        ("3 of 20 replies of the judge (15 %", "judge.model", "judge.txt"),
    ),
    "rewards that differ by rounding": Case(
        "no_signal",
        [step(group(*[rewarded(r) for r in (0.1 + 0.2, 0.3, 0.3, 0.3)]))] * SIGNALLESS_STEPS,
        SIGNALLESS_STEPS,
        ("every group was trivial",),
    ),
    "a judge that cannot be reached": Case(
        "unscored",
        [step(*HEALTHY), step(group(*[rollout("9", unscored=i < 2) for i in range(9)]), unreachable=2)],
        2,
        ("2 of 9 rollouts (22.2 %)", "2 times the judge could not be reached", "judge.endpoint"),
    ),
    "a grader that is killed": Case(
        "unscored",
        [step(group(rollout("9"), rollout("9", unscored=True)), killed=1)],
        1,
        ("1 times a comparison took",),
    ),
    "a reward function that gives None": Case(
        "unscored", [step(group(rollout("9"), rollout("9", unscored=True)))], 1, ("reward function returned None",)
    ),
    "cut off": Case(
        "cut_off",
        [step(group(rollout("9"), rollout("8"), rollout("9", cut=True), rollout(None, cut=True)))],
        1,
        ("2 of 4 responses (50 %)", "sampling.max_tokens (12288)", "50 % of these hold no final answer"),
    ),
    "NCQs all wrong": Case(
        "ncq_all_wrong",
        [step(*HEALTHY, NCQ_WRONG, parroting=0.75)] * HELP_STEPS_IN_SMALL_RUNS,
        HELP_STEPS_IN_SMALL_RUNS,
        ("none of 50 rollouts behind NCQs", "75 % repeat", "method grpo+replay+bcq"),
    ),
    "NCQs all wrong where steps are large": Case(
        "ncq_all_wrong",
        [step(*HEALTHY, answers(*["21"] * 400, kind="ncq"))] * 3,
        3,
        ("none of 1200 rollouts", "method grpo+replay"),
        {"method": "grpo+replay+ncq"},
    ),
    "BCQs all wrong": Case(
        "bcq_all_wrong",
        [step(*HEALTHY, answers("21", kind="bcq"))] * HELP_STEPS_IN_SMALL_RUNS,
        HELP_STEPS_IN_SMALL_RUNS,
        ("none of 25 rollouts behind BCQs", "follow the wrong candidate", "method grpo+replay+ncq"),
    ),
    "accuracy falls": Case(
        "reward_collapse",
        [step(*HEALTHY, plain=0.6)] * WINDOW + [step(*HEALTHY, plain=0.0)] * WINDOW,
        WINDOW + 3,
        ("fell to 24 %", "from 60 %", "training.learning_rate"),
    ),
    "entropy falls": Case(
        "entropy_collapse",
        [step(*HEALTHY, entropy=2.0)] * WINDOW + [step(*HEALTHY, entropy=0.1)] * WINDOW,
        2 * WINDOW,
        ("fell to 0.1 nats", "from 2 at the start", "update.clip_high"),
    ),
    "responses get short": Case(
        "length_shift",
        [step(*HEALTHY, tokens=100)] * WINDOW + [step(*HEALTHY, tokens=10)] * WINDOW,
        2 * WINDOW,
        ("much shorter: 10 tokens", "100 at the start"),
    ),
    "responses get long": Case(
        "length_shift",
        [step(*HEALTHY, tokens=100)] * WINDOW + [step(*HEALTHY, tokens=900)] * WINDOW,
        WINDOW + 3,
        ("much longer: 580 tokens",),
    ),
}
"""In `accuracy falls` the mean of five steps is 0.6 x 2/5 = 0.24 at the third bad step, in `responses get long` 580."""


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_an_alarm_begins_at_its_step_and_names_cause_evidence_and_remedy(case: Case) -> None:
    found = watched(case.steps, **case.options)
    begun = next(number for number, alarms in enumerate(found, start=1) if case.name in alarms)
    assert begun == case.first
    alarm = found[begun - 1][case.name]
    assert alarm.begins
    assert [part for part in case.evidence if part not in alarm.sentence] == [], alarm.sentence


def test_every_alarm_has_a_case() -> None:
    assert {case.name for case in CASES.values()} == {alarm.name for alarm in ALARMS}


HEALTHY_RUNS: dict[str, tuple[list[StepBatch], dict[str, Any]]] = {
    "ordinary steps": ([step(*HEALTHY, NCQ_WRONG, answers("9", "21", kind="bcq"))] * 20, {}),
    "a reward function that needs no box": (
        [step(group(*[rollout(None) for _ in range(3)], rollout("x", gold="x"), rollout("y")))] * 3,
        {"method": "grpo"},
    ),
    "two steps without signal, then one with it": ([*[step(WRONG)] * 2, step(*HEALTHY)] * 4, {}),
    "an NCQ that is right now and then": (
        [*[step(*HEALTHY, NCQ_WRONG)] * 20, step(*HEALTHY, answers("9", "8", kind="ncq"))] * 2,
        {},
    ),
    "distillation by one's own rollouts where all is right": (
        [step(RIGHT)] * 9,
        {"method": "on_distill"},
    ),
    "a question without a teacher is only hard": ([step(*HEALTHY, answers("8", "8", id="h"))] * 9, {"method": "grpo"}),
    "a question that the teacher solves now and then": (
        [*[step(*HEALTHY, teacher=[answers("7", "7", "8", "6", id="h")])] * 3, step(*HEALTHY, teacher=[RIGHT])] * 1
        + [step(*HEALTHY, answers("9", "8", id="h"), teacher=[answers("9", "7", id="h")])]
        + [step(*HEALTHY, teacher=[answers("7", "7", "8", "6", id="h")])] * 3,
        {},
    ),
    "teachers that are wrong in many ways": (
        [step(*HEALTHY, teacher=[answers("1", "2", "3", "4")])] * 9,
        {},
    ),
    "entropy 0 where nothing was trained on": (
        [*[step(*HEALTHY)] * WINDOW, *[step(*HEALTHY, entropy=0, trained=0)] * 9],
        {},
    ),
    "entropy near 0 as the teacher has it": (
        [*[step(*HEALTHY)] * WINDOW, *[step(*HEALTHY, entropy=0.01)] * 9],
        {"method": "off_distill"},
    ),
    "accuracy that was never good": ([step(*HEALTHY, plain=0.04)] * 5 + [step(*HEALTHY, plain=0.01)] * 9, {}),
    "one odd step": ([*[step(*HEALTHY)] * 6, step(*HEALTHY, plain=0.0, tokens=1, entropy=0), step(*HEALTHY)], {}),
    "a rollout in ten cut off and unscored": (
        [step(group(rollout("9", cut=True, unscored=True), *[rollout(a) for a in "989898989"]))] * 2,
        {},
    ),
}


@pytest.mark.parametrize(("steps", "options"), HEALTHY_RUNS.values(), ids=list(HEALTHY_RUNS))
def test_a_healthy_run_raises_no_alarm(steps: list[StepBatch], options: dict[str, Any]) -> None:
    assert [alarm for alarms in watched(steps, **options) for alarm in alarms.values()] == []


def test_an_alarm_begins_once_per_episode() -> None:
    """A few steps without it do not end an episode: what stands at its threshold would warn every other step."""
    cut, fine = step(group(rollout("9", cut=True), rollout("8"))), step(*HEALTHY)
    found = watched([cut, cut, *[fine] * (QUIET_STEPS - 1), cut, *[fine] * QUIET_STEPS, cut])
    begun = [(n, a["cut_off"].begins) for n, a in enumerate(found, start=1) if a]
    assert begun == [(1, True), (2, False), (7, False), (13, True)]


def test_control_characters_of_a_response_do_not_reach_the_terminal() -> None:
    bad = rollout(None)
    bad.text = "x" * 200 + "\x1b[2J\nend"
    sentence = watched([step(group(bad, rollout(None)))])[0]["no_answers"].sentence
    assert r"\x1b[2J\nend'" in sentence and "\x1b" not in sentence and "..." in sentence and "x" * 90 not in sentence


def test_a_teachers_response_among_the_students_does_not_count_as_its_own() -> None:
    taught = rollout("9")
    taught.injected = True
    assert "no_answers" in watched([step(group(*[rollout(None) for _ in range(3)], taught))])[0]


@pytest.mark.parametrize(
    ("batches", "options", "blind"),
    [
        ([step(WRONG), step(RIGHT)], {}, 2),
        ([step(WRONG), step(*HEALTHY)], {}, 0),
        ([step(group(rollout("9"), *[rollout(None) for _ in range(49)]))], {}, 1),
        ([step(group(rollout("9"), *[rollout(None) for _ in range(49)]))], {"method": "on_distill"}, 0),
        ([step(WRONG)], {"method": "on_distill"}, 0),
        ([step(*HEALTHY, minibatches=False)], {"method": "off_distill"}, 1),
    ],
)
def test_blind_steps_are_those_without_any_signal_in_a_row(
    batches: list[StepBatch], options: dict[str, Any], blind: int
) -> None:
    alarms = Alarms(RunOptions(**options), {})
    for number, batch in enumerate(batches, start=1):
        alarms.observe(number, batch, batch.metrics)
    assert alarms.blind_steps == blind
