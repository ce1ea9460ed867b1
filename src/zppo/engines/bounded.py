"""An HTTP client for which no reply is endless: what is longer than a whole group of responses could be is given up."""

from typing import Any

import openai

from zppo.engines.replies import Malformed

LONGEST_REPLY = 64 * 2**20
"""Bytes, as they are after unpacking. The longest responses of a group are a tenth of it."""
_AS_SENT = ("content-encoding", "content-length", "transfer-encoding")
"""Headers about a body as it travelled, which are not true of what was read."""


class BoundedClient(openai.DefaultAsyncHttpxClient):
    """Reads every body whole, be it of an answer or of an error. Raises Malformed for one that is too long."""

    async def send(self, request: Any, *, stream: bool = False, **options: Any) -> Any:
        response = await super().send(request, stream=True, **options)
        try:
            body = await _read(response)
        finally:
            await response.aclose()
        headers = [(name, value) for name, value in response.headers.multi_items() if name.lower() not in _AS_SENT]
        return type(response)(response.status_code, headers=headers, content=body, request=response.request)


async def _read(response: Any) -> bytes:
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > LONGEST_REPLY:
            raise Malformed(f"the reply is longer than {LONGEST_REPLY} bytes")
    return bytes(body)
