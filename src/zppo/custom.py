"""Code of the user that an option names: `FILE.py:NAME` or `PACKAGE.MODULE:NAME`.

Only that file or module is executed. A digest of its bytes is saved in a run's `config.yaml`, so that no run is resumed
with other code.
"""

import hashlib
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from zppo.errors import ConfigError, nearest

FORMS = "FILE.py:NAME or PACKAGE.MODULE:NAME"
PROGRAM = "python:"
"""Prefix of names of code in options that also take other names."""


def check_form(option: str, named: str) -> None:
    """Raises ConfigError for a value without the form of a name of code. Does not look for the file."""
    place, _, name = named.rpartition(":")
    if not place or not name.isidentifier():
        raise ConfigError(f"{option}: {named!r} names no code; write {FORMS}")


def load(option: str, named: str) -> Any:
    """The object called NAME in the file or module. Raises ConfigError naming option, place and what to do."""
    check_form(option, named)
    place, _, name = named.rpartition(":")
    path = source(option, named)
    try:
        module = _executed(path) if _is_file(place) else import_module(place)
    except (Exception, SystemExit) as error:
        raise ConfigError(f"{option}: {place} raised {type(error).__name__} when it was loaded: {error}") from error
    if not hasattr(module, name):
        public = [known for known in vars(module) if not known.startswith("_")]
        raise ConfigError(f"{option}: there is no {name!r} in {place}{nearest(name, public) if public else ''}")
    return getattr(module, name)


def load_callable(option: str, named: str) -> Any:
    """The function called NAME, as `load`. Raises ConfigError also for an object that cannot be called."""
    found = load(option, named)
    if not callable(found):
        raise ConfigError(f"{option}: {named} is {type(found).__name__}, which cannot be called; name a function")
    return found


def source(option: str, named: str) -> Path:
    """The file that holds the code. Raises ConfigError if there is none."""
    place = named.rpartition(":")[0]
    if _is_file(place):
        if not Path(place).is_file():
            raise ConfigError(f"{option}: there is no file {place}")
        return Path(place)
    try:
        found = find_spec(place)
    except (ImportError, ValueError):  # a parent package is missing
        found = None
    if found is None or not found.has_location or found.origin is None:
        raise ConfigError(f"{option}: there is no module {place!r} of Python code; a file is named FILE.py:NAME")
    return Path(found.origin)


def digest(path: Path) -> str:
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def _is_file(place: str) -> bool:
    return place.endswith(".py") or "/" in place or "\\" in place


def _executed(path: Path) -> ModuleType:
    """The file as a module, executed once per process and content; its folder is not searched for other modules."""
    code = path.read_bytes()
    mark = hashlib.sha256(bytes(path.resolve()) + b"\0" + code).hexdigest()[:16]
    name = f"zppo_custom_{mark}"
    if name not in sys.modules:
        module = ModuleType(name)
        module.__file__ = str(path)
        sys.modules[name] = module  # dataclasses look up their module
        try:
            exec(compile(code, str(path), "exec"), module.__dict__)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]
