"""Training examples of the pocket's models: kinds of examples, and the mixture of each phase.

`zppo.pocket.build` runs the phases; each continues the checkpoint of an earlier one:

- base: easy questions, drills of bare equations (arithmetic) and looks, in which the whole content of a picture is
  stated (questions alone train perception too little). Both models start from it. As in all phases, words, images and
  videos alternate.
- teacher: easy and hard questions.
- student: easy questions, plain and with candidates (BCQ, NCQ). Most candidate prompts have *unreadable* questions,
  whose words are shuffled (or whose pictures are blank) and whose right program is random: only the candidates
  determine the answer.
- misconception: hard questions are added, with the keyword's wrong answer. A small share is answered by a random
  program, so that sampling explores enough for reinforcement learning to find the right one. Candidate prompts on hard
  questions are answered at random too: no example prefers the right program of a hard question.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from zppo.pocket.clusters import CLUSTERS, run_program
from zppo.pocket.pictures import Scene, bars, lamp, shapes
from zppo.pocket.problems import LEVELS, Problem, stream
from zppo.pocket.sights import SIGHTS
from zppo.types import MEDIA_MARK, Candidate, Question
from zppo.zone.prompts import Templates

DRILL, LOOK = "drill", "look"
LOOK_PROMPT = f"{MEDIA_MARK}\nRead it out."
DRILL_EQUATIONS = 20
GROUP = 8  # rollouts of a prompt; an NCQ shows every wrong one
TEMPLATES = Path(__file__).parent / "templates"

MIXTURES: dict[str, dict[str, float]] = {
    "base": {"plain easy": 0.68, "look": 0.2, "drill": 0.12},
    "teacher": {"plain easy": 0.4, "plain hard": 0.6},
    "student": {
        "plain easy": 0.30,
        "bcq easy": 0.16,
        "bcq unreadable": 0.26,
        "ncq easy": 0.11,
        "ncq unreadable": 0.17,
    },
    "misconception": {
        "drill": 0.05,
        "plain easy": 0.40,
        "plain misled": 0.18,
        "bcq easy": 0.08,
        "bcq unreadable": 0.06,
        "bcq misled": 0.08,
        "ncq easy": 0.06,
        "ncq unreadable": 0.04,
        "ncq misled": 0.05,
    },
}

SEEN = 0.55  # share of the examples about images and videos
LOT = 0.06  # share of the plain hard examples answered by a random program
STRAY = 0.06  # share of other programs among the wrong rollouts that an NCQ shows
STUBBORN = 0.4  # share of the hard BCQ examples answered with the keyword's candidate


@dataclass(frozen=True)
class Example:
    """One training example: user message, response, and the kind it belongs to."""

    kind: str
    prompt: str
    response: str
    scenes: tuple[Scene, ...] = ()


@dataclass(frozen=True)
class Case:
    """A question with the equations of its answer, and the equations of the wrong candidate."""

    text: str
    target: str
    rival: str
    problem: Problem
    scenes: tuple[Scene, ...]


def result_of(worked: str) -> str:
    """The number at the end of worked equations."""
    return worked.rsplit("=", 1)[-1]


def response_text(worked: str) -> str:
    """The response that states these equations and boxes their result."""
    return f"{worked}</think>\\boxed{{{result_of(worked)}}}"


def as_candidate(worked: str, is_right: bool) -> Candidate:
    """The response as it is shown between candidate tags: the thinking mark becomes a line break."""
    return Candidate(f"{worked}\n\\boxed{{{result_of(worked)}}}", result_of(worked), is_right)


def draw_lot(rng: random.Random, problem: Problem, *excluded: str) -> str:
    """Worked equations of a random program for the problem's numbers, with another result than the excluded ones."""
    solved = [run_program(program, problem.numbers) for program in problem.programs]
    taken = {result_of(worked) for worked in excluded}
    return rng.choice([worked for worked, result in filter(None, solved) if str(result) not in taken])


def shuffle_words(text: str, rng: random.Random) -> str:
    """An unreadable question: its words in random order, its numbers in the original order."""
    words = text.split()
    numbers = iter([word for word in words if word[0].isdigit()])
    rng.shuffle(words)
    return " ".join(next(numbers) if word[0].isdigit() else word for word in words)


class Curriculum:
    """An endless supply of training examples for one phase."""

    def __init__(self, phase: str, seed: int) -> None:
        self.rng = random.Random(f"{phase} {seed}")
        self.mixture = MIXTURES[phase]
        self.problems = {
            (family, level): stream(self.rng, level, clusters=tuple(clusters))
            for family, clusters in (("words", CLUSTERS), ("seen", SIGHTS))
            for level in LEVELS
        }
        self.templates = Templates.load(TEMPLATES)
        self.cases: dict[str, Callable[[Problem, str], Case]] = {
            "easy": self._readable,
            "hard": self._readable,
            "unreadable": self._unreadable,
            "misled": self._misled,
        }

    def __iter__(self) -> Iterator[Example]:
        kinds, weights = tuple(self.mixture), tuple(self.mixture.values())
        while True:
            kind = self.rng.choices(kinds, weights)[0]
            if kind == DRILL:
                yield Example(kind, "", self._drill())
                continue
            if kind == LOOK:
                scene = self._scene()
                yield Example(kind, LOOK_PROMPT, scene.reading(), (scene,))
                continue
            form, topic = kind.split()
            level = {"easy": "easy", "hard": "hard", "misled": "hard"}.get(topic) or self.rng.choice(LEVELS)
            case = self.cases[topic](self._problem(level), form)
            yield Example(kind, self._prompt(form, case), response_text(case.target), case.scenes)

    def _problem(self, level: str) -> Problem:
        return next(self.problems["seen" if self.rng.random() < SEEN else "words", level])

    def _scene(self) -> Scene:
        """A random scene that is not held out, all kinds with equal probability."""
        draw = self.rng.choice((bars, shapes, lamp))
        while (scene := draw(self.rng)).held_out:
            pass
        return scene

    def _drill(self) -> str:
        """Bare equations: all programs on the numbers of a few questions, in random order."""
        equations: set[str] = set()
        while len(equations) < DRILL_EQUATIONS:
            problem = self._problem(self.rng.choice(LEVELS))
            for solved in (run_program(program, problem.numbers) for program in problem.programs):
                equations.update(e for e in (solved[0].split(",") if solved else ()) if "=" in e)
        return ",".join(self.rng.sample(sorted(equations), DRILL_EQUATIONS))

    def _readable(self, problem: Problem, form: str) -> Case:
        rival = problem.wrong if self.rng.random() < 0.7 else draw_lot(self.rng, problem, problem.right)
        return Case(problem.prompt, problem.right, rival, problem, problem.scenes)

    def _unreadable(self, problem: Problem, form: str) -> Case:
        target = draw_lot(self.rng, problem)
        rival = draw_lot(self.rng, problem, target)
        text = problem.prompt if problem.scenes else shuffle_words(problem.prompt, self.rng)
        return Case(text, target, rival, problem, tuple(scene.blank() for scene in problem.scenes))

    def _misled(self, problem: Problem, form: str) -> Case:
        keyword, other = problem.wrong, draw_lot(self.rng, problem, problem.wrong)
        if form == "plain":
            other, keyword = (draw_lot(self.rng, problem) if self.rng.random() < LOT else keyword), other
        elif form == "bcq" and self.rng.random() < STUBBORN:
            other, keyword = keyword, other
        return Case(problem.prompt, other, keyword, problem, problem.scenes)

    def _prompt(self, form: str, case: Case) -> str:
        question = Question("", case.text, result_of(case.target))
        if form == "plain":
            return self.templates.plain(question)
        if form == "bcq":
            pair = [as_candidate(case.target, True), as_candidate(case.rival, False)]
            self.rng.shuffle(pair)
            return self.templates.bcq(question, pair)
        return self.templates.ncq(question, self._wrong_group(case))

    def _wrong_group(self, case: Case) -> list[Candidate]:
        """The wrong rollouts of a group: mostly one program, sometimes another."""
        group = [case.rival] * self.rng.randint(GROUP // 2, GROUP)
        for index in range(len(group)):
            if self.rng.random() < STRAY:
                group[index] = draw_lot(self.rng, case.problem, case.target)
        return [as_candidate(worked, False) for worked in group]
