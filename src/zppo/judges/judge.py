r"""The judge of free-form answers (`answer_type: free`): a model that compares a response with the reference answer.

It never solves. Its reply, after any thoughts, must be the JSON object `{"verdict": "correct"}` or
`{"verdict": "wrong"}` with nothing but space, or one code fence, around it and no second key. A malformed or truncated
reply means wrong. An unreachable judge means unscored, never wrong.
"""

import json
import logging
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zppo.engines.base import TextEngine, ask_all
from zppo.rewards.extraction import BOXED, Extractor
from zppo.rewards.graded import Graded, shown
from zppo.rewards.thoughts import after_thoughts, for_judge
from zppo.types import Prompt, Question, Rollout, Sampling
from zppo.zone.prompts import Templates

COUNTS = ("calls", "malformed", "cut_off", "unreachable", "tokens", "prompt_tokens")
REWARDS = {"correct": 1.0, "wrong": 0.0}
MAX_TOKENS = 512
"""Longest reply of every judge, in tokens."""
_FENCED = re.compile(r"\s*```(?:json)?\s(.*)```\s*", re.DOTALL | re.IGNORECASE)
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Case:
    """One comparison. Responses to one question that show the judge the same final answer share one case."""

    question: Question
    shown: str
    answer: str | None
    """Final answer of the text shown to the judge."""

    @property
    def key(self) -> tuple[str, str, str, bool]:
        said, whole = (self.shown, True) if self.answer is None else (self.answer, False)
        return self.question.text, self.question.answer, said, whole


class Judge:
    """Judge on an engine at temperature 0, without thoughts. The engine does the retries.

    `engine_metrics` are those of an engine that only the judge uses.
    """

    def __init__(
        self,
        engine: TextEngine,
        templates: Templates,
        max_tokens: int = MAX_TOKENS,
        engine_metrics: Callable[[], Mapping[str, float]] = dict,
    ) -> None:
        self._engine = engine
        self._templates = templates
        self._sampling = Sampling(max_tokens=max_tokens, temperature=0.0, thinking="off")
        self._counts = Counter(dict.fromkeys(COUNTS, 0))
        self._engine_metrics = engine_metrics

    def grade(
        self, questions: Sequence[Question], responses: Sequence[str], extract: Extractor = BOXED
    ) -> list[Graded]:
        """Grade whole responses; `extract` finds those that state a final answer."""
        seen = [for_judge(response, extract) for response in responses]
        cases = [_Case(q, shown, extract(shown)) for q, shown in zip(questions, seen, strict=True)]
        distinct = list({case.key: case for case in cases if case.shown}.values())
        replies = dict(zip([case.key for case in distinct], self._replies(distinct), strict=True))
        graded = {key: self._read(reply) for key, reply in replies.items()}
        _warn(list(replies.values()))
        silent = 0.0, "the response is empty"
        return [Graded(*graded.get(c.key, silent), extract(r)) for c, r in zip(cases, responses, strict=True)]

    def metrics(self) -> dict[str, float]:
        """Counts since the last call of this.

        Comparisons, malformed replies, those of them that were truncated, comparisons without a reply, tokens
        sampled and read; FLOPs, 2 N for each of these where the judge is a model of known size N; and the counts of its
        engine.
        """
        counts, self._counts = self._counts, Counter(dict.fromkeys(COUNTS, 0))
        flops = 2 * (self._engine.parameters or 0) * (counts["tokens"] + counts["prompt_tokens"])
        own = {f"judge/{name}": float(count) for name, count in counts.items()} | {"flops/judge": float(flops)}
        return own | {f"judge_{name}": value for name, value in self._engine_metrics().items()}

    def _replies(self, cases: Sequence[_Case]) -> list[Rollout | None]:
        """The judge's reply to each case; None where it was unreachable."""
        prompts = [Prompt("plain", c.question, self._templates.judge(c.question, c.shown)) for c in cases]
        groups = ask_all(self._engine, prompts, 1, self._sampling)
        replies = [group.rollouts[0] if group.rollouts else None for group in groups]
        unreachable, cut_off = replies.count(None), sum(map(_is_cut_off, replies))
        self._counts.update(calls=len(replies), unreachable=unreachable, cut_off=cut_off)
        read, sampled = sum(group.prompt_tokens for group in groups), sum(reply.tokens for reply in replies if reply)
        self._counts.update(prompt_tokens=read, tokens=sampled)
        if unreachable:
            logger.warning("the judge could not be reached: %d of %d answers are unscored", unreachable, len(replies))
        if cut_off:
            logger.warning(
                "%d of %d replies of the judge were cut off at %d tokens, which counts as wrong; if it thinks first, "
                "judge.no_thinking_body can tell its server not to (teacher.no_thinking_body for the teacher)",
                *(cut_off, len(replies), self._sampling.max_tokens),
            )
        return replies

    def _read(self, reply: Rollout | None) -> tuple[float | None, str]:
        """Reward and reason of a reply."""
        if reply is None:
            return None, "the judge could not be reached"
        verdict = None if _is_cut_off(reply) else verdict_in(after_thoughts(reply.text))
        if verdict is not None:
            return REWARDS[verdict], f"the judge says {verdict}"
        self._counts["malformed"] += 1
        cut_off = f"was cut off at {self._sampling.max_tokens} tokens"
        fault = cut_off if _is_cut_off(reply) else "is not the JSON it was asked for"
        return 0.0, f"the judge's reply {fault}, which counts as wrong: {shown(reply.text)}"


def verdict_in(reply: str) -> str | None:
    """`correct` or `wrong`; None for anything but the one JSON object asked for, in a code fence at most."""
    fenced = _FENCED.fullmatch(reply)
    try:
        # An object as the tuple of its pairs, so that a repeated key is detected.
        pairs: Any = json.loads(fenced[1] if fenced else reply, object_pairs_hook=tuple)
    except (ValueError, RecursionError):
        return None
    return next((verdict for verdict in REWARDS if pairs == (("verdict", verdict),)), None)


def _is_cut_off(reply: Rollout | None) -> bool:
    return reply is not None and reply.finish_reason == "length"


def _warn(replies: Sequence[Rollout | None]) -> None:
    """Warn of malformed replies, which count as wrong. Truncated replies are logged elsewhere."""
    whole = [after_thoughts(reply.text) for reply in replies if reply is not None and not _is_cut_off(reply)]
    bad = [text for text in whole if verdict_in(text) is None]
    if bad:
        logger.warning(
            "%d of %d replies of the judge are not the JSON it was asked for, which counts as wrong; the first: %s",
            *(len(bad), len(replies), shown(bad[0])),
        )
