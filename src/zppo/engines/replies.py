"""What a server said: the JSON of a chat completion -> rollouts. A reply that cannot be read is never guessed at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zppo.types import Rollout

BROKEN_OFF = (None, "content_filter", "abort", "error")
"""Finish reasons of a choice that is not what the model would have said; without one it is not finished."""


class Malformed(ValueError):
    """A reply that is no chat completion, or holds no response."""


@dataclass(frozen=True)
class Reply:
    """The responses of one call, possibly fewer than were asked for; `choices` and `tokens` count unusable ones too."""

    rollouts: list[Rollout] = field(default_factory=list)
    choices: int = 0
    prompt_tokens: int = 0
    tokens: int = 0


def read_reply(data: Any, n: int) -> Reply:
    """At most `n` responses from a decoded chat completion. Raises Malformed when there is none."""
    choices = data.get("choices") if isinstance(data, Mapping) else None
    if not isinstance(choices, list) or not choices:
        raise Malformed("no choices")
    usage = data.get("usage")
    tokens = _count(usage, "completion_tokens")
    shares = _shares(tokens, len(choices))
    read = [_rollout(choice, tokens) for choice, tokens in zip(choices, shares, strict=True)]
    rollouts = [rollout for rollout in read if rollout is not None]
    if not rollouts:
        raise Malformed("no choice with a text")
    return Reply(rollouts[:n], len(choices), _count(usage, "prompt_tokens"), tokens)


def _rollout(choice: Any, tokens: int) -> Rollout | None:
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(message, Mapping) or choice.get("finish_reason") in BROKEN_OFF:
        return None
    text = _text(message)
    if text is None:
        return None
    ids = choice.get("token_ids")
    return Rollout(
        list(ids) if isinstance(ids, list) else [],
        text,
        "length" if choice.get("finish_reason") == "length" else "stop",
        reported_tokens=tokens,
    )


def _text(message: Mapping[str, Any]) -> str | None:
    """The whole response: servers with a reasoning parser split it in two. None where there is no text at all."""
    content = message.get("content")
    thought = message.get("reasoning_content") or message.get("reasoning")
    if not isinstance(thought, str):
        return content if isinstance(content, str) else None
    return f"<think>{thought}</think>{content}" if content else f"<think>{thought}"


def _count(usage: Any, name: str) -> int:
    count = usage.get(name) if isinstance(usage, Mapping) else None
    return count if isinstance(count, int) else 0


def _shares(total: int, parts: int) -> list[int]:
    """Servers count the tokens of all choices together; the shares add up to `total`."""
    return [total // parts + (i < total % parts) for i in range(parts)]
