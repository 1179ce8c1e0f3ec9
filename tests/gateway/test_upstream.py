from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import httpx2
import pytest

from batch_tui.gateway.answers import Answer, Answered, NotRun
from batch_tui.gateway.clock import Clock
from batch_tui.gateway.feed import Request
from batch_tui.gateway.options import GatewayOptions
from batch_tui.gateway.upstream import UpstreamModel
from tests.gateway.lines_for_tests import chat_line, results, submitted
from tests.support.gateway import in_process_gateway

REQUEST = Request("a", "POST", "/v1/chat/completions", b'{"model":"m"}')
GOOD = b'{"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}'


class Waits:
    """A clock that doesn't wait and remembers for how long it should have."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.asked: list[float] = []

    async def sleep(self, seconds: float) -> None:
        if seconds:
            self.asked.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


def model(waits: Waits, handler: Callable[[httpx2.Request], httpx2.Response], *, width: int = 8) -> UpstreamModel:
    client = httpx2.AsyncClient(transport=httpx2.MockTransport(handler))
    clock = Clock(lambda: waits.now, waits.sleep)
    return UpstreamModel("http://up.test/v1/", key="sk-up", clock=clock, width=width, client=client)


async def answered(handler: Callable[[httpx2.Request], httpx2.Response]) -> tuple[Answer, list[float]]:
    waits = Waits()
    upstream = model(waits, handler)
    try:
        return await upstream.answer(REQUEST, 1), waits.asked
    finally:
        await upstream.aclose()


async def test_the_request_is_sent_as_it_stands_and_the_answer_kept_as_it_is() -> None:
    seen: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, content=GOOD, headers={"x-request-id": "req_1"})

    answer, waits = await answered(handler)
    assert answer == Answered(200, GOOD, "req_1")
    assert waits == []
    assert str(seen[0].url) == "http://up.test/v1/chat/completions"
    assert seen[0].content == REQUEST.body
    assert seen[0].headers["authorization"] == "Bearer sk-up"


async def test_a_busy_upstream_is_asked_again_with_growing_pauses() -> None:
    statuses = iter([503, 429, 500, 200])
    answer, waits = await answered(lambda _: httpx2.Response(next(statuses), content=b"{}"))
    assert isinstance(answer, Answered)
    assert answer.status == 200
    assert waits == [1.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("value", "expected"), [("7", 7.0), ("130", 130.0), ("Mon, 12 Jan 1970 13:47:10 GMT", 30.0), ("soon", 1.0)]
)
async def test_retry_after_is_obeyed_whatever_its_length(value: str, expected: float) -> None:
    replies = iter([httpx2.Response(429, headers={"retry-after": value}), httpx2.Response(200, content=GOOD)])
    answer, waits = await answered(lambda _: next(replies))
    assert isinstance(answer, Answered)
    assert answer.is_success
    assert waits == [expected]


async def test_a_refusal_is_final() -> None:
    tries: list[int] = []

    def handler(_request: httpx2.Request) -> httpx2.Response:
        tries.append(1)
        return httpx2.Response(400, content=b'{"error":{}}')

    answer, _ = await answered(handler)
    assert isinstance(answer, Answered)
    assert answer.status == 400
    assert len(tries) == 1


async def test_an_upstream_that_never_recovers_gives_its_last_answer() -> None:
    answer, waits = await answered(lambda _: httpx2.Response(500, content=b"<html>"))
    assert answer == Answered(500, b'"<html>"', "")
    assert len(waits) == 5


@pytest.mark.parametrize(
    ("error", "code"),
    [(httpx2.ReadTimeout("slow"), "request_timeout"), (httpx2.ConnectError("refused"), "upstream_unreachable")],
)
async def test_no_answer_is_a_request_that_did_not_run(error: httpx2.HTTPError, code: str) -> None:
    def handler(_request: httpx2.Request) -> httpx2.Response:
        raise error

    answer, _ = await answered(handler)
    assert isinstance(answer, NotRun)
    assert answer.code == code


async def test_no_more_requests_than_allowed_are_in_flight() -> None:
    class Crowd(httpx2.AsyncBaseTransport):
        now = most = 0

        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0)
            self.now -= 1
            return httpx2.Response(200, content=GOOD)

    crowd = Crowd()
    client = httpx2.AsyncClient(transport=crowd)
    upstream = UpstreamModel("http://up.test", key=None, clock=Clock(), width=3, client=client)
    await asyncio.gather(*(upstream.answer(REQUEST, 1) for _ in range(20)))
    await upstream.aclose()
    assert crowd.most == 3


class Unsteady(BaseHTTPRequestHandler):
    """Refuses each request twice, in two ways, before it answers."""

    tries: ClassVar[Counter[bytes]] = Counter()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.tries[body] += 1
        status = {1: 429, 2: 503}.get(self.tries[body], 200)
        reply = GOOD if status == 200 else b'{"error":{"message":"Later."}}'
        self.send_response(status)
        self.send_header("content-length", str(len(reply)))
        self.send_header("retry-after", "0")
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing."""


async def test_a_gateway_told_of_an_unsteady_upstream_gets_every_answer_from_it(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Unsteady) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            address = f"http://127.0.0.1:{server.server_port}/v1"
            options = GatewayOptions(data=tmp_path, speed=1_000, upstream=address)
            async with in_process_gateway(tmp_path, options=options) as gateway:
                batch = await submitted(gateway, *(chat_line(f"r{i}") for i in range(20)))
                done = await gateway.until(batch.id, "completed")
                lines = await results(gateway, done.output_file_id)
        finally:
            server.shutdown()
            thread.join()
    assert set(lines) == {f"r{i}" for i in range(20)}
    assert set(Unsteady.tries.values()) == {3}
    assert (done.request_counts.completed, done.request_counts.failed) == (20, 0)


async def test_a_batch_runs_through_an_upstream(tmp_path: Path) -> None:
    waits = Waits()
    made = model(waits, lambda request: httpx2.Response(200, json=json.loads(GOOD) | {"got": request.url.path}))
    async with in_process_gateway(tmp_path, model=lambda _account, _clock, _pace: made) as gateway:
        batch = await submitted(gateway, chat_line("a"), chat_line("b"))
        done = await gateway.until(batch.id, "completed")
        lines = await results(gateway, done.output_file_id)
    assert set(lines) == {"a", "b"}
    assert done.usage.total_tokens == 14
