import json
import random
from collections import Counter
from typing import Any

import pytest
from builders import group
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from zppo.errors import CheckpointError
from zppo.types import Group, Media, Prompt, Question, Rollout
from zppo.zone.replay import PromptReplayBuffer

TAU = 0.5
IDS = st.sampled_from([f"q{i}" for i in range(12)])
OUTCOMES = st.lists(st.sampled_from([0.0, 1.0, None]), min_size=2, max_size=4)


def buffer_of(*ids: str, size: int = 10) -> PromptReplayBuffer:
    buffer = PromptReplayBuffer(size)
    buffer.refresh([group(0, 0, id=i) for i in ids], TAU)
    return buffer


def ids(buffer: PromptReplayBuffer) -> list[str]:
    return [entry.question.id for entry in buffer]


def reloaded(buffer: PromptReplayBuffer) -> PromptReplayBuffer:
    copy = PromptReplayBuffer(buffer.max_size)
    found = {entry.question.id: entry.question for entry in buffer}
    copy.load_state_dict(json.loads(json.dumps(buffer.state_dict())), found.get)
    return copy


class BufferAgainstList(RuleBasedStateMachine):
    """The buffer beside a plain list of [id, entry accuracy, outcomes], oldest first; now and then saved and loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.buffer = PromptReplayBuffer(4)
        self.naive: list[list[Any]] = []
        self.left: list[tuple[str, int, str]] = []
        self.courses: list[str] = []
        self.admitted: Counter[float] = Counter()
        self.replayed: Counter[float] = Counter()

    @rule(outcomes=st.dictionaries(IDS, OUTCOMES, max_size=6))
    def refresh(self, outcomes: dict[str, list[float | None]]) -> None:
        plain = [group(*rewards, id=i) for i, rewards in outcomes.items()]
        known = {row[0] for row in self.naive}
        refreshed = self.buffer.refresh(plain, TAU)

        accuracy = {g.question.id: g.accuracy for g in plain if g.accuracy is not None}
        for row in self.naive:
            self.replayed[row[1]] += row[0] in accuracy and not row[2]
            row[2] += [accuracy[row[0]]] if row[0] in accuracy else []
        admitted = [[i, a, []] for i, a in accuracy.items() if i not in known and a < TAU]
        graduated = [i for i, a in accuracy.items() if i in known and a >= TAU]
        stay = [row for row in self.naive if row[0] not in graduated] + admitted
        evicted, stay = stay[: max(0, len(stay) - 4)], stay[-4:]

        assert list(refreshed.admitted) == [row[0] for row in admitted]
        assert list(refreshed.graduated) == graduated
        assert list(refreshed.evicted) == [row[0] for row in evicted]
        visits = {row[0]: len(row[2]) for row in [*self.naive, *admitted]}
        self.left += [(i, visits[i], "graduated") for i in graduated]
        self.left += [(row[0], visits[row[0]], "evicted") for row in evicted]
        self.courses += ["graduated"] * len(graduated)
        self.courses += ["improved" if max(row[2], default=0) > row[1] else "never_improved" for row in evicted]
        self.admitted.update(row[1] for row in admitted)
        self.naive = stay

    @rule(count=st.integers(0, 6), seed=st.integers(0, 999), excluding=st.sets(IDS, max_size=4))
    def draw(self, count: int, seed: int, excluding: set[str]) -> None:
        drawn = [q.id for q in self.buffer.draw(count, random.Random(seed), excluding)]
        allowed = {row[0] for row in self.naive} - excluding
        assert len(set(drawn)) == len(drawn) == min(count, len(allowed))
        assert set(drawn) <= allowed

    @precondition(lambda self: self.naive)
    @rule(seed=st.integers(0, 999))
    def stop_and_resume(self, seed: int) -> None:
        resumed = reloaded(self.buffer)
        assert resumed.state_dict() == self.buffer.state_dict()
        assert resumed.draw(3, random.Random(seed)) == self.buffer.draw(3, random.Random(seed))
        self.buffer = resumed

    @invariant()
    def agrees_with_the_list(self) -> None:
        assert [[e.question.id, e.entry_accuracy, e.outcomes] for e in self.buffer] == self.naive
        assert len(self.buffer) == len(self.naive) <= 4
        assert [(d.question_id, d.visits, d.fate) for d in self.buffer.departures] == self.left
        assert [d.course for d in self.buffer.departures] == self.courses
        counts = self.buffer.by_entry_accuracy()
        assert counts["admitted"] == self.admitted and counts["replayed"] == +self.replayed
        assert counts["size"] == Counter(row[1] for row in self.naive)
        assert self.buffer.metrics() == {
            "buffer/size": len(self.naive),
            "buffer/admitted_total": sum(self.admitted.values()),
            "buffer/graduated_total": sum(fate == "graduated" for _, _, fate in self.left),
            "buffer/evicted_total": sum(fate == "evicted" for _, _, fate in self.left),
            **self.by_entry("size", Counter(row[1] for row in self.naive)),
            **self.by_entry("admitted_total", self.admitted),
            **self.by_entry("replayed_total", self.replayed),
            **self.by_entry("graduated_total", counts["graduated"]),
        }
        assert counts["graduated"].total() == sum(fate == "graduated" for _, _, fate in self.left)

    def by_entry(self, name: str, counts: Counter[float]) -> dict[str, int]:
        return {f"buffer/{name}_entry_{accuracy:g}": count for accuracy, count in counts.items() if count}


TestBufferAgainstList = BufferAgainstList.TestCase
TestBufferAgainstList.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)


@pytest.mark.parametrize("excluding", [(), ("c", "x")])
def test_a_draw_is_uniform_over_what_may_be_drawn(excluding: tuple[str, ...]) -> None:
    buffer, rng = buffer_of(*"abcdefg"), random.Random(0)
    buffer.refresh([group(1, 1, id="b")], TAU)  # graduates
    allowed = [i for i in "acdefg" if i not in excluding]
    rounds = 6000
    counts = Counter(q.id for _ in range(rounds) for q in buffer.draw(2, rng, excluding))
    expected = 2 * rounds / len(allowed)
    assert sorted(counts) == allowed
    chi_square = sum((c - expected) ** 2 / expected for c in counts.values())
    assert chi_square < 15  # at most 5 degrees of freedom: exceeded once in a hundred seeds


def test_a_question_graduates_only_on_plain_accuracy_at_tau() -> None:
    buffer = buffer_of("a", "b")
    refreshed = buffer.refresh([group(1, 0, id="a"), group(1, 0, 0, id="b")], TAU)
    assert refreshed.graduated == ("a",)
    assert ids(buffer) == ["b"]


def test_a_buffered_question_that_is_hard_again_keeps_its_place_and_entry() -> None:
    buffer = buffer_of("a", "b")
    refreshed = buffer.refresh([group(0, 0, 0, 1, id="a")], TAU)
    assert refreshed.admitted == ()
    assert ids(buffer) == ["a", "b"]
    assert [(e.entry_accuracy, e.entry_step, e.outcomes) for e in buffer] == [(0, 1, [0.25]), (0, 1, [])]


def test_room_is_made_after_graduation() -> None:
    buffer = buffer_of("a", "b", size=2)
    refreshed = buffer.refresh([group(0, 0, id="c"), group(1, 1, id="b")], TAU)
    assert (refreshed.graduated, refreshed.evicted) == (("b",), ())
    assert ids(buffer) == ["a", "c"]


def test_a_group_in_which_nothing_was_scored_changes_nothing() -> None:
    buffer = buffer_of("a")
    buffer.refresh([group(None, None, id="a"), group(None, None, id="b")], TAU)
    assert ids(buffer) == ["a"]
    assert next(iter(buffer)).outcomes == []


def test_a_departure_remembers_entry_accuracy_and_visits() -> None:
    buffer = PromptReplayBuffer(10)
    for rewards in ((1, 0, 0, 0), (0, 0, 0, 0), (1, 1, 1, 0)):
        buffer.refresh([group(*rewards, id="a")], TAU)
    (departure,) = buffer.departures
    assert (departure.entry_accuracy, departure.visits, departure.fate, departure.step) == (0.25, 2, "graduated", 3)
    assert buffer.by_entry_accuracy()["graduated"] == {0.25: 1}


@pytest.mark.parametrize(
    ("visits", "course"),
    [
        ([], "never_improved"),
        ([(0, 0, 0, 0), (1, 0, 0, 0)], "never_improved"),
        ([(1, 1, 0, 0, 0), (0, 0, 0, 0)], "improved"),
        ([(None, None)], "never_improved"),
        ([(0, 0, 0, 0), (1, 1, 0, 0)], "graduated"),
    ],
)
def test_a_question_that_left_has_improved_if_a_later_visit_was_above_the_one_at_entry(
    visits: list[tuple[float | None, ...]], course: str
) -> None:
    buffer = PromptReplayBuffer(1)
    for rewards in [(1, 0, 0, 0), *visits]:
        buffer.refresh([group(*rewards, id="a")], TAU)
    buffer.refresh([group(0, 0, id="b")], TAU)  # evicts what is still there
    (departure,) = reloaded(buffer).departures
    assert departure.course == course
    assert departure.visits == sum(rewards[0] is not None for rewards in visits)


def test_a_question_counts_as_replayed_from_its_first_scored_visit() -> None:
    buffer = buffer_of("a", "b", "c")
    buffer.refresh([group(0, 0, id="a"), group(None, None, id="b")], TAU)
    buffer.refresh([group(0, 0, id="a")], TAU)
    for each in (buffer, reloaded(buffer)):
        assert each.by_entry_accuracy()["replayed"] == {0.0: 1}


def test_the_state_holds_questions_and_no_response() -> None:
    g = group(0, 0, id="a")
    for r in g.rollouts:
        r.text = "RESPONSE"
    buffer = PromptReplayBuffer(10)
    buffer.refresh([g], TAU)
    saved = json.dumps(buffer.state_dict())
    assert "RESPONSE" not in saved
    [entry] = buffer.state_dict()["entries"]
    assert entry == {"id": "a", "text": "a?", "entry_accuracy": 0.0, "entry_step": 1, "outcomes": []}


def test_a_question_comes_back_from_the_data_with_all_it_holds() -> None:
    held = object()  # such as a picture, which no JSON could hold
    question = Question("a", "a?", "1", {"held": held}, (Media("image", "a.png", lambda: held),))
    buffer = PromptReplayBuffer(10)
    buffer.refresh([Group(Prompt("plain", question, "a?"), [Rollout([0], "", reward=0.0)] * 2)], TAU)
    assert next(iter(reloaded(buffer))).question is question


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (None, r"question 'a' \('a\?'\) of the checkpoint's buffer is not in the data"),
        (Question("a", "b?", "1"), r"question 'a' .* has another text in the data \('b\?'\)"),
    ],
)
def test_a_state_of_other_data_is_refused_and_changes_nothing(found: Question | None, problem: str) -> None:
    buffer = buffer_of("c")
    with pytest.raises(CheckpointError, match=problem):
        buffer.load_state_dict(buffer_of("a").state_dict(), lambda question_id: found)
    assert ids(buffer) == ["c"]


def test_a_report_reads_a_state_without_the_data() -> None:
    buffer = PromptReplayBuffer(10)
    buffer.load_state_dict(buffer_of("a", "b").state_dict())
    assert [(e.question.id, e.question.text) for e in buffer] == [("a", "a?"), ("b", "b?")]


def test_buffers_loaded_from_one_state_live_apart() -> None:
    state = buffer_of("a").state_dict()
    one, other = PromptReplayBuffer(10), PromptReplayBuffer(10)
    for buffer in (one, other):
        buffer.load_state_dict(state)
    one.refresh([group(0, 0, id="a")], TAU)
    assert next(iter(other)).outcomes == []


def test_a_state_of_another_size_is_refused() -> None:
    with pytest.raises(CheckpointError, match="holds 10 questions, this run's 5"):
        PromptReplayBuffer(5).load_state_dict(buffer_of("a").state_dict())
