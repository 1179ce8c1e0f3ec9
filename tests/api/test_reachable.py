"""Looking for the service between the lists of an outage: one empty request without the key, and no error ever."""

from __future__ import annotations

import asyncio
import socket

import pytest

from batch_tui.api.client import OpenAIService
from batch_tui.api.connection import Connection
from batch_tui.api.lazy import LazyService
from tests.api.conftest import KEY
from tests.support.faults import (
    Fault,
    FaultServer,
    Reply,
    answer,
    close,
    garbage,
    portal,
    redirect,
    reset,
    silence,
    status,
)
from tests.support.wire_service import wire_service


async def test_it_is_one_head_of_the_base_url_without_the_key(server: FaultServer, service: OpenAIService) -> None:
    assert await service.is_reachable()
    (seen,) = server.seen
    assert (seen.method, seen.path, seen.body) == ("HEAD", "/v1", b"")
    assert "authorization" not in seen.headers
    assert KEY not in str(seen.headers)


@pytest.mark.parametrize("code", [200, 204, 401, 403, 404, 405, 429])
async def test_any_answer_of_its_own_shows_that_it_is_there(
    server: FaultServer, service: OpenAIService, code: int
) -> None:
    server.fail("look", status(code))
    assert await service.is_reachable()


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(status(500), id="500"),
        pytest.param(status(503), id="503"),
        pytest.param(portal(), id="portal"),
        pytest.param(redirect("https://login.invalid/"), id="redirect"),
        pytest.param(reset(after=False), id="reset"),
        pytest.param(close(after=False), id="close"),
        pytest.param(silence(), id="silence"),
        pytest.param(garbage(), id="garbage"),
    ],
)
async def test_fault_35_poll_what_is_no_answer_of_the_service_does_not_count(
    server: FaultServer, service: OpenAIService, fault: Fault
) -> None:
    server.fail("look", fault)
    assert not await service.is_reachable()
    assert await service.is_reachable(), "and the next look is a new one"


@pytest.mark.parametrize("code", [405, 501])
async def test_fault_35_list_a_server_that_knows_no_head_is_looked_for_with_get(
    server: FaultServer, service: OpenAIService, code: int
) -> None:
    server.fail("look", status(code), times=None)
    server.fail("other", close(after=False))
    assert not await service.is_reachable(), "its HEAD is answered, and everything else is closed on"
    assert await service.is_reachable()
    assert [(seen.method, seen.path) for seen in server.seen] == [("HEAD", "/v1"), ("GET", "/v1"), ("GET", "/v1")]
    assert KEY not in str([seen.headers for seen in server.seen])


async def test_a_web_page_that_says_no_is_still_an_answer(server: FaultServer, service: OpenAIService) -> None:
    server.fail("look", answer(Reply(404, b"<html>nginx", {"Content-Type": "text/html"})))
    assert await service.is_reachable()


async def test_a_refused_connection_is_no_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        async with wire_service(f"http://127.0.0.1:{taken.getsockname()[1]}/v1") as service:
            assert not await service.is_reachable()


async def test_the_lazy_service_looks_too_and_sees_nothing_without_a_client(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    lazy = await asyncio.to_thread(LazyService, Connection(server.base_url, KEY))
    assert await lazy.is_reachable()
    await lazy.aclose()
    broken = await asyncio.to_thread(LazyService, Connection(server.base_url, KEY))
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    assert not await broken.is_reachable()
