"""Parsers of a judge's replies: replies -> scores. They return None for a malformed reply, which counts as wrong."""

import json
import re
from typing import Any

from zppo.judges.judge import REWARDS, verdict_in

_FENCE = re.compile(r"```(?:json)?\s*(.*?)\s*```", re.DOTALL | re.IGNORECASE)


def json_reply(reply: str) -> dict[str, Any] | None:
    """The JSON object of a reply, with or without a code fence around it; None for anything else."""
    text = reply.strip()
    fenced = _FENCE.fullmatch(text)
    try:
        # Not strict: judges quote their input with its line breaks.
        value = json.loads(fenced[1] if fenced else text, strict=False)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def field(reply: str, key: str) -> Any:
    """The value of `key` in a reply: in its JSON object, or else in lines `key: value`, which must not differ.

    None without a value.
    """
    given = json_reply(reply)
    if given is not None:
        return given.get(key)
    lines = re.findall(rf"^[\W_]*{key}[\W_]*:[ \t]*(.*)$", reply, re.MULTILINE | re.IGNORECASE)
    values = {line.strip(" \t*_`\"'.,") for line in lines}
    return values.pop() if len(values) == 1 else None


def read_verdict(reply: str) -> float | None:
    """Score of the template `answer`: `{"verdict": "correct"}` or `{"verdict": "wrong"}` and nothing else."""
    verdict = verdict_in(reply.strip())
    return None if verdict is None else REWARDS[verdict]


def read_binary(reply: str, key: str) -> float | None:
    """0 or 1 under `key`: a number, true or false, or `yes`, `no`, `correct`, `wrong` in any case."""
    value = field(reply, key)
    if isinstance(value, str):
        value = _WORDS.get(value.strip().casefold())
    return float(value) if value in (0, 1) else None


_WORDS = {"yes": 1, "no": 0, "correct": 1, "wrong": 0, "true": 1, "false": 0, "1": 1, "0": 0}
