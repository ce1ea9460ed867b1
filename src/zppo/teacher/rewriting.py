"""Rewriting of responses by the teacher, before a prompt shows them (method section 6).

A rewriter is anything that can be called like `zppo.engines.base.Rewriter`. `compression.py` and `hints.py` make one of
`TeacherRewriting` each; `keep_whole` is the rewriter that does nothing.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from zppo.engines.base import Rewritten, TextEngine, ask_all
from zppo.types import Candidate, Group, Prompt, Question, Sampling

logger = logging.getLogger(__name__)
Ask = Callable[[Question, str], str]
"""`ask(question, response)`: the prompt that asks the teacher for a new text."""
Accept = Callable[[Question, Candidate, str], Candidate | None]
"""`accept(question, candidate, written)`: the candidate with its new text, or None if it must not be shown."""


def keep_whole(candidates: Sequence[tuple[Question, Candidate]], seed: int) -> Rewritten:
    """No rewriting."""
    return Rewritten([c for _, c in candidates])


class TeacherRewriting:
    """The teacher writes a new text for each candidate, and once more where the first one is not accepted.

    Equal texts on one question are rewritten once. The result is None where no text was accepted, where the prompt
    would exceed the teacher's context window, and where it could not be reached (`unreachable` counts these).
    """

    tries = 2

    def __init__(self, engine: TextEngine, ask: Ask, accept: Accept, sampling: Sampling) -> None:
        self._engine = engine
        self._ask = ask
        self._accept = accept
        self._sampling = sampling

    def __call__(self, candidates: Sequence[tuple[Question, Candidate]], seed: int) -> Rewritten:
        wanted = {(q.id, c.text): (q, c) for q, c in candidates}
        prompts = {key: Prompt("plain", q, self._ask(q, c.text)) for key, (q, c) in wanted.items()}
        open_ = [key for key, prompt in prompts.items() if self._engine.fits(prompt, self._sampling)]
        too_long = len(wanted) - len(open_)
        done: dict[tuple[str, str], Candidate | None] = {}
        tokens = prompt_tokens = refused = cut_off = 0
        for attempt in range(self.tries):
            groups = self._write([prompts[key] for key in open_], seed + attempt)
            tokens += sum(r.tokens for g in groups for r in g.rollouts)
            prompt_tokens += sum(g.prompt_tokens for g in groups)
            cut_off += sum(r.finish_reason == "length" for g in groups for r in g.rollouts)
            for key, group in zip(open_, groups, strict=True):
                for rollout in group.rollouts:
                    done[key] = self._accept(*wanted[key], rollout.text)
                    refused += done[key] is None
            # Not those without a reply: the engine has tried them often enough.
            open_ = [key for key in open_ if key in done and done[key] is None]
        self._warn(list(done.values()), refused, cut_off, too_long)
        unreachable = len(wanted) - len(done) - too_long
        return Rewritten([done.get((q.id, c.text)) for q, c in candidates], tokens, prompt_tokens, refused, unreachable)

    def _warn(self, written: Sequence[Candidate | None], refused: int, cut_off: int, too_long: int) -> None:
        """Warn of responses that are too long to be rewritten, and when most texts were refused: the teacher cannot do
        what it is asked.
        """
        if too_long:
            logger.warning(
                "%d responses could not be rewritten: with teacher.compression_tokens (%d) the prompts that show them "
                "exceed the teacher's context window",
                *(too_long, self._sampling.max_tokens),
            )
        failed = written.count(None)
        if 2 * failed > len(written):
            advice = (
                "; if the teacher thinks first, teacher.no_thinking_body can tell its server not to" if cut_off else ""
            )
            logger.warning(
                "%d of %d responses could not be rewritten, because what the teacher wrote for them was refused twice: "
                "of %d refused texts %d were cut off at %d tokens%s",
                *(failed, len(written), refused, cut_off, self._sampling.max_tokens, advice),
            )

    def _write(self, prompts: Sequence[Prompt], seed: int) -> list[Group]:
        return ask_all(self._engine, prompts, 1, replace(self._sampling, seed=seed))


def written_in(tag: str, text: str) -> str:
    """Content of the last `<tag>...</tag>` of `text`, or ''."""
    before, closed, _ = text.rpartition(f"</{tag}>")
    _, opened, inside = before.rpartition(f"<{tag}>")
    return inside if closed and opened else ""
