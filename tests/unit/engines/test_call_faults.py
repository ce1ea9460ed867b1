"""How long a server may make us wait."""

import time
from email.utils import formatdate

import httpx2
import openai
import pytest

from zppo.config import EndpointConfig
from zppo.engines.faults import Fault, fault_of
from zppo.engines.servers import LONGEST_WAIT, REST, Server


def busy(status: int = 429, **headers: str) -> Fault | None:
    request = httpx2.Request("POST", "http://localhost/v1")
    response = httpx2.Response(status, headers=headers, request=request)
    return fault_of(openai.APIStatusError("busy", response=response, body=None))


def test_seconds_and_dates_are_understood() -> None:
    assert busy(**{"retry-after": "1.5"}) == Fault("rate_limited", 1.5)
    assert busy(503, **{"retry-after": "2"}) == Fault("server_errors", 2.0)
    dated = busy(**{"retry-after": formatdate(time.time() + 30, usegmt=True)})
    assert dated is not None and 25 < dated.retry_after <= 30


@pytest.mark.parametrize("value", ["", "soon", "-3", "nan", formatdate(0, usegmt=True)])
def test_anything_else_is_no_wait(value: str) -> None:
    assert busy(**{"retry-after": value}) == Fault("rate_limited", 0.0)


@pytest.mark.parametrize("status", [408, 409, 425])
def test_client_errors_that_pass_are_tried_again(status: int) -> None:
    assert busy(status) == Fault("server_errors")


def test_a_server_rests_for_what_it_asked_within_reason_or_after_failing_repeatedly() -> None:
    server = Server("http://localhost/v1", EndpointConfig(("http://localhost/v1",)))
    server.failed(Fault("rate_limited", retry_after=1e9))
    assert LONGEST_WAIT - 1 < server.rest <= LONGEST_WAIT
    server.succeeded()
    rests = []
    for _ in range(3):
        server.failed(Fault("connection_errors"))
        rests.append(server.rest)
    assert rests[:2] == [0, 0] and REST - 1 < rests[2] <= REST
