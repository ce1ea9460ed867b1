"""Thoughts and what follows them, and what of both a judge reads (method sections 6 and 11).

What a judge is given was written by a model: it is made harmless here, and empty only if nothing was said at all.
"""

from collections.abc import Callable

from zppo.rewards.boxed import last_boxed
from zppo.zone.candidates import harmless

_THOUGHT, _END = "<think>", "</think>"


def after_thoughts(text: str) -> str:
    """What follows the thoughts; nothing where they do not end."""
    thoughts, _, rest = text.rpartition(_END)
    return "" if not thoughts and _THOUGHT in rest else rest.strip()


def for_judge(response: str, extract: Callable[[str], str | None] = last_boxed) -> str:
    """What follows the thoughts. All of the response, thoughts included, where `extract` finds no final answer in it,
    or where nothing follows: a judge then looks for the answer in the reasoning.
    """
    shown = harmless(after_thoughts(response))
    return harmless(response) if extract(response) is None or not shown else shown
