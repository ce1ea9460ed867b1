r"""Zone of Proximal Policy Optimization (arXiv 2606.18216, algorithm 1) in one file, to be read from top to bottom.

Nothing here comes from the `zppo` package, and there is no neural network: the models are four functions in a `World`.
A test proves that this file and the package agree on every prompt, reward, advantage, minibatch and buffer entry.

The idea: when a small student fails a question, it does not imitate a teacher. The teacher's words go into the
*prompt*, the student answers again in its own words and learns from those answers by plain reinforcement learning.

    python examples/zppo_one_file.py      plays a toy student on 24 questions
"""

import math
import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

EPS = 1e-6

WORDING = {
    "closer": r"Think first, then give the final answer inside \boxed{}.",
    "plain": "{question}\n{closer}",
    "bcq": "{question}\nOne of these two candidates is correct, the other wrong:\n{candidates}\n{closer}",
    "ncq": "{question}\nThese answers are all wrong: {wrong_answers}\nSo they came about:\n{candidates}\n{closer}",
}


class Question(NamedTuple):
    id: str
    text: str
    answer: str


@dataclass
class Rollout:
    text: str
    reward: float | None  # 1 right, 0 wrong, None unscored
    answer: str | None  # the final, boxed one
    advantage: float = 0.0


@dataclass
class Group:
    """The responses to one prompt. Plain, BCQ and NCQ groups of a question each have their own baseline."""

    question: Question
    kind: str  # plain, replayed, bcq or ncq
    prompt: str
    rollouts: list[Rollout]

    @property
    def uid(self) -> str:
        return f"{self.question.id}/{self.kind}"

    @property
    def scored(self) -> list[float]:
        return [r.reward for r in self.rollouts if r.reward is not None]

    @property
    def accuracy(self) -> float | None:
        return sum(self.scored) / len(self.scored) if self.scored else None

    @property
    def trivial(self) -> bool:
        """All rewards equal: nothing to learn from."""
        return len(self.scored) < 2 or min(self.scored) == max(self.scored)


class Candidate(NamedTuple):
    text: str
    answer: str | None


Model = Callable[[list[str], int, int], list[list[str]]]  # prompts, n, seed -> n responses to each prompt
Asked = tuple[Question, str, str]  # question, kind, prompt


class World(NamedTuple):
    """Everything outside the algorithm."""

    student: Model
    teacher: Model  # larger, and frozen
    verdict: Callable[[Question, str], float | None]  # question, response -> reward
    boxed: Callable[[str], str | None]  # response -> final answer
    compress: Callable[[list[Candidate], int], list[str | None]]  # shorter texts; None where the answer got lost
    fallback: Callable[[Candidate], str] = lambda candidate: candidate.text  # a text for those


@dataclass(frozen=True)
class Settings:
    replay: bool = True
    bcq: bool = True
    ncq: bool = True
    group_size: int = 8  # G_S
    teacher_samples: int = 4  # G_T
    tau: float = 0.5
    rho_replay: float = 0.25
    rho_aug: float = 0.25
    buffer_size: int = 10_000
    updates: int = 4  # I
    advantage: str = "without_zero"


# ---- The rollout step ------------------------------------------------------------------------------------------------


def rollout_step(
    new: list[Question], buffer: "Buffer", world: World, settings: Settings, seed: int, step: int
) -> tuple[list[Group], list[list[tuple[Group, Rollout]]]]:
    """One pass of algorithm 1: all groups with their advantages, and the minibatches of the gradient updates."""
    s, cap = settings, share(settings.rho_aug, len(new))

    def rng(name: str) -> random.Random:
        """What is random has a name, and a generator of its own in every step."""
        return random.Random(f"{seed}/{step}/{name}")

    # 1. Plain rollouts on new questions and on some that the student failed before.
    replayed = buffer.draw(share(s.rho_replay, len(new)), rng("replay"), {q.id for q in new}) if s.replay else []
    asked = [(q, "plain", fill("plain", q)) for q in new] + [(q, "replayed", fill("plain", q)) for q in replayed]
    plain = respond(world.student, asked, s.group_size, world, rng("rollouts"))

    # 2. The hard questions go to the teacher, afresh on every visit; only its right responses are of use.
    hard = [g for g in plain if g.accuracy is not None and g.accuracy < s.tau]
    asked = [(g.question, "plain", g.prompt) for g in hard] if s.bcq else []
    teacher = respond(world.teacher, asked, s.teacher_samples, world, rng("teacher"))
    right = {g.question.id: candidates(r for r in g.rollouts if r.reward == 1) for g in teacher}

    # 3. Only the hardest of those that can be helped are. A shuffle before the (stable) sort settles ties fairly.
    able = [g for g in hard if s.ncq or (s.bcq and all(pair_of(g, right)))]
    kept = sorted(rng("ties").sample(able, len(able)), key=lambda g: g.accuracy)[:cap]

    # 4. and 5. Help means up to two more prompts, BCQ before NCQ, together no more than the cap.
    aided = respond(world.student, build(kept, cap, right, world, s, rng), s.group_size, world, rng("rollouts"))

    # 6. Who did better than the rest of its own group? Then deal the groups, whole, into equal minibatches.
    groups = plain + aided
    assign_advantages(groups, s.advantage)
    dealt = list(groups)
    rng("minibatches").shuffle(dealt)
    minibatches = [[(g, r) for g in dealt[i :: s.updates] for r in g.rollouts] for i in range(s.updates)]

    # 7. What counts for the buffer is what the student can do alone.
    if s.replay:
        buffer.refresh(plain, s.tau)
    return groups, minibatches


def share(fraction: float, count: int) -> int:
    return math.floor(Fraction(str(fraction)) * count)


def respond(model: Model, asked: list[Asked], n: int, world: World, rng: random.Random) -> list[Group]:
    """Scored groups of `n` responses."""
    texts = model([prompt for _, _, prompt in asked], n, rng.getrandbits(31)) if asked else []
    return [
        Group(q, kind, prompt, [Rollout(t, world.verdict(q, t), world.boxed(t)) for t in group])
        for (q, kind, prompt), group in zip(asked, texts, strict=True)
    ]


# ---- Help: binary (BCQ) and negative (NCQ) candidate-included questions ----------------------------------------------


def candidates(rollouts: Iterable[Rollout]) -> list[Candidate]:
    """Responses as text that can do no harm inside a prompt."""
    return [Candidate(neutralise(r.text), r.answer and neutralise(r.answer)) for r in rollouts]


def pair_of(group: Group, right: dict[str, list[Candidate]]) -> tuple[list[Candidate], list[Candidate]]:
    """The candidates that a BCQ may draw from, right and wrong. An empty one would give away that it is wrong."""
    wrong = candidates(r for r in group.rollouts if r.reward == 0)
    return [c for c in right.get(group.question.id, []) if c.text], [c for c in wrong if c.text]


def neutralise(text: str) -> str:
    """Without thinking marks and unable to open or close one of our tags (the package also breaks special tokens)."""
    text = re.sub(r"</?think>", "\n", text)
    return re.sub(r"<(?=[\s/]*(?:candidate|response|summary|hint)\b)", "&lt;", text, flags=re.IGNORECASE).strip()


def build(
    kept: list[Group],
    cap: int,
    right: dict[str, list[Candidate]],
    world: World,
    s: Settings,
    rng: Callable[[str], random.Random],
) -> list[Asked]:
    """The prompts of the kept questions: choose candidates, compress those within the cap in one call, fill in."""
    chosen = []
    for group in kept:
        good, bad = pair_of(group, right)
        if s.bcq and good and bad:
            draw = rng(f"candidates/{group.question.id}")
            pair = [draw.choice(good), draw.choice(bad)]
            draw.shuffle(pair)  # nothing tells which one is right
            chosen.append((group.question, "bcq", pair))
        if s.ncq:
            chosen.append((group.question, "ncq", candidates(r for r in group.rollouts if r.reward == 0)))

    chosen = chosen[:cap]
    short = iter(world.compress([c for _, _, cs in chosen for c in cs if c.text], rng("rewriting").getrandbits(31)))
    asked = []
    for question, kind, whole in chosen:
        texts = [next(short) if c.text else "" for c in whole]
        if kind == "bcq" and None in texts:  # then both, so that their form does not tell which is right
            texts = [None, None]
        shown = [c._replace(text=world.fallback(c) if t is None else t) for c, t in zip(whole, texts, strict=True)]
        asked.append((question, kind, fill(kind, question, shown)))
    return asked


def fill(kind: str, question: Question, shown: Sequence[Candidate] = ()) -> str:
    """The prompt, in one pass: what a question or a candidate contains is never taken for a placeholder."""
    values = {
        "question": question.text,
        "closer": WORDING["closer"],
        "candidates": "\n".join(f"<candidate>\n{c.text or '(empty response)'}\n</candidate>" for c in shown),
        "wrong_answers": ", ".join(f"\\boxed{{{a}}}" for a in distinct(shown))
        or "(none of them states a final answer)",
    }
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], WORDING[kind])


def distinct(shown: Iterable[Candidate]) -> list[str]:
    """Their final answers, each string once: spaces and full stops at the end do not make another one."""
    first: dict[str, str] = {}
    for answer in (c.answer for c in shown if c.answer):
        string = " ".join(answer.split()).rstrip(" .")
        if string:
            first.setdefault(string, answer.strip())
    return list(first.values())


# ---- Advantages ------------------------------------------------------------------------------------------------------


def assign_advantages(groups: list[Group], norm: str) -> None:
    """Reward minus group mean, divided by the spread over a batch of groups; trivial groups get 0."""
    spread_of_all = spread(groups)
    spread_of_informative = spread([g for g in groups if not g.trivial])
    for group in groups:
        sigma = {
            "without_zero": spread_of_informative + EPS,  # the method's choice
            "with_zero": spread_of_all + EPS,
            "group": spread([group]) + EPS,  # classic GRPO
            "none": 1.0,
        }[norm]
        for r in group.rollouts:
            if r.reward is not None and not group.trivial:
                r.advantage = (r.reward - group.accuracy) / sigma


def spread(groups: list[Group]) -> float:
    """Population standard deviation of the centred rewards (their mean is 0, for every group is centred)."""
    squares = [(reward - g.accuracy) ** 2 for g in groups for reward in g.scored]
    return math.sqrt(math.fsum(squares) / len(squares)) if squares else 0.0


# ---- The prompt replay buffer ----------------------------------------------------------------------------------------


@dataclass
class Buffer:
    """Hard questions, oldest first, each with the accuracies of its visits. No response is ever stored."""

    size: int
    questions: dict[str, Question] = field(default_factory=dict)
    history: dict[str, list[float]] = field(default_factory=dict)
    left: list[tuple[str, str]] = field(default_factory=list)  # (id, graduated or evicted)

    def draw(self, count: int, rng: random.Random, excluding: set[str]) -> list[Question]:
        """Uniformly `count` questions that are not among the new ones."""
        able = [question for i, question in self.questions.items() if i not in excluding]
        return rng.sample(able, min(count, len(able)))

    def refresh(self, plain: list[Group], tau: float) -> None:
        """Admit the hard, graduate the solved, then evict the oldest."""
        for group in plain:
            i, accuracy = group.question.id, group.accuracy
            if accuracy is None or (i not in self.questions and accuracy >= tau):
                continue
            if i not in self.questions:
                self.questions[i], self.history[i] = group.question, []
            self.history[i].append(accuracy)
            if accuracy >= tau:
                self.remove(i, "graduated")
        while len(self.questions) > self.size:
            self.remove(next(iter(self.questions)), "evicted")

    def remove(self, i: str, fate: str) -> None:
        del self.questions[i], self.history[i]
        self.left.append((i, fate))


# ---- A toy world -----------------------------------------------------------------------------------------------------


def toy_run(steps: int = 12, seed: int = 0) -> Buffer:
    """A student that knows half of its sums; help in the prompt makes a right answer possible, and learning sticks."""
    questions = [Question(f"q{i}", f"What is {i} + {i * i}?", str(i + i * i)) for i in range(24)]
    answer_to = {q.text: q.answer for q in questions}
    skill = {q.text: 0.9 if i % 2 else 0.0 for i, q in enumerate(questions)}

    def student(prompts: list[str], n: int, seed: int) -> list[list[str]]:
        rng, out = random.Random(seed), []
        for prompt in prompts:
            text = prompt.splitlines()[0]
            chance = max(skill[text], 0.6 if "One of these two" in prompt else 0.15 if "all wrong" in prompt else 0)
            right, wrong = f"it is \\boxed{{{answer_to[text]}}}", [f"maybe \\boxed{{{-k}}}" for k in range(1, 4)]
            out.append([right if rng.random() < chance else rng.choice(wrong) for _ in range(n)])
        return out

    def teacher(prompts: list[str], n: int, seed: int) -> list[list[str]]:
        return [[f"add them: \\boxed{{{answer_to[p.splitlines()[0]]}}}"] * n for p in prompts]

    def boxed(text: str) -> str | None:
        return (re.findall(r"\\boxed\{(.*?)\}", text) or [None])[-1]

    world = World(student, teacher, lambda q, t: float(boxed(t) == q.answer), boxed, lambda cs, _: [c.text for c in cs])
    settings = Settings(rho_replay=0.5, rho_aug=0.5)
    buffer = Buffer(settings.buffer_size)
    for step in range(steps):
        new = [questions[(step * 8 + k) % len(questions)] for k in range(8)]
        groups, minibatches = rollout_step(new, buffer, world, settings, seed, step)
        for group, rollout in (pair for minibatch in minibatches for pair in minibatch):
            text = group.question.text  # the toy's "gradient update": right answers that stand out raise the skill
            skill[text] = min(1.0, skill[text] + 0.05 * rollout.reward * rollout.advantage)
        kinds = {k: [g.accuracy for g in groups if g.kind == k] for k in ("plain", "replayed", "bcq", "ncq")}
        shown = "  ".join(f"{k} {sum(a) / len(a):.2f} ({len(a)})" for k, a in kinds.items() if a)
        graduated = sum(fate == "graduated" for _, fate in buffer.left)
        print(f"step {step:2}: accuracy {shown}  | buffer {len(buffer.questions)}, graduated so far {graduated}")
    return buffer


if __name__ == "__main__":
    toy_run()
