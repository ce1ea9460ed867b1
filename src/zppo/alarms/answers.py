"""Alarms about single responses: without a final answer, cut off, unscored, or judged without a readable verdict."""

from collections.abc import Sequence
from typing import ClassVar

from zppo.alarms.seen import Seen, holds_answer, percent, quoted
from zppo.types import Rollout

LEAST_ANSWERED = 0.05
"""Below this share of responses with an answer, a group of 8 holds one with a chance of one in three."""
MOST_CUT_OFF = 0.1
"""Above this share the limit decides as much about the rewards as training may change in them."""
MOST_UNSCORED = 0.1
"""Servers fail now and then; above this share groups are smaller than requested."""
MOST_MALFORMED = 0.1
"""A judge fails now and then; above this share it does not follow the format, and right responses count as wrong."""
ENDINGS = 3


class NoAnswers:
    """Hardly any response of the student has a final answer: its rewards are zero whatever the reasoning."""

    name: ClassVar[str] = "no_answers"

    def observe(self, seen: Seen) -> str:
        scored = [r for r in seen.rollouts if r.reward is not None]
        without = [r for r in scored if not holds_answer(r)]
        answered = len(scored) - len(without)
        if not scored or answered >= LEAST_ANSWERED * len(scored):
            return ""
        how_many = f"{answered} of {len(scored)} responses ({percent(answered, len(scored))})" if answered else ""
        return (
            f"{how_many or f'not one of {len(scored)} responses'} of the student holds a final answer, and a response "
            f"without one is wrong whatever it says; they end like this: {_endings(without)}. {_remedy(seen, without)}"
        )


class CutOff:
    """Many responses are cut off at the limit."""

    name: ClassVar[str] = "cut_off"

    def observe(self, seen: Seen) -> str:
        cut = [r for r in seen.rollouts if r.finish_reason == "length"]
        if len(cut) <= MOST_CUT_OFF * len(seen.rollouts):
            return ""
        lacking, limit = sum(not r.answer for r in cut), seen.options.sampling.max_tokens
        return (
            f"{len(cut)} of {len(seen.rollouts)} responses ({percent(len(cut), len(seen.rollouts))}) were cut off at "
            f"sampling.max_tokens ({limit}); {percent(lacking, len(cut))} of these hold no final answer. Raise "
            "sampling.max_tokens, or ask for shorter responses (closer.txt, or sampling.thinking: off where the chat "
            "template has such a switch)"
        )


class Unscored:
    """Many responses are unscored: the judge, the grader or a reward function gave no verdict."""

    name: ClassVar[str] = "unscored"

    def observe(self, seen: Seen) -> str:
        unscored = sum(r.reward is None for r in seen.rollouts)
        if unscored <= MOST_UNSCORED * len(seen.rollouts):
            return ""
        causes = [
            f"{seen.metrics[key]:.0f} times {cause}" for key, cause in _CAUSES.items() if seen.metrics.get(key, 0)
        ]
        return (
            f"{unscored} of {len(seen.rollouts)} rollouts ({percent(unscored, len(seen.rollouts))}) are unscored and "
            f"teach nothing: {'; '.join(causes) or _NO_CAUSE}"
        )


class MalformedVerdicts:
    """Many replies of the judge are not verdicts, and their responses count as wrong."""

    name: ClassVar[str] = "malformed_verdicts"

    def observe(self, seen: Seen) -> str:
        calls, malformed = (seen.metrics.get(f"judge/{name}", 0) for name in ("calls", "malformed"))
        if malformed <= MOST_MALFORMED * calls:
            return ""
        return (
            f"{malformed:.0f} of {calls:.0f} replies of the judge ({percent(malformed, calls)}; {_cut_off(seen)}) are "
            "not the JSON it was asked for, and the responses they are about count as wrong. Take a judge that follows "
            "the form (judge.model), tell its server not to think (judge.no_thinking_body), or say it in other words "
            "(judge.txt in a folder given as prompts.templates)"
        )


def _cut_off(seen: Seen) -> str:
    return f"{seen.metrics.get('judge/cut_off', 0):.0f} of these were cut off"


_CAUSES = {
    "judge/unreachable": "the judge could not be reached (see that judge.endpoint answers; judge.tries, judge.timeout)",
    "grader/timeouts": "a comparison took too long and was killed (look at the answers in rollouts/ with zppo grade)",
    "grader/crashes": "the grader died (see that memory is free; look at the answers in rollouts/ with zppo grade)",
}
"""Remedies for comparisons without a verdict, by the metric that counts them."""
_NO_CAUSE = (
    "neither judge nor grader failed, so a reward function returned None for them, or free-form answers have no judge "
    "(give a number for every completion, or set judge.model)"
)


def _endings(rollouts: Sequence[Rollout]) -> str:
    different = list(dict.fromkeys(quoted(r.text.rstrip(), end=True) for r in rollouts))
    return ", ".join(different[:ENDINGS])


def _remedy(seen: Seen, without: Sequence[Rollout]) -> str:
    cut = sum(r.finish_reason == "length" for r in without)
    other = (
        r"Ask for \boxed{} in words that this model follows (closer.txt in a folder given as prompts.templates), or "
        "read answers without a box too (rewards.extract: [boxed, last_number])"
    )
    if 2 * cut < len(without):
        return other
    return (
        f"{cut} of the {len(without)} without an answer were cut off: raise sampling.max_tokens "
        f"({seen.options.sampling.max_tokens}), or ask for shorter responses. If that is not it: {other}"
    )
