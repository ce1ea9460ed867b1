"""What stands between a response and the prompt that shows it: the teacher writes it anew (method section 6).

A rewriter is anything that can be called like `zppo.engines.base.Rewriter`. `compression.py` and `hints.py` make one of
`TeacherRewriting` each; `keep_whole` is the rewriter that does nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from zppo.engines.base import Generator, Rewritten
from zppo.types import Candidate, Prompt, Question, Sampling

Ask = Callable[[Question, str], str]
"""`ask(question, response)`: the prompt that asks the teacher for a new text."""
Accept = Callable[[Question, Candidate, str], Candidate | None]
"""`accept(question, candidate, written)`: the candidate with its new text, or None if it must not be shown."""


def keep_whole(candidates: Sequence[tuple[Question, Candidate]], seed: int) -> Rewritten:
    """No rewriting."""
    return Rewritten([c for _, c in candidates])


class TeacherRewriting:
    """The teacher writes a new text for each candidate, and once more where the first one is not accepted.

    Equal texts on one question are rewritten once.
    """

    tries = 2

    def __init__(self, engine: Generator, ask: Ask, accept: Accept, sampling: Sampling) -> None:
        self._engine = engine
        self._ask = ask
        self._accept = accept
        self._sampling = sampling

    def __call__(self, candidates: Sequence[tuple[Question, Candidate]], seed: int) -> Rewritten:
        done: dict[tuple[str, str], Candidate] = {}
        tokens = prompt_tokens = 0
        for attempt in range(self.tries):
            open_ = {(q.id, c.text): (q, c) for q, c in candidates if (q.id, c.text) not in done}
            if not open_:
                break
            prompts = [Prompt("plain", q, self._ask(q, c.text)) for q, c in open_.values()]
            groups = self._engine.generate(prompts, 1, replace(self._sampling, seed=seed + attempt))
            tokens += sum(r.tokens for g in groups for r in g.rollouts)
            prompt_tokens += sum(g.prompt_tokens for g in groups)
            for key, (question, candidate), group in zip(open_, open_.values(), groups, strict=True):
                for rollout in group.rollouts:  # none if the teacher's answer never came
                    accepted = self._accept(question, candidate, rollout.text)
                    if accepted is not None:
                        done[key] = accepted
        return Rewritten([done.get((q.id, c.text)) for q, c in candidates], tokens, prompt_tokens)


def written_in(tag: str, text: str) -> str:
    """What the last `<tag>...</tag>` of `text` holds, or ''."""
    before, closed, _ = text.rpartition(f"</{tag}>")
    _, opened, inside = before.rpartition(f"<{tag}>")
    return inside if closed and opened else ""
