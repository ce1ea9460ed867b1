"""Under which name to ask servers for their model: the one that is wanted, or the only one there is.

What a server lists is not all that it serves, nor is it always served: `transformers serve DIR` lists whatever lies in
the Hub's cache. A wanted name that is not listed is therefore tried.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from zppo.engines.servers import Servers
from zppo.errors import EngineError

Listed = Mapping[str, list[str] | None]
"""Names by URL; None where there is no list."""


async def served_name(servers: Servers, wanted: str | None, request: Callable[[str], Mapping[str, Any]]) -> str:
    """The name that all servers that answer go by. `request(name)` is a short call, made where `wanted` is not listed.

    Raises EngineError when no server answers, when one wants another key, or when the name is not clear.
    """
    listed = await servers.models()
    names = sorted({name for each in listed.values() for name in each or ()})
    if wanted is not None:
        refused = await _refused(servers, wanted, listed, request)
        if not refused:
            return wanted
        if len(names) != 1 or len(refused) < len(listed):
            raise _unknown(wanted, listed, refused)
    elif len(names) != 1:
        what = ", ".join(names) or "not listed"
        raise EngineError(f"{', '.join(listed)}: name one of the models served there: {what}")
    return names[0]


async def _refused(
    servers: Servers, wanted: str, listed: Listed, request: Callable[[str], Mapping[str, Any]]
) -> dict[str, EngineError]:
    """Refusals of the servers that neither list `wanted` nor accept it, by URL."""
    silent = [url for url, names in listed.items() if names is not None and wanted not in names]
    said = await asyncio.gather(*(servers.refusal_of(url, request(wanted)) for url in silent))
    return {url: refusal for url, refusal in zip(silent, said, strict=True) if refusal is not None}


def _unknown(wanted: str, listed: Listed, refused: Mapping[str, EngineError]) -> EngineError:
    url, said = next(iter(refused.items()))
    names = ", ".join(listed[url] or ()) or "none"
    which = f"; leave {url} out, or" if len(refused) < len(listed) else ";"
    return EngineError(f"{url} does not serve {wanted!r}{which} name one of those listed there: {names} ({said})")
