"""The beginning of every response that a chat template writes itself: templates of models that think open it with
`<think>`, which is then no part of what is sampled."""

import asyncio
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # not everybody has it
    import openai

THOUGHT = "<think>"
_OPENING = re.compile(rf"{THOUGHT}\s*\Z")
DEADLINE = 40.0
"""Seconds for a server to tell its opening in, all tries together."""
ENOUGH = 8
"""Tokens at the end of a prompt, which surely hold the mark if there is one."""


def opening_of(rendered: str) -> str:
    """`<think>`, with the space behind it, if a rendered prompt, up to the response, ends in it; else nothing."""
    found = _OPENING.search(rendered)
    return found[0] if found else ""


async def served_opening(client: "openai.AsyncOpenAI", model: str, fields: Mapping[str, Any]) -> str:
    """The same of the template of a server, which `fields` of a request may switch (`chat_template_kwargs`).

    Nothing for a server that cannot tell: only vLLM can (`/tokenize`).
    """
    import openai

    async def ask(path: str, **body: Any) -> Any:
        url = f"{str(client.base_url).rstrip('/').removesuffix('/v1')}{path}"
        body = {"model": model, **body}
        return await client.with_options(max_retries=3, timeout=10.0).post(url, cast_to=object, body=body)

    switches = {name: value for name, value in fields.items() if name == "chat_template_kwargs"}
    try:
        async with asyncio.timeout(DEADLINE):
            read = await ask("/tokenize", messages=[{"role": "user", "content": "Say yes."}], **switches)
            return opening_of((await ask("/detokenize", tokens=read["tokens"][-ENOUGH:]))["prompt"])
    except (openai.OpenAIError, TimeoutError, ValueError, RecursionError, TypeError, KeyError, AttributeError):
        return ""
