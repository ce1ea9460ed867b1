r"""The judge of free-form answers (`answer_type: free`): a model that compares a response with the reference answer.

It never solves. Its reply, after any thoughts, must be the JSON object `{"verdict": "correct"}` or
`{"verdict": "wrong"}` with nothing but space around it (no code fence, no second key); a malformed reply means wrong. A
judge that cannot be reached means unscored, never wrong.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from zppo.rewards.boxed import last_boxed
from zppo.rewards.graded import Graded, shown
from zppo.types import Group, Prompt, Question, Sampling
from zppo.zone.candidates import harmless
from zppo.zone.prompts import Templates

NO_JUDGE = "a free-form answer needs a judge, and there is none"
REWARDS = {"correct": 1.0, "wrong": 0.0}
_THOUGHT, _END = "<think>", "</think>"


class JudgeEngine(Protocol):
    """The part of an engine that a judge needs. A group without rollouts means that nobody could be reached."""

    def generate(self, prompts: Sequence[Prompt], n: int, sampling: Sampling) -> list[Group]: ...


@dataclass(frozen=True)
class _Case:
    """One comparison. Responses to one question with one final answer are one case."""

    question: Question
    shown: str
    answer: str | None

    @property
    def key(self) -> tuple[str, str, str, bool]:
        final = self.shown if self.answer is None else self.answer
        return self.question.text, self.question.answer, final, self.answer is None


class Judge:
    """Asks the engine at temperature 0, up to `tries` times while it cannot be reached."""

    def __init__(self, engine: JudgeEngine, templates: Templates, max_tokens: int = 512, tries: int = 3) -> None:
        self._engine = engine
        self._templates = templates
        self._sampling = Sampling(max_tokens=max_tokens, temperature=0.0)
        self._tries = tries
        self._counts = dict.fromkeys(("calls", "malformed", "unreachable", "tokens", "prompt_tokens"), 0)

    def check(self, question: Question) -> None:
        """Any reference answer can be shown to a judge."""

    def grade(self, questions: Sequence[Question], responses: Sequence[str]) -> list[Graded]:
        cases = [self._case(q, response) for q, response in zip(questions, responses, strict=True)]
        distinct = list({case.key: case for case in cases if case.shown}.values())
        replies = dict(zip([case.key for case in distinct], self._replies(distinct), strict=True))
        graded = {key: self._read(reply) for key, reply in replies.items()}
        silent = 0.0, "nothing follows the thoughts of the response"
        return [Graded(*graded.get(case.key, silent), case.answer) for case in cases]

    def metrics(self) -> dict[str, float]:
        """Counts since the last call of this.

        Comparisons asked for, malformed replies, comparisons without a reply, tokens sampled and read; and FLOPs, 2 N
        for each of these where the judge is a model of known size N.
        """
        counts, self._counts = self._counts, dict.fromkeys(self._counts, 0)
        flops = 2 * getattr(self._engine, "parameters", 0) * (counts["tokens"] + counts["prompt_tokens"])
        return {f"judge/{name}": float(count) for name, count in counts.items()} | {"flops/judge": float(flops)}

    def _case(self, question: Question, response: str) -> _Case:
        visible = _after_thinking(response)
        return _Case(question, harmless(visible), last_boxed(visible))

    def _replies(self, cases: Sequence[_Case]) -> list[str | None]:
        """What the judge says to each case; None where it could not be reached."""
        prompts = [Prompt("plain", c.question, self._templates.judge(c.question, c.shown)) for c in cases]
        replies: list[str | None] = [None] * len(cases)
        for _ in range(self._tries):
            open_ = [i for i, reply in enumerate(replies) if reply is None]
            if not open_:
                break
            groups = self._engine.generate([prompts[i] for i in open_], 1, self._sampling)
            for i, group in zip(open_, groups, strict=True):
                replies[i] = group.rollouts[0].text if group.rollouts else None
                self._counts["tokens"] += sum(rollout.tokens for rollout in group.rollouts)
                self._counts["prompt_tokens"] += group.prompt_tokens
        self._counts["calls"] += len(cases)
        self._counts["unreachable"] += replies.count(None)
        return replies

    def _read(self, reply: str | None) -> tuple[float | None, str]:
        """Reward and reason."""
        if reply is None:
            return None, f"the judge could not be reached in {self._tries} tries"
        verdict = verdict_in(_after_thinking(reply))
        if verdict is None:
            self._counts["malformed"] += 1
            return 0.0, f"the judge's reply is not the JSON it was asked for, which counts as wrong: {shown(reply)}"
        return REWARDS[verdict], f"the judge says {verdict}"


class NoJudge:
    """Leaves every free-form answer unscored."""

    def check(self, question: Question) -> None: ...

    def grade(self, questions: Sequence[Question], responses: Sequence[str]) -> list[Graded]:
        return [Graded(None, NO_JUDGE, last_boxed(response)) for response in responses]


def verdict_in(reply: str) -> str | None:
    """`correct` or `wrong`; None for anything but the one JSON object asked for."""
    try:
        # An object as the tuple of its pairs, so that a key given twice does not go unseen.
        pairs: Any = json.loads(reply, object_pairs_hook=tuple)
    except (ValueError, RecursionError):
        return None
    return next((verdict for verdict in REWARDS if pairs == (("verdict", verdict),)), None)


def _after_thinking(text: str) -> str:
    """What follows the thoughts; nothing when they do not end."""
    thoughts, _, rest = text.rpartition(_END)
    return "" if not thoughts and _THOUGHT in rest else rest
