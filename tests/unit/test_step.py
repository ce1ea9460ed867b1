"""The invariants of a rollout step (method section 2), in random worlds."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import settings as options
from hypothesis import strategies as st
from texts import BYTES, rolled_out
from worlds import MARKER, Babbler, Setting, compressor, every_method, play, settings, verdict

from zppo.config import SamplingConfig, ZoneConfig
from zppo.engines.base import Rewritten
from zppo.engines.local import LocalText
from zppo.engines.scripted import ByteRenderer, ScriptedEngine
from zppo.errors import EngineError, TeacherError
from zppo.methods import parse_method
from zppo.rewards.boxed import last_boxed
from zppo.rewards.extraction import Extractor
from zppo.rollout.worker import Parts
from zppo.step import rollout_step
from zppo.teacher.model import ModelTeacher
from zppo.teacher.program import ProgramTeacher
from zppo.teacher.rewriting import keep_whole
from zppo.types import Candidate, Group, Prompt, Question, Rollout, Sampling, StepBatch
from zppo.zone.prompts import Templates
from zppo.zone.replay import PromptReplayBuffer
from zppo.zone.selection import share
from zppo.zone.streams import Streams

TEMPLATES = Templates.load()
AIDS = ("bcq", "ncq", "hint", "prefix")
few = options(max_examples=50, deadline=None)


def one_step(
    method: str,
    student: ScriptedEngine,
    buffer: PromptReplayBuffer | None = None,
    rewriter: Any = keep_whole,
    renderer: ByteRenderer = BYTES,
    parameters: int | None = None,
    shared_vocabulary: bool = False,
    fitting: Any = list,
    extract: Any = last_boxed,
    **options: Any,
) -> StepBatch:
    """A step on `q0` and `q1` with room for every aid; the teacher is always right."""
    sizes = {"new_questions": 2, "group_size": 2, "teacher_samples": 1, "updates": 1}
    zone = ZoneConfig(**sizes, augment_fraction=2, replay_fraction=1, **options)
    buffer = PromptReplayBuffer(10) if buffer is None else buffer
    engine = ScriptedEngine(lambda prompt, n, visit: [f"{MARKER} \\boxed{{1}}"] * n)
    parts = Parts(
        parse_method(method),
        student,
        renderer,
        verdict,
        [ModelTeacher(LocalText(engine, BYTES, parameters), TEMPLATES)],
        rewriter,
        TEMPLATES,
        shared_vocabulary,
        fitting=fitting,
        extract=extract,
    )
    new = [Question(f"q{i}", f"q{i}?", "1") for i in range(2)]
    return rollout_step(new, buffer, parts, zone, SamplingConfig(), Streams(0, 0))


def only_aided(prompt: Prompt, n: int, visit: int) -> list[str]:
    """Right with help, wrong without."""
    return ["\\boxed{1}" if prompt.kind in ("bcq", "ncq") else "\\boxed{2}"] * n


@given(every_method)
@few
def test_prompt_counts_are_additive(setting: Setting) -> None:
    zone, method, run = setting.zone, setting.method, play(setting)
    for step, batch in enumerate(run.batches):
        count = Counter(g.prompt.kind for g in batch.groups)
        new = {q.id for q in setting.new_questions(step)}
        free = sum(e["id"] not in new for e in run.states[step]["entries"])
        assert count["plain"] == zone.new_questions
        assert count["replayed"] == (min(share(zone.replay_fraction, len(new)), free) if method.replay else 0)
        assert sum(count[aid] for aid in AIDS) <= share(zone.augment_fraction, len(new))
        assert all(count[aid] == 0 for aid in AIDS if aid not in method.aids)
        assert {len(g.rollouts) for g in batch.groups} == {zone.group_size}


@given(every_method)
@few
def test_every_prompt_has_its_own_group(setting: Setting) -> None:
    for batch in play(setting).batches:
        uids = [g.prompt.uid for g in batch.groups]
        assert len(set(uids)) == len(uids)


@given(every_method)
@few
def test_help_goes_to_the_hardest_questions_that_can_be_helped(setting: Setting) -> None:
    assume(setting.method.aids != ("bcq",))  # then those that the teacher fails give way; see the golden trace
    for batch in play(setting).batches:
        plain = {g.question.id: g for g in batch.of_kind("plain", "replayed")}
        aided = [_alone(plain[g.question.id]) for g in batch.of_kind(*AIDS)]
        assert aided == sorted(aided)
        assert all(accuracy < setting.zone.tau for accuracy in aided)
        cap = share(setting.zone.augment_fraction, setting.zone.new_questions)
        hard = sorted(_alone(g) for g in plain.values() if g.rewards and _alone(g) < setting.zone.tau)
        assert not aided or aided[-1] <= hard[:cap][-1]


def _alone(group: Group) -> float:
    """Accuracy of the student's own rollouts: a teacher's response stands where a wrong one was."""
    scored = [0.0 if r.injected else r.reward for r in group.rollouts if r.reward is not None]
    return sum(scored) / len(scored)


@given(settings)
@few
def test_of_one_question_the_bcq_stands_before_the_ncq(setting: Setting) -> None:
    for batch in play(setting).batches:
        aided = [(g.question.id, g.prompt.kind) for g in batch.of_kind("bcq", "ncq")]
        assert [q for q, _ in aided] == sorted((q for q, _ in aided), key=[q for q, _ in aided].index)
        for question in {q for q, _ in aided}:
            assert [k for q, k in aided if q == question] in (["bcq"], ["ncq"], ["bcq", "ncq"])


@given(settings)
@few
def test_a_bcq_shows_one_teacher_and_one_student_candidate_and_an_ncq_only_the_students(setting: Setting) -> None:
    for batch in play(setting).batches:
        for g in batch.groups:
            shown = g.prompt.text.split("<candidate>\n")[1:]
            from_teacher = sum(MARKER in candidate for candidate in shown)
            wrong = sum(r.is_wrong for r in _plain_group(batch, g).rollouts)
            if g.prompt.kind == "bcq":
                assert (len(shown), from_teacher) == (2, 1)
            elif g.prompt.kind == "ncq":
                assert 1 <= len(shown) <= wrong
                assert from_teacher == 0
            else:
                assert not shown


def _plain_group(batch: StepBatch, of: Group) -> Group:
    return next(g for g in batch.of_kind("plain", "replayed") if g.question.id == of.question.id)


@given(every_method)
@few
def test_every_token_of_the_gradient_was_sampled_by_the_student(setting: Setting) -> None:
    """Two methods are there to show what becomes of others."""
    assume(not setting.method.injects and setting.method.loss != "distill_responses")
    for batch in play(setting).batches:
        for group, rollout in (pair for minibatch in batch.minibatches for pair in minibatch):
            sampled = bytes(token - 1 for token in rollout.token_ids[:-1]).decode()
            begun = group.prompt.prefix.text if group.prompt.prefix else ""
            assert begun + sampled == rollout.text
            assert MARKER not in sampled


@given(every_method)
@few
def test_a_teachers_tokens_are_trained_on_only_where_the_method_says_so(setting: Setting) -> None:
    for batch in play(setting).batches:
        for group, rollout in (pair for minibatch in batch.minibatches for pair in minibatch):
            taught = rollout.text.startswith(MARKER) and group.prompt.prefix is None
            assert taught == (rollout.injected or setting.method.loss == "distill_responses")
            assert not taught or rollout.is_right
            assert not rollout.injected or not any(r.is_right for r in group.rollouts if r is not rollout)


@given(every_method)
@few
def test_aided_answers_never_decide_what_is_buffered(setting: Setting) -> None:
    one, other = play(setting), play(setting, aided=" who gets help otherwise")
    assume(one.states[-1] != one.states[0])
    assert one.states == other.states


@given(every_method)
@few
def test_the_buffer_never_holds_a_response(setting: Setting) -> None:
    saved = json.dumps(play(setting).states)
    assert "boxed" not in saved
    assert "no idea" not in saved
    assert MARKER not in saved


@given(every_method)
@few
def test_equal_seeds_give_equal_steps(setting: Setting) -> None:
    def outcome() -> tuple:
        run = play(setting)
        minibatches = [[[(g.prompt, r) for g, r in m] for m in b.minibatches] for b in run.batches]
        return [b.groups for b in run.batches], minibatches, run.states

    assert outcome() == outcome()


@given(every_method, st.booleans())
@few
def test_dynamic_sampling_leaves_out_whole_questions_and_only_those_without_any_signal(
    setting: Setting, on: bool
) -> None:
    assume(setting.method.loss == "policy")
    setting = replace(setting, zone=replace(setting.zone, dynamic_sampling=on))
    for batch in play(setting).batches:
        used = {id(g) for minibatch in batch.minibatches for g, _ in minibatch}
        alive = {g.question.id for g in batch.groups if not g.is_trivial or not on}
        assert used == {id(g) for g in batch.groups if g.question.id in alive}
        assert batch.metrics["zone/groups_left_out"] == len(batch.groups) - len(used)


@given(every_method)
@few
def test_every_rollout_is_used_by_one_of_the_gradient_updates(setting: Setting) -> None:
    assume(setting.method.loss != "distill_responses")
    for batch in play(setting).batches:
        assert len(batch.minibatches) == setting.method.updates(setting.zone.updates)
        used = Counter(id(r) for minibatch in batch.minibatches for _, r in minibatch)
        assert used == Counter(id(r) for g in batch.groups for r in g.rollouts)


def test_a_question_graduates_only_on_plain_accuracy() -> None:
    buffer = PromptReplayBuffer(10)
    one_step("zppo", ScriptedEngine(only_aided), buffer)
    batch = one_step("zppo", ScriptedEngine(only_aided), buffer)
    assert {g.accuracy for g in batch.of_kind("bcq", "ncq")} == {1.0}
    assert [(e.question.id, e.outcomes) for e in buffer] == [("q0", [0.0]), ("q1", [0.0])]

    one_step("zppo", ScriptedEngine(lambda prompt, n, visit: ["\\boxed{1}"] * n), buffer)
    assert len(buffer) == 0
    assert {d.fate for d in buffer.departures} == {"graduated"}


def test_a_hard_question_has_three_groups_with_their_own_names() -> None:
    batch = one_step("zppo", ScriptedEngine(only_aided))
    uids = [g.prompt.uid for g in batch.groups if g.question.id == "q0"]
    assert uids == ["q0/plain", "q0/bcq", "q0/ncq"]


@pytest.mark.parametrize("method", ["grpo", "grpo+replay", "grpo+ncq", "grpo+replay+ncq"])
def test_a_method_without_bcq_needs_no_teacher(method: str) -> None:
    parts = Parts(parse_method(method), Babbler("student"), BYTES, verdict, [], compressor, TEMPLATES)
    zone = ZoneConfig(new_questions=4, group_size=2, updates=1, augment_fraction=1.0)
    new = [Question(f"q{i}", f"q{i}?", "1") for i in range(4)]
    batch = rollout_step(new, PromptReplayBuffer(10), parts, zone, SamplingConfig(), Streams(0, 0))
    assert not batch.of_kind("bcq")
    assert batch.metrics["tokens/teacher"] == 0


def test_a_method_without_replay_leaves_the_buffer_alone() -> None:
    buffer = PromptReplayBuffer(10)
    batch = one_step("grpo+bcq+ncq", ScriptedEngine(only_aided), buffer)
    assert len(buffer) == buffer.steps == 0
    assert "buffer/admitted" not in batch.metrics


def test_replayed_questions_that_cannot_be_shown_sit_the_step_out_and_stay() -> None:
    buffer, student = PromptReplayBuffer(10), ScriptedEngine(only_aided)
    old = [Question(f"old{i}", "?", "1") for i in range(2)]
    buffer.refresh([Group(Prompt("plain", q, "?"), [Rollout([0], "", reward=0.0)]) for q in old], 0.5)
    parts = Parts(
        parse_method("grpo+replay"), student, BYTES, verdict, [], keep_whole, TEMPLATES, readable=lambda found: [old[1]]
    )
    zone = ZoneConfig(new_questions=1, group_size=2, updates=1, replay_fraction=2)
    batch = rollout_step([Question("new", "?", "1")], buffer, parts, zone, SamplingConfig(), Streams(0, 0))
    assert [g.prompt.uid for g in batch.groups] == ["new/plain", "old1/replayed"]
    assert [entry.question.id for entry in buffer] == ["old0", "old1", "new"]


def test_a_step_shows_every_response_of_the_teacher_right_or_wrong() -> None:
    engine = ScriptedEngine(lambda prompt, n, visit: [f"{MARKER} \\boxed{{{i}}}" for i in range(n)])
    student, teachers = ScriptedEngine(only_aided), [ModelTeacher(LocalText(engine, BYTES), TEMPLATES)]
    parts = Parts(parse_method("zppo"), student, BYTES, verdict, teachers, keep_whole, TEMPLATES)
    zone = ZoneConfig(new_questions=1, group_size=2, teacher_samples=3, updates=1)
    new = [Question("q", "?", "1")]
    batch = rollout_step(new, PromptReplayBuffer(5), parts, zone, SamplingConfig(), Streams(0, 0))
    (group,) = batch.teacher
    assert group.question.id == "q"
    assert [(r.answer, r.is_right) for r in group.rollouts] == [("0", False), ("1", True), ("2", False)]


def test_tokens_are_counted_for_student_and_teacher() -> None:
    batch = one_step("zppo", ScriptedEngine(only_aided))
    assert batch.metrics["tokens/student"] == sum(len(r.token_ids) for g in batch.groups for r in g.rollouts)
    assert batch.metrics["tokens/student_prompt"] == sum(len(g.prompt_ids) for g in batch.groups)
    assert batch.metrics["tokens/teacher"] == 2 * len(f"{MARKER} \\boxed{{1}}!")
    assert batch.metrics["tokens/teacher_prompt"] == sum(
        len(TEMPLATES.plain(Question("", q, ""))) for q in ("q0?", "q1?")
    )


def test_what_a_rewriter_reads_and_writes_counts_as_the_teachers() -> None:
    def rewriter(candidates: Sequence[tuple[Question, Candidate]], seed: int) -> Rewritten:
        return Rewritten([c for _, c in candidates], tokens=100, prompt_tokens=1000)

    plain = one_step("zppo", ScriptedEngine(only_aided)).metrics
    written = one_step("zppo", ScriptedEngine(only_aided), rewriter=rewriter).metrics
    assert written["tokens/teacher"] == plain["tokens/teacher"] + 100
    assert written["tokens/teacher_prompt"] == plain["tokens/teacher_prompt"] + 1000


def test_a_teacher_of_n_parameters_costs_two_n_a_token() -> None:
    metrics = one_step("zppo", ScriptedEngine(only_aided), parameters=10).metrics
    assert metrics["flops/teacher"] == 20 * (metrics["tokens/teacher"] + metrics["tokens/teacher_prompt"]) > 0


@pytest.mark.parametrize(("fraction", "fed"), [(0.4, "(teache"), (0.5, "(teacher)"), (0.9, "(teacher) \\boxed{")])
def test_a_prefix_is_as_long_as_asked(fraction: float, fed: str) -> None:
    """Of the 19 tokens of the teacher's response, its end not counted."""
    batch = one_step("prefix", ScriptedEngine(only_aided), prefix_fraction=fraction)
    assert {g.prompt.prefix and g.prompt.prefix.text for g in batch.of_kind("prefix")} == {fed}


def test_a_prefix_is_made_of_the_text_whatever_tokens_the_teacher_sampled() -> None:
    """Among those could be one that opens a chat role."""
    renderer = ByteRenderer()
    renderer.encode = lambda response, end=False: [99] * 10  # type: ignore[method-assign]
    batch = one_step("prefix", ScriptedEngine(only_aided), renderer=renderer, shared_vocabulary=True)
    assert {g.prompt.prefix and g.prompt.prefix.token_ids for g in batch.of_kind("prefix")} == {(99,) * 4}


def test_a_response_too_short_for_a_prefix_gives_none_and_is_counted() -> None:
    batch = one_step("prefix", ScriptedEngine(only_aided), prefix_fraction=0.01)
    assert not batch.of_kind("prefix")
    assert batch.metrics["zone/prefixes_too_short"] == 2


def test_with_a_shared_vocabulary_the_teachers_own_tokens_are_used() -> None:
    odd, student = ByteRenderer(), ScriptedEngine(only_aided)
    odd.encode = lambda response, end=False: [99]  # type: ignore[method-assign]
    for shared, expected in ((False, [99]), (True, [byte + 1 for byte in f"{MARKER} \\boxed{{1}}".encode()] + [0])):
        batch = one_step("grpo_teacher", student, renderer=BYTES if shared else odd, shared_vocabulary=shared)
        assert [r.token_ids for g in batch.groups for r in g.rollouts if r.injected] == [expected] * 2


def test_a_script_that_does_not_fit_is_an_error_that_names_the_group() -> None:
    prompt = Prompt("plain", Question("q", "?", "1"), "?")
    engine = ScriptedEngine.from_table({"q/plain": [["a"]]})
    with pytest.raises(EngineError, match="1 responses for 'q/plain'; 2 were asked for"):
        rolled_out(engine, [prompt], 2, Sampling())
    rolled_out(engine, [prompt], 1, Sampling())
    with pytest.raises(EngineError, match="no visit 1 of 'q/plain'"):
        rolled_out(engine, [prompt], 1, Sampling())


def test_aided_prompts_that_do_not_fit_are_left_out_and_counted() -> None:
    student = ScriptedEngine(lambda prompt, n, visit: ["\\boxed{2}"] * n)
    batch = one_step("zppo", student, fitting=lambda prompts: [p for p in prompts if p.kind == "bcq"])
    assert len(batch.of_kind("bcq")) == 2 and not batch.of_kind("ncq")
    assert batch.metrics["zone/prompts_too_long"] == 2
    assert "ncq" not in {prompt.kind for prompt in student.prompts}
    assert one_step("zppo", student).metrics["zone/prompts_too_long"] == 0


def test_the_answers_of_a_step_are_those_that_the_extractor_reads() -> None:
    engine = ScriptedEngine(lambda prompt, n, visit: [f"<think>{MARKER} 6</think>it is {i}" for i in range(n)])
    batch = one_step("grpo+ncq", engine, extract=Extractor.of("last_number"))
    assert [r.answer for r in batch.of_kind("plain")[0].rollouts] == ["0", "1"]
    listed = [c.answer for c in batch.of_kind("ncq")[0].prompt.candidates]
    assert listed and set(listed) <= {"0", "1"}
    assert "it is 0" in batch.of_kind("ncq")[0].prompt.text
    assert batch.metrics["audit/parroting"] == 1.0


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (
            lambda questions: ["text"] * len(questions),
            "Program.respond must return a list of one zppo.Group per question",
        ),
        (lambda questions: [], "must return a list of one zppo.Group per question"),
        (lambda questions: [Group(Prompt("plain", q, ""), ["text"]) for q in questions], "instances of zppo.Rollout"),
    ],
)
def test_a_teacher_that_returns_something_else_is_an_error_that_says_what_to_return(groups: Any, message: str) -> None:
    class Program:
        def respond(self, questions: Any, n: int, sampling: Sampling) -> Any:
            return groups(questions)

    with pytest.raises(TeacherError, match=message):
        ProgramTeacher(Program()).submit(Question("q", "?", "1"), 1, Sampling()).result()


@pytest.mark.parametrize("method", ["zppo", "hint", "prefix"])
def test_the_system_turn_of_a_question_stands_before_every_prompt_that_asks_it(method: str) -> None:
    """Of student and teacher; not before what only quotes the question."""
    question, seen = Question("q0", "q0?", "1", system="Be brief."), []

    def says(text: str) -> Any:
        def script(prompt: Prompt, n: int, visit: int) -> list[str]:
            seen.append(prompt)
            return [text] * n

        return ScriptedEngine(script)

    teacher = ModelTeacher(LocalText(says("one two three \\boxed{1}"), BYTES), TEMPLATES)
    parts = Parts(parse_method(method), says("so \\boxed{7}"), BYTES, verdict, [teacher], keep_whole, TEMPLATES)
    zone = ZoneConfig(new_questions=1, group_size=2, teacher_samples=1, updates=1, augment_fraction=2)
    batch = rollout_step([question], PromptReplayBuffer(10), parts, zone, SamplingConfig(), Streams(0, 0))
    assert {g.prompt.kind for g in batch.groups} > {"plain"} and len(seen) == len(batch.groups) + 1
    assert all(prompt.turns == ({"role": "system", "content": "Be brief."},) for prompt in seen)
