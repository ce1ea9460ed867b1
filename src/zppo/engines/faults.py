"""What went wrong with a call: a fault that trying again may mend, or a refusal that only the user can."""

import email.utils
import os
import time
from dataclasses import dataclass

import openai

from zppo.errors import EngineError

PASSING = (408, 409, 425)
"""Client errors that are about the moment, not about the request."""
ADVICE = {
    401: "put a valid API key into the environment variable {variable}",
    403: "the API key in {variable} must be allowed to use this model",
    404: "check the model name, and that the URL ends where the API begins (mostly /v1)",
}


@dataclass(frozen=True)
class Fault:
    """`kind` is the name under which it is counted; `retry_after` (seconds) what the server asked to wait."""

    kind: str
    retry_after: float = 0.0


def fault_of(error: Exception) -> Fault | None:
    """None for a refusal, and for an error that is not about a call at all."""
    if isinstance(error, openai.APITimeoutError | TimeoutError):
        return Fault("timeouts")
    if isinstance(error, openai.APIConnectionError):
        return Fault("connection_errors")
    if isinstance(error, openai.APIStatusError):
        if error.status_code == 429:
            return Fault("rate_limited", _retry_after(error))
        passing = error.status_code >= 500 or error.status_code in PASSING
        return Fault("server_errors", _retry_after(error)) if passing else None
    return Fault("malformed") if isinstance(error, ValueError) else None


def refusal(error: openai.APIStatusError, url: str, variable: str) -> EngineError:
    """The server's own words, without the API key, and what to do."""
    words = _without_key(" ".join(error.response.text.split()), variable)[:500]
    advice = ADVICE.get(error.status_code, "the server's message says what it does not accept").format(
        variable=variable
    )
    if "max_completion_tokens" in words:
        advice = "set teacher.length_field (or judge.length_field) to max_completion_tokens"
    return EngineError(f"{url} refused the call with HTTP {error.status_code}: {words or 'no message'}; {advice}")


def api_key(variable: str) -> str:
    """The key, or `none` for servers that want no key. Raises EngineError for one that no header can carry."""
    key = os.environ.get(variable, "").strip() or "none"
    if not (key.isascii() and key.isprintable()):
        raise EngineError(f"the API key in {variable} holds characters that no key has; set it again")
    return key


def _without_key(text: str, variable: str) -> str:
    key = os.environ.get(variable, "").strip()
    return text.replace(key, "[API key]") if key else text


def _retry_after(error: openai.APIStatusError) -> float:
    """Seconds, from either form of the header; 0 without one."""
    value = error.response.headers.get("retry-after", "")
    try:
        return max(0.0, float(value))  # in this order also for a nan
    except ValueError:
        date = email.utils.parsedate_tz(value)
        return max(email.utils.mktime_tz(date) - time.time(), 0.0) if date else 0.0
