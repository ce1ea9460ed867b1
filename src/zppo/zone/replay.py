"""The prompt replay buffer: hard questions return until solved unaided (algorithm 1, steps 1 and 7).

The buffer stores questions, never responses, and is refreshed from plain groups only: the results of aided prompts
have no effect.
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
        """True if a later plain accuracy exceeded the one at entry."""
        return any(accuracy > self.entry_accuracy for accuracy in self.outcomes)


@dataclass(frozen=True)
class Departure:
    """A question that left: entry accuracy, number of scored visits, True if one was better, and its fate."""

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
    """Changes of one refresh, in question ids."""

    admitted: tuple[str, ...]
    graduated: tuple[str, ...]
    evicted: tuple[str, ...]

    def metrics(self) -> dict[str, float]:
        return {f"buffer/{name}": len(ids) for name, ids in asdict(self).items()}


class PromptReplayBuffer:
    """FIFO store of at most `max_size` hard questions. `departures` are the questions that left, in order."""

    def __init__(self, max_size: int = 10_000) -> None:
        self.max_size = max_size
        self.steps = 0
        self.departures: list[Departure] = []
        self._entries: dict[str, Entry] = {}
        """In order of admission."""

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def draw(self, count: int, rng: random.Random, excluding: Collection[str] = ()) -> list[Question]:
        """Up to `count` distinct questions, drawn uniformly, none in `excluding` (the step's new questions)."""
        able = [entry.question for entry in self if entry.question.id not in excluding]
        return rng.sample(able, min(count, len(able)))

    def refresh(self, plain: Iterable[Group], tau: float) -> Refresh:
        """Admit hard questions, graduate solved ones, then evict the oldest down to `max_size`.

        A hard question that is already buffered keeps its place and its history. A group without a scored rollout
        changes nothing. Admission: plain accuracy below `tau`; graduation: `accuracy >= tau`.
        """
        self.steps += 1
        admitted, graduated = [], []
        for group in plain:
            known, accuracy = self._entries.get(group.question.id), group.accuracy
            if accuracy is None:
                continue
            if known is not None:
                known.outcomes.append(accuracy)
            if known is None and not reaches(accuracy, tau):
                self._entries[group.question.id] = Entry(group.question, accuracy, self.steps, [])
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

    def by_entry_accuracy(self) -> dict[str, Counter[float]]:
        """Questions in the buffer by entry accuracy (`size`), and totals so far of those admitted, replayed (with at
        least one scored visit since) and graduated.
        """
        left = self.departures
        return {
            "size": Counter(e.entry_accuracy for e in self),
            "admitted": Counter([e.entry_accuracy for e in self] + [d.entry_accuracy for d in left]),
            "replayed": Counter(
                [e.entry_accuracy for e in self if e.outcomes] + [d.entry_accuracy for d in left if d.visits]
            ),
            "graduated": Counter(d.entry_accuracy for d in left if d.fate == "graduated"),
        }

    def metrics(self) -> dict[str, float]:
        """Size, and totals since the start: `buffer/NAME_entry_A` counts questions with entry accuracy A.

        Graduates have two denominators: all admitted, and those replayed at least once.
        """
        counts = self.by_entry_accuracy()
        graduated = counts["graduated"].total()
        by_entry = {
            f"buffer/{name}{'' if name == 'size' else '_total'}_entry_{accuracy:g}": count
            for name, counter in counts.items()
            for accuracy, count in sorted(counter.items())
        }
        return {
            "buffer/size": len(self),
            "buffer/admitted_total": counts["admitted"].total(),
            "buffer/graduated_total": graduated,
            "buffer/evicted_total": len(self.departures) - graduated,
            **by_entry,
        }

    def state_dict(self) -> dict[str, Any]:
        """State of the buffer as plain JSON values. Questions are saved as id and text: the rest is in the data."""
        return {
            "max_size": self.max_size,
            "steps": self.steps,
            "departures": [asdict(d) for d in self.departures],
            "entries": [_entry_state(e) for e in self._entries.values()],
        }

    def load_state_dict(self, state: Mapping[str, Any], find: Find | None = None) -> None:
        """Restore a `state_dict`; `find` returns the question of an id, or None if it is no longer in the data.

        Without `find`, for reports that only count, entries hold questions with id and text alone.
        Raises CheckpointError if the state has another size limit, or does not fit the data.
        """
        if state["max_size"] != self.max_size:
            raise CheckpointError(
                f"the checkpoint's buffer holds {state['max_size']} questions, this run's {self.max_size}: "
                "resume with the config the run was started with"
            )
        entries = {e["id"]: _entry(e, find) for e in state["entries"]}
        self.departures = [Departure(**d) for d in state["departures"]]
        self.steps, self._entries = state["steps"], entries

    def _leave(self, question_id: str, fate: Fate) -> None:
        entry = self._entries.pop(question_id)
        self.departures.append(
            Departure(question_id, entry.entry_accuracy, len(entry.outcomes), entry.improved, fate, self.steps)
        )


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
