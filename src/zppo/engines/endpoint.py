"""A `TextEngine` behind the OpenAI API, for teachers and judges: no server gives what a gradient needs.

A call that fails is tried again (`servers.py`). What never came is missing from its group: there are fewer rollouts,
and `endpoint/failed` counts them. Media go along with the text (`models/messages.py`).

What a request does not say is up to the server. vLLM fills in from the checkpoint's `generation_config.json` (a top-k
of 20, say) unless it is started with `--generation-config vllm`.
"""

import asyncio
import importlib.util
import os
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from zppo.config import EndpointConfig
from zppo.engines.base import Priority, refuse_logprobs
from zppo.engines.replies import Reply
from zppo.engines.silence import hello
from zppo.errors import EngineError
from zppo.loop import BackgroundLoop, cancel_others
from zppo.models.messages import as_images, messages_of
from zppo.types import THINKING, Group, Prompt, Sampling, Thinking
from zppo.zone.streams import request_seed

if TYPE_CHECKING:  # imports openai, which not everybody has
    from zppo.engines.servers import Servers


class EndpointEngine:
    """Asks the servers of `config` for responses, many at once, from a thread of its own.

    `model` is the served name that is used. May be used from several threads, and in a forked child.
    """

    parameters = None
    works_ahead = True

    def __init__(self, config: EndpointConfig) -> None:
        """Makes no call. Raises EngineError when the client is not installed."""
        if importlib.util.find_spec("openai") is None:
            raise EngineError("an endpoint is asked through the openai package; pip install 'zppo[endpoint]'")
        from zppo.engines.servers import COUNTS

        self.config = config
        self.model = config.model or ""
        self._openings: dict[Thinking, str] = dict.fromkeys(THINKING, "")
        self._counts = dict.fromkeys(COUNTS, 0)
        self._reported = dict(self._counts)
        self._pid, self._lock = os.getpid(), threading.Lock()
        self._loop: BackgroundLoop | None = None
        self._servers: Servers

    def check(self) -> None:
        """Ask every URL for its models and settle on `model`; ask what its chat template writes of a response.

        Raises EngineError when no server answers, when one wants another key, or when the model is not clear.
        """
        from zppo.engines.served import served_name

        further = self.config.further_fields("off")
        short_call = partial(hello, length_field=self.config.length_field, extra_body=further)
        loop, servers = self._live()
        self.model = loop.wait_for(served_name(servers, self.config.model, short_call))
        for thinking in THINKING:
            fields = self.config.further_fields(thinking)
            self._openings[thinking] = loop.wait_for(servers.opening(self.model, fields))

    def submit(self, prompt: Prompt, n: int, sampling: Sampling, priority: Priority | None = None) -> Future[Group]:
        """The group of `prompt`, with at most `n` rollouts, when it is there. Returns at once.

        The future raises EngineError when a server refuses the call (a wrong key, model or option), and DataError for
        media that cannot be sent.
        """
        refuse_logprobs(sampling)
        if not self.model:
            raise EngineError(
                f"it is not known what {', '.join(self.config.urls)} serve; name the model or call check()"
            )
        if prompt.prefix is not None:
            raise EngineError(f"the prompt {prompt.uid} begins the response, which a chat endpoint cannot go on with")
        loop, servers = self._live()
        return loop.submit(self._group(servers, prompt, n, sampling, priority or Priority()))

    def fits(self, prompt: Prompt, sampling: Sampling) -> bool:
        """A server says itself what is too long for it."""
        return True

    def metrics(self) -> dict[str, float]:
        """Counts since the last call of this, over all servers.

        Tokens are what a server is paid for: a prompt once per call, responses whether anybody uses them or not.
        """
        counts = dict(self._counts)
        new = {name: counts[name] - self._reported[name] for name in counts}
        self._reported = counts
        cost = self.config.cost(new["prompt_tokens"], new["tokens"])
        return {f"endpoint/{name}": float(value) for name, value in (new | {"cost": cost}).items()}

    def close(self) -> None:
        """Drop what is under way and close the connections. A later call opens new ones."""
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None and loop.alive:
            loop.wait_for(_wind_up(self._servers))
            loop.stop()

    def _live(self) -> tuple[BackgroundLoop, "Servers"]:
        """The loop and the clients of this process, made when first needed."""
        from zppo.engines.servers import Servers

        if self._pid != os.getpid():  # in a forked child the lock may be held for ever
            self._pid, self._lock = os.getpid(), threading.Lock()
        with self._lock:
            if self._loop is None or not self._loop.alive:
                self._loop = BackgroundLoop("zppo-endpoint")
                self._servers = Servers(self.config, self._counts)
            return self._loop, self._servers

    async def _group(self, servers: "Servers", prompt: Prompt, n: int, sampling: Sampling, priority: Priority) -> Group:
        """One call for all; what does not come with it, one by one: many servers ignore `n`.

        A prompt that was answered is not what a server refuses afterwards: such a call is made once more.
        """

        about = f"question {prompt.question.id!r}"

        async def ask(index: int, count: int) -> Reply:
            return await servers.ask(partial(self._request, prompt, sampling, index), count, priority, about)

        replies = [] if servers.ignore_n else [await ask(0, n)]
        came = sum(len(reply.rollouts) for reply in replies)
        if came or not replies:
            single = await asyncio.gather(*(ask(index, 1) for index in range(came, n)))
            replies += single
            refused = [index for index, reply in enumerate(single, start=came) if reply.refused]
            if any(reply.rollouts for reply in replies):
                replies += await asyncio.gather(*(ask(index, 1) for index in refused))
        opening = self._openings[sampling.thinking]
        rollouts = [replace(rollout, opened=opening) for reply in replies for rollout in reply.rollouts]
        self._counts["failed"] += n - len(rollouts)
        return Group(prompt, rollouts, reported_prompt_tokens=max(reply.prompt_tokens for reply in replies))

    async def _request(self, prompt: Prompt, sampling: Sampling, index: int) -> Mapping[str, Any]:
        """Body of a request for the responses from number `index` on.

        Made when a call is about to begin, so that no more media are held than calls are under way.
        """
        make = partial(messages_of, prompt, as_images)
        messages = await asyncio.to_thread(make) if prompt.media else make()
        return {
            "model": self.model,
            "messages": messages,
            self.config.length_field: sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": request_seed(sampling.seed, prompt.uid, prompt.text, index),
            **self._further(sampling),
        }

    def _further(self, sampling: Sampling) -> dict[str, Any]:
        """The options that are not neutral, and the fields of the config.

        All but the presence penalty goes beyond the OpenAI API (vLLM, SGLang).
        """
        neutral = {"top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0}
        extra = {name: getattr(sampling, name) for name, value in neutral.items() if getattr(sampling, name) != value}
        extra |= self.config.further_fields(sampling.thinking)
        presence = {"presence_penalty": sampling.presence_penalty} if sampling.presence_penalty else {}
        return presence | ({"extra_body": extra} if extra else {})


async def _wind_up(servers: "Servers") -> None:
    await cancel_others()
    await servers.close()
