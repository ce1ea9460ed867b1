"""Several servers of one model behind one call: who is asked, who is asked when that fails, and what is counted."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Container, Mapping
from functools import partial
from typing import Any

import openai

from zppo.config import EndpointConfig
from zppo.engines.base import Priority
from zppo.engines.bounded import BoundedClient
from zppo.engines.faults import LONGEST_WAIT, Fault, api_key, code_of, fault_of, refusal, words_of
from zppo.engines.replies import Malformed, Reply, decoded, error_in, read_reply
from zppo.engines.silence import ENOUGH_TO_ANSWER, HELLO, MODERATE, Silence
from zppo.engines.slots import Slots
from zppo.errors import EngineError
from zppo.models.opening import served_opening

FIRST_WAIT = 0.5
"""Seconds before the second try at most, doubled with every further one."""
CONNECT = 10.0
"""Seconds within which a server must take up a connection, or list its models."""
FAILURES, REST = 3, 10.0
"""After so many failures in a row a server rests for so many seconds, as long as another one does not."""
FAULTS = ("rate_limited", "server_errors", "connection_errors", "malformed", "timeouts")
SEVERAL_REFUSED = (400, 422)
"""HTTP codes of a server that takes no call for several responses."""
COUNTS = ("calls", "retries", "failed", "refused", *FAULTS, "prompt_tokens", "tokens")
MOST_LOGGED = 20
"""Different words of servers that are logged; most are the same words again with another number in them."""
Body = Callable[[], Awaitable[Mapping[str, Any]]]
logger = logging.getLogger(__name__)


class Server:
    """One base URL, and what was learnt about it."""

    def __init__(self, url: str, config: EndpointConfig) -> None:
        async def key() -> str:
            return api_key(config.api_key_env)

        self.url = url
        self.ignores_n = False
        self._failures, self._resting_until = 0, 0.0
        timeout = openai.Timeout(config.timeout, connect=min(CONNECT, config.timeout))
        http = BoundedClient(timeout=timeout)
        self.client = openai.AsyncOpenAI(base_url=url, api_key=key, max_retries=0, timeout=timeout, http_client=http)

    async def complete(self, body: Mapping[str, Any], n: int) -> Reply:
        """One call for `n` responses, or for one if the server is known to give no more, or takes the call only so."""
        asked = 1 if self.ignores_n else n
        if asked > 1:
            try:
                reply = await self._create(body, asked, n=asked)
                self.ignores_n = reply.choices < asked
                return reply
            except openai.APIStatusError as error:
                if error.status_code not in SEVERAL_REFUSED:
                    raise
        reply = await self._create(body, 1)
        self.ignores_n |= asked > 1
        return reply

    async def _create(self, body: Mapping[str, Any], asked: int, **several: int) -> Reply:
        answer = await self.client.chat.completions.with_raw_response.create(**body, **several)
        data = decoded(answer.content)
        if error := error_in(data):
            raise _as_status(answer.http_response, error)
        return read_reply(data, asked)

    async def models(self) -> list[str] | None:
        """The names it lists; None without a list. Raises what the client raises when nothing answers."""
        try:
            async with asyncio.timeout(CONNECT):
                answer = await self.client.models.with_raw_response.list(timeout=CONNECT)
            return [str(model["id"]) for model in decoded(answer.content)["data"]] or None
        except openai.APIStatusError as error:
            if error.status_code in (401, 403):
                raise
        except TimeoutError:
            raise TimeoutError(f"no list of models within {CONNECT:g} seconds") from None
        except (ValueError, TypeError, KeyError):
            pass
        return None

    @property
    def rest(self) -> float:
        """Seconds for which it had better not be asked."""
        return max(self._resting_until - time.monotonic(), 0.0)

    def succeeded(self) -> None:
        self._failures, self._resting_until = 0, 0.0

    def failed(self, fault: Fault) -> None:
        self._failures += 1
        rest = max(REST if self._failures >= FAILURES else 0.0, min(fault.retry_after, LONGEST_WAIT))
        self._resting_until = time.monotonic() + max(rest, self.rest)


class Servers:
    """To be used on one event loop. `counts` only ever grow, so that another thread may read them."""

    def __init__(self, config: EndpointConfig, counts: dict[str, int]) -> None:
        self.counts = counts
        self._config = config
        self._servers = [Server(url, config) for url in config.urls]
        self._slots = Slots(config.concurrency)
        self._luck = random.Random(0)
        self._turn = 0
        self._silence, self._telling = Silence(), asyncio.Lock()
        self._logged: set[str] = set()

    @property
    def ignore_n(self) -> bool:
        """True if all servers are known to give one response per call."""
        return all(server.ignores_n for server in self._servers)

    async def ask(self, body: Body, n: int, priority: Priority, about: str) -> Reply:
        """A call for `n` responses; the reply is empty when every try failed. `body` is made anew for each try.

        While nobody answers, a short call goes ahead and the reply is empty if that fails. What one server refuses is
        asked of another. What all refuse (a key that has run out, a prompt too long) is told, by what it is `about`,
        counted, and treated like an outage. Raises EngineError if nothing was ever answered and a short prompt is
        refused too: something is set wrongly.
        """
        began, server = time.monotonic(), None
        attempt, refusing = 0, set[Server]()
        while attempt < self._config.tries:
            async with self._slots.one(priority):
                if attempt == 0 and not await self._silence.over(began, partial(self._any_answers, body)):
                    return Reply()
                server = self._next(server, refusing)
                outcome = await self._try(server, body, n)
            if isinstance(outcome, Reply):
                return outcome
            if isinstance(outcome, EngineError):
                refusing.add(server)
                if len(refusing) == len(self._servers):
                    await self._tell(outcome, server, body, about)
                    return Reply(refused=True)
                continue
            attempt += 1
            if attempt < self._config.tries:
                self.counts["retries"] += 1
                await asyncio.sleep(self._wait(attempt, outcome))
        if self._silence.lost(began):
            urls = ", ".join(self._config.urls)
            logger.warning("%s: nobody answers; until a short call is answered, nothing else is asked", urls)
        return Reply()

    async def models(self) -> dict[str, list[str] | None]:
        """Names of the served models by URL, of the servers that answer. Raises EngineError when none answers."""
        answers = await asyncio.gather(*(server.models() for server in self._servers), return_exceptions=True)
        names: dict[str, list[str] | None] = {}
        for server, answer in zip(self._servers, answers, strict=True):
            if isinstance(answer, openai.APIStatusError):
                raise refusal(answer, server.url, self._config.api_key_env)
            if isinstance(answer, EngineError):
                raise answer
            if not isinstance(answer, BaseException):
                names[server.url] = answer
        if not names:
            what = "; ".join(f"{s.url}: {a}" for s, a in zip(self._servers, answers, strict=True))
            raise EngineError(f"no server answers ({what}); start one, or set its URL (mostly ending in /v1)")
        return names

    async def refusal_of(self, url: str, body: Mapping[str, Any]) -> EngineError | None:
        """Refusal of a call by the server at `url`; None without one, or for a passing fault. Not counted."""
        server = next(each for each in self._servers if each.url == url)
        return self._refusal(await self._problem(server, body, self._config.timeout), server)

    async def opening(self, model: str, fields: Mapping[str, Any]) -> str:
        """Beginning of a response that the chat template of a server writes, for a request with these `fields`."""
        return max(await asyncio.gather(*(served_opening(server.client, model, fields) for server in self._servers)))

    async def close(self) -> None:
        await asyncio.gather(*(server.client.close() for server in self._servers))

    def _next(self, failed: Server | None, refusing: Container[Server]) -> Server:
        """The next in turn that neither rests nor has just failed; if all rest, the one that rests for the least.

        None of those that are `refusing` what is to be asked.
        """
        first = self._turn % len(self._servers)
        self._turn += 1
        in_turn = [s for s in self._servers[first:] + self._servers[:first] if s not in refusing]
        return min(in_turn, key=lambda server: (server.rest, server is failed))

    def _wait(self, attempt: int, fault: Fault) -> float:
        """Seconds after try number `attempt`.

        Exponential back-off with full jitter, or what the server asked for while no other can be asked.
        """
        backoff = self._luck.uniform(0.0, min(FIRST_WAIT * 2 ** (attempt - 1), LONGEST_WAIT))
        return max(backoff, min(fault.retry_after, *(server.rest for server in self._servers)))

    async def _try(self, server: Server, body: Body, n: int) -> Reply | Fault | EngineError:
        """The last is what the server refused the call with. The server is told what became of it."""
        self.counts["calls"] += 1
        try:
            async with asyncio.timeout(self._config.timeout):
                reply = await server.complete(await body(), n)
            self._silence.heard()
            server.succeeded()
            self.counts["prompt_tokens"] += reply.prompt_tokens
            self.counts["tokens"] += reply.tokens
            return reply
        except Exception as error:
            problem = error
        fault, refused = fault_of(problem), self._refusal(problem, server)
        if fault is None and refused is None:
            raise problem
        server.failed(fault or Fault("refused"))
        if fault is not None:
            self._log(server, words_of(problem, self._config.api_key_env))
        self.counts[fault.kind if fault else "refused"] += 1
        return fault or refused or Reply()

    def _refusal(self, problem: Exception | None, server: Server) -> EngineError | None:
        """Made where it does not carry what the server said; None if the problem is another one, or none."""
        if isinstance(problem, openai.APIStatusError) and fault_of(problem) is None:
            return refusal(problem, server.url, self._config.api_key_env)
        return None

    def _log(self, server: Server, words: str) -> None:
        """Words with which a server did not answer, each but once."""
        if words and words not in self._logged and len(self._logged) < MOST_LOGGED:
            self._logged.add(words)
            logger.warning("%s did not answer a call, which is tried again: %s", server.url, words)

    async def _problem(self, server: Server, body: Mapping[str, Any], seconds: float) -> Exception | None:
        """The fault or refusal that a call meets, which is not counted. Raises what is about no call."""
        try:
            async with asyncio.timeout(seconds):
                await server.complete(body, 1)
        except Exception as error:
            if fault_of(error) is None and self._refusal(error, server) is None:
                raise
            return error
        return None

    async def _tell(self, refused: EngineError, server: Server, body: Body, about: str) -> None:
        """Raise `refused`, or log it if something else is, or ever was, answered."""
        async with self._telling:
            if self._silence.never_heard:
                problem = await self._problem(server, {**await body(), "messages": HELLO}, self._config.timeout)
                if self._refusal(problem, server) is not None:
                    raise refused
                if problem is None:
                    self._silence.heard()
        logger.warning("%s: %s", about, refused)

    async def _any_answers(self, body: Body) -> bool:
        """True if a server answers a short call, a refusal included."""

        async def answers(server: Server) -> bool:
            problem = await self._problem(server, short, min(MODERATE, self._config.timeout))
            return problem is None or self._refusal(problem, server) is not None

        short = {**await body(), "messages": HELLO, self._config.length_field: ENOUGH_TO_ANSWER}
        return any(await asyncio.gather(*map(answers, self._servers)))


def _as_status(response: Any, error: Any) -> Exception:
    """An error in a reply with the status 200 as what it would be with its own."""
    code = code_of(error)
    if code is None:
        return Malformed(f"the reply is an error: {error}")
    own = type(response)(code, headers=response.headers, content=response.content, request=response.request)
    return openai.APIStatusError(str(error), response=own, body=error)
