"""Thoughts, the text after them, and the part of both that a judge reads (method sections 6 and 11).

Text for a judge was written by a model: it is escaped here, and is empty only if the response is.
"""

from collections.abc import Callable

from zppo.rewards.boxed import last_boxed
from zppo.zone.candidates import neutralise

_THOUGHT, _END = "<think>", "</think>"


def after_thoughts(text: str) -> str:
    """The text after the thoughts; empty if they do not end."""
    thoughts, _, rest = text.rpartition(_END)
    return "" if not thoughts and _THOUGHT in rest else rest.strip()


def visible(response: str) -> str:
    """The text after the thoughts; if there is none, the whole response, so that a judge reads its reasoning."""
    return neutralise(after_thoughts(response)) or neutralise(response)


def for_judge(response: str, extract: Callable[[str], str | None] = last_boxed) -> str:
    """The `visible` text if `extract` finds a final answer in the response, else all of it, thoughts included."""
    return visible(response) if (extract(response) or "").strip() else neutralise(response)
