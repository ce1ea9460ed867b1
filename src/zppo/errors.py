"""Every error that zppo raises on purpose. Each message says what is wrong, where, and what to do about it."""

import difflib
from collections.abc import Iterable


class ZppoError(Exception):
    """Root of the tree: `except ZppoError` catches all that a user can mend."""


class ConfigError(ZppoError):
    """A recipe, an option or a combination of options that cannot work."""


class DataError(ZppoError):
    """A data file or a row of it that cannot be used."""


class EngineError(ZppoError):
    """A student engine that cannot generate."""


class TeacherError(ZppoError):
    """A teacher that cannot be used with this student or this method."""


class RewardError(ZppoError):
    """A reward function that returned something other than one number (or None) per completion."""


class CheckpointError(ZppoError):
    """A checkpoint or run directory that belongs to another run or is not complete."""


class BlindError(ZppoError):
    """A run that ended itself, after a checkpoint, because nothing could be learned (`alarms.stop_when_blind`)."""


class PoisonError(ZppoError):
    """Numbers that are not finite in a model's weights, logits or updates: going on would only spread them."""


class CompareError(ZppoError):
    """A comparison that cannot be finished: cells that failed, or that another process is running."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A suggestion for a misspelt name: `; did you mean 'replay'?`, or the list of the known names."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(known)}"
