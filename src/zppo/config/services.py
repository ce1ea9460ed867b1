"""The sections of those who are asked but never trained: teacher and judge, in this process or on servers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from zppo.config.limits import check_thinking, positive
from zppo.custom import PROGRAM, check_form
from zppo.errors import ConfigError
from zppo.types import Thinking

Compression = Literal["teacher", "truncate", "none"]
Hints = Literal["teacher", "cut"]
Fallback = Literal["truncate", "none"]
Dtype = Literal["float32", "bfloat16", "float16"]
LengthField = Literal["max_tokens", "max_completion_tokens"]


MOVABLE = (
    "api_key_env",
    "cache",
    "concurrency",
    "endpoint",
    "offline",
    "price_prompt",
    "price_response",
    "timeout",
    "tries",
)
"""Options of a teacher or judge that may change within a run: where it is served, and what changes no answer."""
SAID_BY_US = ("model", "messages", "n", "stream")
"""Fields of a request that no option may replace."""


@dataclass(frozen=True, kw_only=True)
class CallConfig:
    """How servers are called. Only endpoints have a use for it."""

    api_key_env: str = "OPENAI_API_KEY"
    """Environment variable with the API key, read at every call; the key itself is never written anywhere."""
    concurrency: int = 64
    """Calls under way at once, over all URLs."""
    timeout: float = 600
    """Seconds per call."""
    tries: int = 5
    """Per call, over all URLs."""
    length_field: LengthField = "max_tokens"
    """What the limit of a response is called in a request. Every server knows `max_tokens`, but hosted reasoning models
    that take only the other name."""
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of every request, for what only some servers know; others may refuse them."""
    thinking_body: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of the requests whose responses begin with thoughts (`thinking: on`), where the server's own
    default is another one: `{chat_template_kwargs: {enable_thinking: true}}` for Qwen on vLLM, SGLang and
    `transformers serve`."""
    no_thinking_body: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of the requests that leave no room for thoughts: compression, hints, judging, and with
    `thinking: off` all others. For the same servers `{chat_template_kwargs: {enable_thinking: false}}`."""
    price_prompt: float = 0.0
    """Of a million prompt tokens, in any currency; the run's `teacher_cost` and `judge_cost` are in it."""
    price_response: float = 0.0
    """Of a million response tokens, likewise."""


@dataclass(frozen=True)
class EndpointConfig(CallConfig):
    """Servers of one model that speak the OpenAI API: vLLM, SGLang, `transformers serve`, a hosted API."""

    urls: tuple[str, ...]
    """Base URLs, such as `http://localhost:8000/v1`; calls go round among them."""
    model: str | None = None
    """The name under which it is served; not needed where the servers list a single one."""

    def __post_init__(self) -> None:
        positive("endpoint", self, "concurrency", "tries")
        if not 0 < self.timeout < math.inf:
            raise ConfigError(f"endpoint.timeout is {self.timeout}; seconds per call, above 0")
        for name in ("extra_body", "thinking_body", "no_thinking_body"):
            for key in SAID_BY_US:
                if key in getattr(self, name):
                    raise ConfigError(f"endpoint.{name} holds {key!r}, which is no further field of a request")
        if isinstance(self.urls, str) or not self.urls:
            raise ConfigError("endpoint.urls is a list of base URLs, such as [http://localhost:8000/v1]")
        # What may be a secret is not repeated in the message.
        for url in self.urls:
            if not url.startswith(("http://", "https://")) or "@" in url.split("/")[2] or "?" in url or "#" in url:
                raise ConfigError(
                    "endpoint.urls: a base URL begins with http:// or https:// and holds no password and no query (?)"
                )
        if not (self.api_key_env.isascii() and self.api_key_env.isidentifier()):
            raise ConfigError(
                "api_key_env is the name of an environment variable that holds the key, not the key itself"
            )

    def cost(self, read: float, sampled: float) -> float:
        """Of that many prompt and response tokens, in the currency of the prices."""
        return (self.price_prompt * read + self.price_response * sampled) / 1e6

    def further_fields(self, thinking: Thinking) -> dict[str, Any]:
        """Of a request with thoughts, without, or as the server has it."""
        own = {"on": self.thinking_body, "off": self.no_thinking_body, "template": {}}
        return {**self.extra_body, **own[thinking]}


@dataclass(frozen=True)
class FallbackConfig(CallConfig):
    """A further teacher on a server, with a name, a key and prices of its own."""

    endpoint: str | tuple[str, ...]
    """Base URL, or several of one and the same model."""
    model: str | None = None
    """The name under which it is served; not needed if it is the only one."""

    def __post_init__(self) -> None:
        self.server()

    def server(self) -> EndpointConfig:
        return EndpointConfig(_urls(self.endpoint), self.model, **_calls(self))


@dataclass(frozen=True)
class TeacherConfig(CallConfig):
    """The teacher: a local model, a program, or a server and how it is called (docs/teacher.md)."""

    model: str | None = None
    """Folder or Hub name of a local teacher, or with `endpoint` the name under which it is served (not needed if it is
    the only one), or `python:FILE.py:CLASS`, a program that answers (docs/custom.md). Every method that shows or
    trains on a teacher's words needs one of them."""
    endpoint: str | tuple[str, ...] = ()
    """Base URL, or several of one and the same model, of servers that speak the OpenAI API."""
    fallbacks: tuple[str | FallbackConfig, ...] = ()
    """Further teachers in order of cost: each is asked the questions that no teacher before it got right. A local one,
    a program, a base URL that is called like `endpoint`, or one with options of its own (`{endpoint: URL, ...}`).
    Hints and compressed candidates are written by the first teacher."""
    dtype: Dtype = "bfloat16"
    """Of a local teacher."""
    chat_template: str | None = None
    """File with a chat template (Jinja) for local teachers; None means the one beside each."""
    thinking: Thinking | None = None
    """Whether its responses begin with thoughts: `on`, `off`, `template` (its chat template's, or its server's, own
    default); None means as `sampling.thinking`. A server is switched by `thinking_body` and `no_thinking_body`."""
    compression: Compression = "teacher"
    """`teacher`: rewritten by the teacher; `truncate`: the last `compression_tokens` tokens; `none`: as it is."""
    compression_tokens: int = 512
    """Cap per candidate and per hint."""
    compression_fallback: Fallback = "truncate"
    """Candidates whose compression failed, because it lost the final answer twice or the teacher could not be reached:
    `truncate` shows the last `compression_tokens` tokens with the final answer, `none` the whole response. In a BCQ
    both candidates are then shown that way."""
    hints: Hints = "teacher"
    """`teacher`: written by the teacher from one of its right responses; `cut`: that response, up to where its final
    answer first stands."""
    ahead: int = 0
    """Steps for which an endpoint is asked about all new questions before it is known which are hard. Hides a slow
    teacher, at the price of its tokens on easy questions. What is to be replayed is always asked ahead."""
    cache: str | None = None
    """SQLite file of what endpoints said, also that of a judge; what it holds is not asked again."""
    offline: bool = False
    """Answer from the cache alone: a run is made again without the servers."""

    def __post_init__(self) -> None:
        positive("teacher", self, "compression_tokens")
        _refuse_url("teacher", self.model)
        if self.fallbacks and not (self.model or self.endpoint):
            raise ConfigError("teacher.fallbacks are asked after teacher.model, which is missing")
        for program in self.programs:
            check_form("teacher.model", program)
        if self.endpoint and self.model and self.model.startswith(PROGRAM):
            raise ConfigError(
                f"teacher.model is {self.model}, a program, which no endpoint serves; leave one of them out"
            )
        self._check_template()
        if (self.cache or self.offline) and not self.remote:
            raise ConfigError("teacher.cache keeps what an endpoint says; set teacher.endpoint, or leave the cache out")
        if self.thinking is not None:
            check_thinking("teacher", self)
        if self.ahead < 0:
            raise ConfigError(f"teacher.ahead is {self.ahead}; a number of steps, or 0")
        if self.offline and not self.cache:
            raise ConfigError("teacher.offline answers from a cache; set teacher.cache")
        if not self.remote:
            _refuse_calls("teacher", self)
        for url in self.remote:
            self.server(url)

    def _check_template(self) -> None:
        named = self.fallbacks if self.endpoint else (self.model, *self.fallbacks)
        local = [name for name in named if isinstance(name, str) and not is_url(name) and not name.startswith(PROGRAM)]
        if self.chat_template and (self.model or self.endpoint) and not local:
            raise ConfigError("teacher.chat_template is for local models; servers and programs have their own")

    @property
    def urls(self) -> tuple[str, ...]:
        return _urls(self.endpoint)

    @property
    def programs(self) -> tuple[str, ...]:
        """What code the teachers are that are programs: `FILE.py:CLASS`."""
        named = (self.model, *self.fallbacks)
        return tuple(n.removeprefix(PROGRAM) for n in named if isinstance(n, str) and n.startswith(PROGRAM))

    @property
    def remote(self) -> tuple[str, ...]:
        """Every URL among the teachers."""
        further = (_urls(f.endpoint) if isinstance(f, FallbackConfig) else (f,) * is_url(f) for f in self.fallbacks)
        return self.urls + tuple(url for urls in further for url in urls)

    @property
    def calls(self) -> tuple[CallConfig, ...]:
        """The options by which servers among the teachers are called, each once."""
        own = [f for f in self.fallbacks if isinstance(f, FallbackConfig)]
        shared = bool(self.urls) or any(isinstance(f, str) and is_url(f) for f in self.fallbacks)
        return (*((self,) if shared else ()), *own)

    def server(self, *urls: str) -> EndpointConfig:
        """The servers of one teacher of this section."""
        model = self.model if urls == self.urls else None
        return EndpointConfig(urls, model, **_calls(self))


def is_url(name: str) -> bool:
    return name.startswith(("http://", "https://"))


def _urls(endpoint: str | tuple[str, ...]) -> tuple[str, ...]:
    return ((endpoint,) if endpoint else ()) if isinstance(endpoint, str) else endpoint


def _calls(section: CallConfig) -> dict[str, Any]:
    return {f.name: getattr(section, f.name) for f in fields(CallConfig)}


def _refuse_url(name: str, model: str | None) -> None:
    if model and is_url(model):
        raise ConfigError(f"{name}.model is the URL {model}; a server is set with {name}.endpoint")


def _refuse_calls(name: str, section: CallConfig) -> None:
    """Raise ConfigError for an option that says how a server is called, where there is none."""
    plain = _calls(CallConfig())
    idle = [option for option, value in _calls(section).items() if value != plain[option]]
    if idle:
        raise ConfigError(f"{name}.{idle[0]} says how a server is called; set {name}.endpoint, or leave it out")


@dataclass(frozen=True)
class JudgeConfig(CallConfig):
    """Who scores free-form answers (questions with `answer_type: free`), at temperature 0 (method section 6)."""

    model: str | None = None
    """Folder or Hub name of a local model, or with `endpoint` the name under which it is served. Without a judge of its
    own the first teacher judges."""
    endpoint: str | tuple[str, ...] = ()
    """Base URL, or several of one and the same model, of servers that speak the OpenAI API."""
    dtype: Dtype = "bfloat16"
    """Of a local judge."""
    max_tokens: int = 512
    """Longest reply; one that does not fit counts as wrong."""

    def __post_init__(self) -> None:
        positive("judge", self, "max_tokens")
        if self.thinking_body:
            raise ConfigError("judge.thinking_body would never be sent: a judge does not think; leave it out")
        _refuse_url("judge", self.model)
        if self.urls:
            self.server()
        else:
            _refuse_calls("judge", self)

    @property
    def urls(self) -> tuple[str, ...]:
        return _urls(self.endpoint)

    @property
    def is_set(self) -> bool:
        """Whether there is a judge beside the teachers."""
        return bool(self.model or self.urls)

    def server(self) -> EndpointConfig:
        return EndpointConfig(self.urls, self.model, **_calls(self))
