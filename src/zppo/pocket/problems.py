"""Seeded word problems of the pocket: the questions that its pair of models is built on and trained with.

`zppo.pocket.clusters` holds the wordings and programs; this module fills them with names, objects and numbers, checks
that no wrong program reaches the right answer, and splits the questions for ever into train and test by a hash of their
text. Standard library only, so that anybody can make more questions without loading a model.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from zppo.pocket.clusters import CLUSTERS, PROGRAMS, Cluster, run_program

NAMES = ("Tom", "Bob", "Eve", "Ann", "Max", "Sam", "Kim", "Leo", "Mia", "Ben")
OBJECTS = ("pens", "nuts", "figs", "eggs", "cups", "keys", "caps", "maps", "hats", "pins", "toys", "jars")
PLACES = ("yard", "park", "lawn", "farm", "court", "field")
LEVELS = ("easy", "hard")
TEST_PERCENT = 15


@dataclass(frozen=True)
class Problem:
    """One question with its gold answer, the program that solves it and the rival program of its cluster."""

    id: str
    prompt: str
    answer: str
    cluster: str
    level: str
    right: str  # worked equations of the right program
    wrong: str  # worked equations of the misconception: the other program of the cluster
    numbers: tuple[int, ...]
    template: str

    @property
    def held_out(self) -> bool:
        """Whether the question belongs to the test split; decided by its text alone."""
        return int(self.id, 16) % 100 < TEST_PERCENT

    def row(self) -> dict[str, str]:
        """The JSONL row of the question."""
        fields = asdict(self)
        return {key: fields[key] for key in ("id", "prompt", "answer", "cluster", "level")}


def question_id(text: str) -> str:
    """A stable identifier: the hash of the question's text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def applicable(numbers: tuple[int, ...]) -> dict[str, int]:
    """Every program for these numbers that stays in bounds, with its result."""
    results = {program: run_program(program, numbers) for program in PROGRAMS[len(numbers)]}
    return {program: result[1] for program, result in results.items() if result}


def draw_numbers(cluster: Cluster, right: str, rng: random.Random) -> tuple[int, ...]:
    """Numbers on which both programs of the cluster work and on which nothing but the right one gives its answer."""
    while True:
        numbers = cluster.draw(rng)
        sound = all(run_program(program, numbers) for program in (cluster.right, cluster.keyword))
        halves = cluster.right.endswith("/2")
        if not sound or (halves and (sum(numbers) % 2 or numbers[0] == numbers[1])):
            continue
        results = applicable(numbers)
        answer = results.pop(right)
        # two of three numbers may suffice for a wrong guess as well: no such guess may be right either
        partial = applicable(numbers[:2]) if len(numbers) == 3 else {}
        if answer > 0 and answer not in (*results.values(), *partial.values()):
            return numbers


def make_problem(rng: random.Random, cluster_name: str, level: str) -> Problem:
    """Draw one question of a cluster and level."""
    cluster = CLUSTERS[cluster_name]
    template = rng.choice(cluster.hard if level == "hard" else cluster.easy + cluster.truthful)
    programs = (cluster.right, cluster.keyword)
    right, wrong = programs[::-1] if template in cluster.truthful else programs
    numbers = draw_numbers(cluster, right, rng)
    x, y, z = rng.sample(NAMES, 3)
    slots = {"x": x, "y": y, "z": z, "o": rng.choice(OBJECTS), "p": rng.choice(PLACES)}
    text = template.format(**slots, **dict(zip("abc", numbers, strict=False)))
    solved, contender = run_program(right, numbers), run_program(wrong, numbers)
    assert solved and contender  # draw_numbers saw to it
    return Problem(
        id=question_id(text),
        prompt=text,
        answer=str(solved[1]),
        cluster=cluster_name,
        level=level,
        right=solved[0],
        wrong=contender[0],
        numbers=numbers,
        template=template,
    )


def stream(rng: random.Random, level: str | None = None, held_out: bool = False) -> Iterator[Problem]:
    """Endless questions of one split, clusters drawn evenly; `level` None mixes easy and hard."""
    while True:
        problem = make_problem(rng, rng.choice(tuple(CLUSTERS)), level or rng.choice(LEVELS))
        if problem.held_out == held_out:
            yield problem


def balanced(rng: random.Random, total: int, held_out: bool) -> list[Problem]:
    """Distinct questions, equally many of every cluster and level, shuffled."""
    kinds = [(cluster, level) for cluster in CLUSTERS for level in LEVELS]
    found: dict[str, Problem] = {}
    for index, (cluster, level) in enumerate(kinds):
        goal = total * (index + 1) // len(kinds)
        while len(found) < goal:
            problem = make_problem(rng, cluster, level)
            if problem.held_out == held_out:
                found[problem.id] = problem
    rows = list(found.values())
    rng.shuffle(rows)
    return rows
