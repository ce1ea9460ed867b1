"""Scoring of responses (method section 11): rules first, a judge for responses that they do not decide.

`deterministic` benchmarks have rules only. Without a judge, the responses of an `exact+judge` or `rule+judge`
benchmark that the rules do not decide count as wrong, and a `bench_judge` benchmark cannot be scored.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal

from zppo.errors import ConfigError
from zppo.evals.benchmark import Benchmark, Item, Judgement
from zppo.evals.judging import Judge
from zppo.evals.replies import read_verdict
from zppo.evals.rules import unbroken
from zppo.rewards.boxed import last_boxed
from zppo.rewards.graded import shown
from zppo.rewards.thoughts import after_thoughts, for_judge
from zppo.types import Rollout

Decided = Literal["rules", "judge", "malformed", "unreachable", "open"]
"""Source of a verdict: the rules, the judge, or a malformed reply of the judge. No decision: `unreachable` (the judge
was unreachable) and `open` (there is no judge)."""
GRADERS = 4
"""Responses whose rules run in parallel: a comparison of two formulas runs in its own process."""


@dataclass(frozen=True)
class Verdict:
    """The score of one response (None: unscored) and its provenance."""

    score: float | None
    reason: str
    extracted: str | None
    by: Decided
    judge: str | None = None
    template: str | None = None
    origin: str | None = None
    """Origin of the template (`Template.origin`)."""
    reply: str | None = None
    judge_max_tokens: int | None = None
    """Maximum tokens of the reply."""
    key: str = ""
    """Digest of the item's scoring data (`key_of`), which are corrected now and then."""


class Protocols:
    def __init__(self, judge: Judge | None) -> None:
        self.judge = judge

    def check(self, benchmark: Benchmark) -> None:
        """Raise ConfigError for a benchmark that needs a judge when there is none."""
        if benchmark.protocol == "bench_judge" and self.judge is None:
            raise ConfigError(f"{benchmark.slug}: its scores are a judge's; pass --judge URL_OR_MODEL")

    def score(self, benchmark: Benchmark, answered: Sequence[tuple[Item, str]]) -> list[Verdict]:
        """One verdict for each item and its response, in order."""
        with ThreadPoolExecutor(GRADERS, "zppo-rules") as threads:
            decided = list(threads.map(lambda pair: benchmark.score(*pair), answered))
        verdicts = [Verdict(s.score, s.reason, s.extracted, "rules") if s else None for s in decided]
        open_ = [place for place, verdict in enumerate(verdicts) if verdict is None]
        judged = dict(zip(open_, self._judged(benchmark, [answered[place] for place in open_]), strict=True))
        whole = [judged[place] if verdict is None else verdict for place, verdict in enumerate(verdicts)]
        return [replace(v, key=key_of(item)) for v, (item, _) in zip(whole, answered, strict=True)]

    def holds(self, verdict: Verdict | None, item: Item) -> bool:
        """True if the verdict of an earlier run on an item is still valid.

        It is not if the gold has changed, or if it needs a judge that is available now.
        """
        if verdict is None or verdict.key != key_of(item):
            return False
        if self.judge is None or verdict.by == "rules":
            return True
        template = self.judge.templates.get(verdict.template or "")
        same = template is not None and (verdict.judge, verdict.origin) == (self.judge.model, template.origin)
        as_long = verdict.judge_max_tokens == self.judge.max_tokens
        return same and (verdict.by == "judge" or (verdict.by == "malformed" and as_long))

    def _judged(self, benchmark: Benchmark, answered: Sequence[tuple[Item, str]]) -> list[Verdict]:
        """Verdicts on responses that the rules do not decide."""
        if self.judge is None:
            reason = "left open by the rules, and there is no judge: wrong"
            return [Verdict(0.0, reason, last_boxed(response), "open") for _, response in answered]
        ask = benchmark.judgement or compare
        judgements = [ask(item, response) for item, response in answered]
        spoken = [j for j in judgements if j.values.get("response", "said")]
        replies = dict(zip(map(id, spoken), self.judge.replies(spoken), strict=True))
        return [
            _verdict(j, replies[id(j)], self.judge)
            if id(j) in replies
            else Verdict(0.0, "the response is empty", j.extracted, "rules")
            for j in judgements
        ]


def key_of(item: Item) -> str:
    """Digest of the scoring data of an item: its gold, in both forms, its options and the like, its groups."""
    said = item.gold, item.question.answer, dict(item.question.fields), dict(item.group)
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:12]


def compare(item: Item, response: str) -> Judgement:
    """The default request to a judge: is the response equivalent to the answer?"""
    values = {"question": item.question.words, "answer": item.question.answer, "response": for_judge(response)}
    return Judgement("answer", values, read_verdict, extracted=last_boxed(response))


def counts(verdicts: Sequence[Verdict]) -> Mapping[str, int]:
    """Number of verdicts by source, without zeros."""
    ways = [verdict.by for verdict in verdicts]
    return {way: ways.count(way) for way in ("rules", "judge", "malformed", "open", "unreachable") if way in ways}


def _verdict(judgement: Judgement, reply: Rollout | None, judge: Judge) -> Verdict:
    asked = judge.model, judgement.template, judge.templates[judgement.template].origin
    if reply is None:
        return Verdict(None, "the judge could not be reached", judgement.extracted, "unreachable", *asked)
    said, is_cut_off = unbroken(reply.whole), reply.finish_reason == "length"
    score = None if is_cut_off else judgement.read(after_thoughts(said))
    by: Decided = "judge"
    reason = f"the judge gives {score:g}" if score is not None else ""
    if score is None:
        fault = f"was cut off at {judge.max_tokens} tokens" if is_cut_off else "cannot be read"
        by, score, reason = "malformed", 0.0, f"the judge's reply {fault}, which counts as wrong: {shown(said)}"
    return Verdict(score, reason, judgement.extracted, by, *asked, said, judge.max_tokens)
