"""Seeded problems of the pocket: the questions that its models are built and trained with.

`zppo.pocket.clusters` and `zppo.pocket.sights` hold wordings and programs; this module fills them with names, objects,
scenes and numbers, checks that no wrong program gives the right answer, and splits the questions into train and test:
word problems by a hash of their text, the others by a hash of their scenes. It needs no model.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from zppo.pocket.clusters import CLUSTERS, PROGRAMS, Cluster, run_program
from zppo.pocket.pictures import FPS, TEST_PERCENT, Scene
from zppo.pocket.sights import POOL, SIGHTS
from zppo.types import MEDIA_MARK, Question

NAMES = ("Tom", "Bob", "Eve", "Ann", "Max", "Sam", "Kim", "Leo", "Mia", "Ben")
OBJECTS = ("pens", "nuts", "figs", "eggs", "cups", "keys", "caps", "maps", "hats", "pins", "toys", "jars")
PLACES = ("yard", "park", "lawn", "farm", "court", "field")
LEVELS = ("easy", "hard")
ALL = (*CLUSTERS, *SIGHTS)
"""The names of all clusters: words, then images and videos."""


@dataclass(frozen=True)
class Problem:
    """One question with its gold answer, the program that solves it and the other program of its cluster.

    `prompt` holds one `MEDIA_MARK` for each of `scenes`.
    """

    prompt: str
    answer: str
    cluster: str
    level: str
    right: str  # worked equations of the right program
    wrong: str  # worked equations of the misconception: the other program of the cluster
    numbers: tuple[int, ...]
    programs: tuple[str, ...]  # all programs for such a question
    template: str
    scenes: tuple[Scene, ...] = ()

    @property
    def id(self) -> str:
        """A stable identifier."""
        return question_id(" ".join([self.prompt, *(scene.name for scene in self.scenes)]))

    @property
    def modality(self) -> str:
        """words, image or video."""
        return ("video" if self.scenes[0].is_video else "image") if self.scenes else "words"

    @property
    def held_out(self) -> bool:
        """True if the question belongs to the test split."""
        return self.scenes[0].held_out if self.scenes else int(self.id, 16) % 100 < TEST_PERCENT

    def question(self) -> Question:
        """The problem as a `Question`; its media are drawn when they are loaded."""
        return Question(self.id, self.prompt, self.answer, media=tuple(scene.media() for scene in self.scenes))

    def row(self) -> dict:
        """The JSONL row of the question: text with a marker for each medium, and the files of the media."""
        files = [[f"images/{picture.name}.png" for picture in scene.pictures] for scene in self.scenes]
        media: dict[str, list] = {}
        if self.modality == "image":
            media = {"images": [file for (file,) in files]}
        elif self.modality == "video":
            media = {"videos": [{"frames": frames, "fps": FPS} for frames in files]}
        prompt = self.prompt.replace(MEDIA_MARK, f"<{self.modality}>")
        about = {"answer": self.answer, "cluster": self.cluster, "level": self.level, "modality": self.modality}
        return {"id": self.id, "prompt": prompt, **about, **media}


def question_id(text: str) -> str:
    """A stable identifier: the hash of the question's text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def applicable(numbers: tuple[int, ...]) -> dict[str, int]:
    """All programs for these numbers that stay in bounds, with their results."""
    results = {program: run_program(program, numbers) for program in PROGRAMS[len(numbers)]}
    return {program: result[1] for program, result in results.items() if result}


def draw_numbers(cluster: Cluster, right: str, rng: random.Random) -> tuple[int, ...]:
    """Numbers for which both programs of the cluster are defined and only the right one gives its answer."""
    while True:
        numbers = cluster.draw(rng)
        sound = all(run_program(program, numbers) for program in (cluster.right, cluster.keyword))
        halves = cluster.right.endswith("/2")
        if not sound or (halves and (sum(numbers) % 2 or numbers[0] == numbers[1])):
            continue
        results = applicable(numbers)
        answer = results.pop(right)
        # a wrong program may use two of three numbers: it must not give the right answer either
        partial = applicable(numbers[:2]) if len(numbers) == 3 else {}
        if answer > 0 and answer not in (*results.values(), *partial.values()):
            return numbers


def make_problem(rng: random.Random, cluster_name: str, level: str, pool: int = POOL) -> Problem:
    """Draw one question of a cluster and level; `pool` is the number of different pictures of a kind."""
    if cluster_name in SIGHTS:
        return _make_sight(rng, cluster_name, level, pool)
    cluster = CLUSTERS[cluster_name]
    template = rng.choice(cluster.hard if level == "hard" else cluster.easy + cluster.truthful)
    programs = (cluster.right, cluster.keyword)
    right, wrong = programs[::-1] if template in cluster.truthful else programs
    numbers = draw_numbers(cluster, right, rng)
    x, y, z = rng.sample(NAMES, 3)
    slots = {"x": x, "y": y, "z": z, "o": rng.choice(OBJECTS), "p": rng.choice(PLACES)}
    text = template.format(**slots, **dict(zip("abc", numbers, strict=False)))
    solved, contender = run_program(right, numbers), run_program(wrong, numbers)
    assert solved and contender  # ensured by draw_numbers
    return Problem(
        prompt=text,
        answer=str(solved[1]),
        cluster=cluster_name,
        level=level,
        right=solved[0],
        wrong=contender[0],
        numbers=numbers,
        programs=PROGRAMS[len(numbers)],
        template=template,
    )


def _make_sight(rng: random.Random, name: str, level: str, pool: int) -> Problem:
    """Draw scenes until both programs of the cluster are defined and only the right one gives its answer."""
    cluster = SIGHTS[name]
    template = rng.choice(cluster.hard if level == "hard" else cluster.easy + cluster.truthful)
    programs = (cluster.right, cluster.keyword)
    right, wrong = programs[::-1] if template in cluster.truthful else programs
    while True:
        sight = cluster.look(rng, pool)
        results = {program: run_program(program, sight.numbers) for program in cluster.programs}
        solved, contender = results.pop(right), results[wrong]
        if solved and contender and solved[1] > 0 and solved[1] not in [r[1] for r in results.values() if r]:
            break
    text = template.format(**dict(sight.words))
    return Problem(
        prompt=MEDIA_MARK * len(sight.scenes) + "\n" + text[0].upper() + text[1:],
        answer=str(solved[1]),
        cluster=name,
        level=level,
        right=solved[0],
        wrong=contender[0],
        numbers=sight.numbers,
        programs=cluster.programs,
        template=template,
        scenes=sight.scenes,
    )


def stream(
    rng: random.Random, level: str | None = None, held_out: bool = False, clusters: Sequence[str] = ALL
) -> Iterator[Problem]:
    """Infinite stream of questions of one split, clusters drawn uniformly; `level` None mixes easy and hard."""
    while True:
        problem = make_problem(rng, rng.choice(clusters), level or rng.choice(LEVELS))
        if problem.held_out == held_out:
            yield problem


def balanced(
    rng: random.Random, total: int, held_out: bool, clusters: Sequence[str] = ALL, pool: int = POOL
) -> list[Problem]:
    """Distinct questions, equally many of each cluster and level, shuffled."""
    kinds = [(cluster, level) for cluster in clusters for level in LEVELS]
    found: dict[str, Problem] = {}
    for index, (cluster, level) in enumerate(kinds):
        goal = total * (index + 1) // len(kinds)
        while len(found) < goal:
            problem = make_problem(rng, cluster, level, pool)
            if problem.held_out == held_out:
                found[problem.id] = problem
    rows = list(found.values())
    rng.shuffle(rows)
    return rows
