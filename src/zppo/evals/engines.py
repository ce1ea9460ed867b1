"""Engines of the evaluated model and of the judge: in this process, or behind an endpoint."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zppo.config import EndpointConfig
from zppo.engines.endpoint import EndpointEngine
from zppo.engines.local import LocalText
from zppo.errors import ConfigError
from zppo.evals.judging import Judge, Template
from zppo.evals.respondent import DECODING, Respondent
from zppo.evals.vllm_server import vllm_server
from zppo.judges.judge import MAX_TOKENS
from zppo.types import Sampling

Kind = Literal["transformers", "endpoint", "vllm"]
AT_ONCE = {"transformers": 32, "endpoint": 256, "vllm": 512}
"""Default number of items in flight. A server gets as many calls as `concurrency` allows; the others wait."""


@dataclass(frozen=True)
class Served:
    """Access to a model. `url` for an endpoint; `python` is one that has vLLM, which gets `arguments` too."""

    model: str
    kind: Kind = "transformers"
    url: str | None = None
    dtype: str = "bfloat16"
    concurrency: int = 64
    timeout: float = 3600.0
    """Seconds per call of a server: a long response on a busy server is slow."""
    api_key_env: str = "OPENAI_API_KEY"
    switches_thinking: bool = False
    """True if the server accepts the field `chat_template_kwargs`, as vLLM, SGLang and `transformers serve` do."""
    python: str | None = None
    arguments: tuple[str, ...] = ()


@contextmanager
def respondent(
    served: Served, log: Path, sampling: Sampling = DECODING, batch: int | None = None
) -> Iterator[Respondent]:
    """The model, loaded or connected; a vLLM server, whose output goes to `log`, ends with the context.

    Raises ConfigError for incompatible options, EngineError for a server that does not answer.
    """
    at_once = AT_ONCE[served.kind] if batch is None else batch
    if at_once < 1:
        raise ConfigError(f"--batch is {batch}; at least one item must be asked at once")
    if (served.url is None) == (served.kind == "endpoint"):
        raise ConfigError("--url belongs to --engine endpoint, which needs it: the base URL of a server")
    if served.kind == "transformers":
        yield Respondent(_local(served.model, served.dtype, at_once), sampling, at_once)
    elif served.kind == "endpoint":
        assert served.url is not None
        with _endpoint(served, served.url, served.model) as engine:
            yield Respondent(engine, sampling, at_once)
    else:
        with vllm_server(served.model, log, served.python, served.arguments) as url, _endpoint(served, url) as engine:
            yield Respondent(engine, sampling, at_once)


@contextmanager
def judge(
    served: Served | None, templates: dict[str, Template], max_tokens: int = MAX_TOKENS
) -> Iterator[Judge | None]:
    """The judge, or None. Raises as `respondent` does."""
    if served is None:
        yield None
    elif served.url is None:
        yield Judge(_local(served.model, served.dtype, AT_ONCE["transformers"]), served.model, templates, max_tokens)
    else:
        with _endpoint(served, served.url, served.model or None) as engine:
            yield Judge(engine, engine.model, templates, max_tokens)


@contextmanager
def _endpoint(served: Served, url: str, model: str | None = None) -> Iterator[EndpointEngine]:
    on, off = (
        {"chat_template_kwargs": {"enable_thinking": thinks}} if served.switches_thinking else {}
        for thinks in (True, False)
    )
    config = EndpointConfig(
        (url,),
        model,
        api_key_env=served.api_key_env,
        concurrency=served.concurrency,
        timeout=served.timeout,
        thinking_body=on,
        no_thinking_body=off,
    )
    engine = EndpointEngine(config)
    try:
        engine.check()
        yield engine
    finally:
        engine.close()


def _local(model: str, dtype: str, batch: int) -> LocalText:
    import torch  # which a server's client has no need of
    from transformers.utils.logging import disable_progress_bar

    from zppo.engines.transformers import local_text
    from zppo.models.loading import check_model, load_model, load_processing

    disable_progress_bar()
    check_model("MODEL", model)
    device = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else torch.device("cpu")
    loaded = load_model("MODEL", model, dtype).to(device).requires_grad_(False)
    return local_text(loaded, load_processing("MODEL", model), batch)
