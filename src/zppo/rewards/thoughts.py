"""Thoughts and what follows them, and what of both a judge reads (method sections 6 and 11).

What a judge is given was written by a model: it is made harmless here, and empty only if nothing was said at all.
"""

from zppo.rewards.boxed import last_boxed
from zppo.zone.candidates import harmless

_THOUGHT, _END = "<think>", "</think>"


def after_thoughts(text: str) -> str:
    """What follows the thoughts; nothing where they do not end."""
    thoughts, _, rest = text.rpartition(_END)
    return "" if not thoughts and _THOUGHT in rest else rest.strip()


def visible(response: str) -> str:
    """What follows the thoughts; where nothing does, the whole response, for a judge to look into its reasoning."""
    return harmless(after_thoughts(response)) or harmless(response)


def for_judge(response: str) -> str:
    """What is `visible`, if the response has a final answer in a box; without one all of it, thoughts included."""
    return harmless(response) if last_boxed(response) is None else visible(response)
