"""The prompt replay buffer: hard questions come back until solved unaided (algorithm 1, steps 1 and 7).

The buffer stores questions, never responses, and listens to plain groups only: what a student does with a teacher's
text in its prompt decides nothing here.
"""

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from zppo.errors import CheckpointError
from zppo.types import Group, Question, reaches

Fate = Literal["graduated", "evicted"]
Course = Literal["graduated", "improved", "never_improved"]
Find = Callable[[str], Question | None]


@dataclass
class Entry:
    """A buffered question and its history: plain accuracy at entry, and the plain accuracy of every later visit."""

    question: Question
    entry_accuracy: float
    entry_step: int
    outcomes: list[float]

    @property
    def improved(self) -> bool:
        """A later plain accuracy was above the one at entry."""
        return any(accuracy > self.entry_accuracy for accuracy in self.outcomes)


@dataclass(frozen=True)
class Departure:
    """How a question left: its entry accuracy, its number of scored visits, whether one was better, and its fate."""

    question_id: str
    entry_accuracy: float
    visits: int
    improved: bool
    fate: Fate
    step: int

    @property
    def course(self) -> Course:
        """Graduated, evicted after a visit above the entry accuracy, or evicted without one."""
        if self.fate == "graduated":
            return "graduated"
        return "improved" if self.improved else "never_improved"


@dataclass(frozen=True)
class Refresh:
    """What one refresh changed, in question ids."""

    admitted: tuple[str, ...]
    graduated: tuple[str, ...]
    evicted: tuple[str, ...]

    def metrics(self) -> dict[str, float]:
        return {f"buffer/{name}": len(ids) for name, ids in asdict(self).items()}


class PromptReplayBuffer:
    """FIFO store of hard questions; every operation costs O(1) per question touched.

    `admitted`, `replayed` (those with at least one scored visit since), `graduated` and `occupancy` count questions by
    plain accuracy at entry. `_entries` is in order of admission (FIFO). `_slots` and `_slot_of` hold the same ids in an
    order of no meaning that allows a uniform draw and a removal without a scan.
    """

    def __init__(self, max_size: int = 10_000) -> None:
        self.max_size = max_size
        self.steps = 0
        self.admitted: Counter[float] = Counter()
        self.replayed: Counter[float] = Counter()
        self.graduated: Counter[float] = Counter()
        self.occupancy: Counter[float] = Counter()
        self.departures: list[Departure] = []
        self._entries: dict[str, Entry] = {}
        self._slots: list[str] = []
        self._slot_of: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, question_id: object) -> bool:
        return question_id in self._entries

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def draw(self, count: int, rng: random.Random, excluding: Collection[str] = ()) -> list[Question]:
        """Up to `count` different questions, uniformly, none of them in `excluding` (the step's new questions)."""
        present = {i for i in excluding if i in self._entries}
        drawn = rng.sample(self._slots, min(count + len(present), len(self._slots)))
        return [self._entries[i].question for i in drawn if i not in present][:count]

    def refresh(self, plain: Iterable[Group], tau: float) -> Refresh:
        """Admit hard questions, graduate solved ones, then evict the oldest down to `max_size`.

        A hard question that is already buffered keeps its place and its history. A group in which nothing was scored
        changes nothing. Admission compares the plain accuracy with `tau`; graduation is `accuracy >= tau`.
        """
        self.steps += 1
        admitted, graduated = [], []
        for group in plain:
            known, accuracy = self._entries.get(group.question.id), group.accuracy
            if accuracy is None:
                continue
            if known is not None:
                self.replayed[known.entry_accuracy] += not known.outcomes
                known.outcomes.append(accuracy)
            if known is None and not reaches(accuracy, tau):
                self._admit(group.question, accuracy)
                admitted.append(group.question.id)
            elif known is not None and reaches(accuracy, tau):
                self._leave(group.question.id, "graduated")
                graduated.append(group.question.id)
        evicted = []
        while len(self._entries) > self.max_size:
            oldest = next(iter(self._entries))
            self._leave(oldest, "evicted")
            evicted.append(oldest)
        return Refresh(tuple(admitted), tuple(graduated), tuple(evicted))

    def metrics(self) -> dict[str, float]:
        """Size and totals since the start; with `_entry_A`, the questions of these that entered at accuracy A.

        `buffer/graduated_entry_A` has two denominators: all `admitted`, and those `replayed` at least once.
        """
        graduated = self.graduated.total()
        counts = {
            "size": self.occupancy,
            "admitted": self.admitted,
            "replayed": self.replayed,
            "graduated": self.graduated,
        }
        by_entry = {
            f"buffer/{name}_entry_{accuracy:g}": count
            for name, counter in counts.items()
            for accuracy, count in sorted(counter.items())
            if count
        }
        return {
            "buffer/size": len(self),
            "buffer/admitted_total": self.admitted.total(),
            "buffer/graduated_total": graduated,
            "buffer/evicted_total": len(self.departures) - graduated,
            **by_entry,
        }

    def state_dict(self) -> dict[str, Any]:
        """Everything, as plain JSON values. Of a question its id and text: the rest is in the data."""
        return {
            "max_size": self.max_size,
            "steps": self.steps,
            "admitted": sorted(self.admitted.items()),
            "departures": [asdict(d) for d in self.departures],
            "entries": [_entry_state(e) for e in self._entries.values()],
            "slots": list(self._slots),
        }

    def load_state_dict(self, state: Mapping[str, Any], find: Find | None = None) -> None:
        """Restore a `state_dict`; `find` gives the question of an id, or None if the data has it no more.

        Without `find`, for reports that count and ask nothing, entries hold stand-ins with id and text alone.
        Raises CheckpointError when the state is of another size limit, does not add up, or is not of this data.
        """
        if state["max_size"] != self.max_size:
            raise CheckpointError(
                f"the checkpoint's buffer holds {state['max_size']} questions, this run's {self.max_size}: "
                "resume with the config the run was started with"
            )
        entries = {e["id"]: _entry(e, find) for e in state["entries"]}
        if sorted(entries) != sorted(state["slots"]):
            raise CheckpointError("the checkpoint's buffer is damaged: its entries and its draw order differ")
        self.steps, self._entries, self._slots = state["steps"], entries, list(state["slots"])
        self._slot_of = {i: k for k, i in enumerate(self._slots)}
        self.admitted = Counter(dict(state["admitted"]))
        self.departures = [Departure(**d) for d in state["departures"]]
        self.graduated = Counter(d.entry_accuracy for d in self.departures if d.fate == "graduated")
        self.replayed = Counter(d.entry_accuracy for d in self.departures if d.visits)
        self.replayed.update(e.entry_accuracy for e in entries.values() if e.outcomes)
        self.occupancy = Counter(e.entry_accuracy for e in entries.values())

    def _admit(self, question: Question, accuracy: float) -> None:
        self._entries[question.id] = Entry(question, accuracy, self.steps, [])
        self._slot_of[question.id] = len(self._slots)
        self._slots.append(question.id)
        self.admitted[accuracy] += 1
        self.occupancy[accuracy] += 1

    def _leave(self, question_id: str, fate: Fate) -> None:
        entry = self._entries.pop(question_id)
        self.departures.append(
            Departure(question_id, entry.entry_accuracy, len(entry.outcomes), entry.improved, fate, self.steps)
        )
        self.occupancy[entry.entry_accuracy] -= 1
        if fate == "graduated":
            self.graduated[entry.entry_accuracy] += 1
        slot, last = self._slot_of.pop(question_id), self._slots.pop()
        if last != question_id:
            self._slots[slot] = last
            self._slot_of[last] = slot


def _entry_state(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.question.id,
        "text": entry.question.text,
        "entry_accuracy": entry.entry_accuracy,
        "entry_step": entry.entry_step,
        "outcomes": list(entry.outcomes),
    }


def _entry(state: Mapping[str, Any], find: Find | None) -> Entry:
    question = find(state["id"]) if find is not None else Question(state["id"], state["text"], "")
    if question is None or question.text != state["text"]:
        found = "is not in the data" if question is None else f"has another text in the data ({question.text[:60]!r})"
        raise CheckpointError(
            f"question {state['id']!r} ({state['text'][:60]!r}) of the checkpoint's buffer {found}: "
            "resume with the data the run was started with"
        )
    return Entry(question, state["entry_accuracy"], state["entry_step"], list(state["outcomes"]))
