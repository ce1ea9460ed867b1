"""Replies of servers: the JSON of a chat completion -> rollouts. A malformed reply is never guessed at."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zppo.types import Rollout

BROKEN_OFF = (None, "", "content_filter", "abort", "error")
"""Finish reasons of a choice that is not what the model would have said; without one it is not finished."""
FINISHED = ("stop", "eos", "eos_token", "end_turn", "stop_sequence", "stop_token", "complete", "completed", "finished")
"""Finish reasons of a model that has ended its response by itself. With any other one it was cut off."""
MOST_TOKENS = 10**9
"""Largest number of tokens of one call that is believed."""
THOUGHTS = ("thinking", "reasoning")
"""Types of content parts, and the keys under which these hold what was thought."""
_OPEN, _CLOSE = "<think>", "</think>"


class Malformed(ValueError):
    """A reply that is no chat completion, or holds no response."""


@dataclass(frozen=True)
class Reply:
    """The responses of one call, possibly fewer than were asked for; `choices` and `tokens` count unusable ones too.

    An empty one is `refused` if every server refused the call.
    """

    rollouts: list[Rollout] = field(default_factory=list)
    choices: int = 0
    prompt_tokens: int = 0
    tokens: int = 0
    refused: bool = False


def decoded(body: bytes) -> Any:
    """The JSON of a body. Raises Malformed for anything else, nested too deeply to be read included."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the reply is no JSON: {error}") from None


def error_in(data: Any) -> Any:
    """The error object, or text, of a reply without choices; None in any other."""
    return data.get("error") if isinstance(data, Mapping) and not data.get("choices") else None


def read_reply(data: Any, n: int) -> Reply:
    """At most `n` responses from a decoded chat completion. Raises Malformed when there is none."""
    choices = data.get("choices") if isinstance(data, Mapping) else None
    if not isinstance(choices, list) or not choices:
        raise Malformed("the reply has no choices")
    usage = data.get("usage")
    tokens = _count(usage, "completion_tokens")
    shares = _shares(tokens, len(choices))
    read = [_rollout(choice, tokens) for choice, tokens in zip(choices, shares, strict=True)]
    rollouts = [rollout for rollout in read if rollout is not None]
    if not rollouts:
        raise Malformed("the reply has no choice with a response")
    return Reply(rollouts[:n], len(choices), _count(usage, "prompt_tokens"), tokens)


def _rollout(choice: Any, tokens: int) -> Rollout | None:
    message = choice.get("message") if isinstance(choice, Mapping) else None
    reason = choice.get("finish_reason") if isinstance(choice, Mapping) else None
    reason = reason.lower() if isinstance(reason, str) else reason
    if not isinstance(message, Mapping) or reason in BROKEN_OFF:
        return None
    finished = reason in FINISHED
    text = _text(message, finished)
    if text is None:
        return None
    return Rollout(_token_ids(choice.get("token_ids")), text, "stop" if finished else "length", reported_tokens=tokens)


def _text(message: Mapping[str, Any], finished: bool) -> str | None:
    """The whole response: servers with a reasoning parser split it in two. None where there is no text at all, and
    where a response has ended in its thoughts.
    """
    content, thought = _joined(message.get("content"))
    split_off = [message.get(name) for name in ("reasoning_content", "reasoning")]
    thought = next((str(each) for each in split_off if _said(each)), thought)
    if not thought:
        return None if content is None else _readable(content)
    if not _said(content):
        return None if finished else _readable(f"{_OPEN}{thought}")
    repeats = _CLOSE in content or content.lstrip().startswith(_OPEN)
    return _readable(content if repeats else f"{_OPEN}{thought}{_CLOSE}{content}")


def _joined(content: Any) -> tuple[Any, str]:
    """Text and thoughts of a content: a text, or a list of parts. No text in a part of another kind, or without any."""
    if not isinstance(content, list):
        return content if isinstance(content, str) else None, ""
    texts, thoughts = [], []
    for part in content:
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind in THOUGHTS:
            thoughts.append(_joined(part.get(kind, part.get("text")))[0])
        else:
            texts.append(part.get("text") if kind == "text" else part)
    whole = all(isinstance(piece, str) for piece in texts + thoughts)
    return ("".join(texts) if texts else None, "".join(thoughts)) if whole else (None, "")


def _said(text: Any) -> bool:
    return isinstance(text, str) and bool(text.strip())


def _readable(text: str) -> str:
    """Halves of surrogate pairs, which JSON can spell and no file can hold, become replacement characters."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _token_ids(ids: Any) -> list[int]:
    return list(ids) if isinstance(ids, list) and all(type(i) is int and 0 <= i < MOST_TOKENS for i in ids) else []


def _count(usage: Any, name: str) -> int:
    """0 where the server does not say. Raises Malformed for what no number of tokens can be."""
    count = usage.get(name) if isinstance(usage, Mapping) else None
    if type(count) is not int:
        return 0
    if not 0 <= count <= MOST_TOKENS:
        raise Malformed(f"the reply counts an impossible number of {name}")
    return count


def _shares(total: int, parts: int) -> list[int]:
    """Servers count the tokens of all choices together; the shares add up to `total`."""
    return [total // parts + (i < total % parts) for i in range(parts)]
