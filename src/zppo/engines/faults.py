"""Failures of a call: a fault that a retry may mend, or a refusal that only the user can mend."""

import email.utils
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import openai

from zppo.errors import EngineError

LONGEST_WAIT = 60.0
"""Seconds before any try, whatever a server asks for."""
PASSING = (408, 409, 425)
"""Client errors that are about the moment, not about the request."""
ADVICE = {
    401: "put a valid API key into the environment variable {variable}",
    403: "the API key in {variable} must be allowed to use this model",
    404: "check the model name, and that the URL ends where the API begins (mostly /v1)",
    **dict.fromkeys((402, 429), "the account of the key in {variable} has run out: add credit, or put in another key"),
}
NO_CREDIT = "insufficient_quota"
"""Code of a 429 that waiting does not mend."""
STATUSES = frozenset(map(str, range(400, 600)))
CODES = {
    NO_CREDIT: 429,
    "rate_limit_exceeded": 429,
    "invalid_api_key": 401,
    "model_not_found": 404,
    "context_length_exceeded": 400,
    "invalid_request_error": 400,
    "server_error": 500,
}
"""HTTP codes of the names that an error object may have for them."""


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
        return Fault("malformed" if isinstance(error.__cause__, ValueError) else "connection_errors")
    if isinstance(error, openai.APIStatusError):
        if error.status_code == 429:
            return None if NO_CREDIT in error.response.text else Fault("rate_limited", _retry_after(error))
        passing = error.status_code >= 500 or error.status_code in PASSING
        return Fault("server_errors", _retry_after(error)) if passing else None
    return Fault("malformed") if isinstance(error, ValueError) else None


def code_of(error: Any) -> int | None:
    """The HTTP code that an error object stands for; None if it names none."""
    names = [str(error.get(key)) for key in ("code", "status", "type")] if isinstance(error, Mapping) else []
    codes = [CODES.get(name) or int(name if name in STATUSES else 0) for name in names]
    return next(filter(None, codes), None)


def words_of(error: Exception, variable: str) -> str:
    """The server's own on one line, without the API key; '' where it said nothing."""
    if isinstance(error, openai.APIStatusError):
        said = error.response.text
    else:
        said = str(next((e for e in (error, error.__cause__) if isinstance(e, ValueError)), ""))
    return _without_key(" ".join(said.split()), variable)[:500]


def refusal(error: openai.APIStatusError, url: str, variable: str) -> EngineError:
    """The server's own words, without the API key, and what to do."""
    words = words_of(error, variable)
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
    """Seconds, from either form of the header; 0 without one, or with one that means no time."""
    value = error.response.headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        seconds = _seconds_until(value)
    return min(max(0.0, seconds), LONGEST_WAIT)  # in this order also for a nan


def _seconds_until(date: str) -> float:
    try:
        parsed = email.utils.parsedate_tz(date)
        return email.utils.mktime_tz(parsed) - time.time() if parsed else 0.0
    except (ValueError, OverflowError, TypeError):
        return 0.0
