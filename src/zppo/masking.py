"""What is never written down: tokens, keys and passwords of options, and what a URL carries beside its place.

Standard library only. Everything that a run writes of its options goes through `masked`, every URL that it shows
through `masked_url`.
"""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

MASK = "***"
"""Stands in the place of a secret."""
_SECRET = re.compile(
    r"(?:.*[_-])?(?:token|pass(?:word|wd|phrase)?|secret|authorization|credentials?|(?:api|access|private|secret)[_-]?key)",
    re.IGNORECASE,
)
"""Names of options whose values are secrets; `max_tokens` and `api_key_env` are none."""
_URL = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)(?P<rest>[^\s\"'<>]*)", re.IGNORECASE)


def masked(value: Any, name: str = "") -> Any:
    """A copy of an option's value, or of a whole config, without secrets: mappings, sequences and sections too."""
    if isinstance(value, Mapping):
        return {key: masked(each, str(key)) for key, each in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        changed = {f.name: masked(getattr(value, f.name), f.name) for f in fields(value) if f.init}
        return replace(value, **{key: each for key, each in changed.items() if each != getattr(value, key)})
    if isinstance(value, list | tuple) and type(value) in (list, tuple):
        return type(value)(masked(each, name) for each in value)
    if _SECRET.fullmatch(name) and value:
        return MASK
    return masked_urls(value) if type(value) is str else value


def masked_options(config: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Names of the options of a config that was read back whose values are not kept in it, such as
    `training.hub_token`."""
    names: list[str] = []
    for key, value in config.items():
        if isinstance(value, Mapping):
            names += masked_options(value, f"{prefix}{key}.")
        elif MASK in str(value):
            names.append(f"{prefix}{key}")
    return names


def masked_urls(text: str) -> str:
    """`text` with every URL in it without user, password, query and fragment."""
    return _URL.sub(lambda url: _bare(url["scheme"], url["rest"]), text)


def masked_url(url: str) -> str:
    """A URL, whatever characters it holds, without user, password, query and fragment."""
    scheme, mark, rest = url.partition("://")
    return _bare(f"{scheme}{mark}", rest) if mark else url


def _bare(scheme: str, rest: str) -> str:
    place, cut = rest, ""
    for mark in "?#":
        place, found, _ = place.partition(mark)
        cut = f"{found}{MASK}" if found else cut
    host, slash, path = place.partition("/")
    _, at, host = host.rpartition("@")
    return f"{scheme}{f'{MASK}@' if at else ''}{host}{slash}{path}{cut}"
