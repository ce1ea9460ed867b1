"""An error that nobody foresaw: one line for the user, and the trace in a file for whoever mends it."""

import os
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

import zppo

VARIABLE = "ZPPO_TRACEBACK"
"""Environment variable that, if set, has traces printed instead."""
LOG = "error.log"
LONGEST = 300
"""Characters of an error's own words in the line."""


def wants_trace() -> bool:
    return bool(os.environ.get(VARIABLE))


def line_of(error: Exception, folder: Path | None) -> str:
    """The line, after the trace was added to `error.log` in `folder` or, where that cannot be, to a file of its own."""
    words = " ".join(str(error).split())[:LONGEST].encode("utf-8", "backslashreplace").decode()
    what = f"unforeseen {type(error).__name__}: {words}" if words else f"unforeseen {type(error).__name__}"
    log = _written(error, folder)
    if log is None:
        return f"{what} ({_where(error)}); its trace could be written nowhere: set {VARIABLE}=1 to see it"
    return f"{what} ({_where(error)}); this is a fault of zppo: report it with {log}, which holds the trace"


def _where(error: Exception) -> str:
    """The last place in this package that the error went through."""
    root = str(Path(zppo.__file__).parent)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(root)]
    if not frames:
        return "outside of zppo"
    return f"zppo/{Path(frames[-1].filename).relative_to(root)}:{frames[-1].lineno}"


def _written(error: Exception, folder: Path | None) -> Path | None:
    trace = "".join(traceback.format_exception(error))
    entry = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC\n{trace}\n"
    for place in (folder, None):
        try:
            return _append(entry, place)
        except OSError:  # a full disk may be the very error
            continue
    return None


def _append(entry: str, folder: Path | None) -> Path:
    if folder is None:
        descriptor, name = tempfile.mkstemp(".log", "zppo-error-", text=True)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(entry)
        return Path(name)
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / LOG
    with log.open("a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(entry)
    return log
