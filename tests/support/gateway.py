"""The gateway for tests: in process through a streaming transport, or on a loopback port in a thread.

``async with in_process_gateway(tmp_path) as gw`` gives ``gw.transport``, ``gw.base_url``, ``gw.client()`` (an
``AsyncOpenAI``), ``gw.account`` and ``await gw.until(batch_id, "completed")``. ``with loopback_gateway(tmp_path)
as base_url`` is a real server for whatever needs a socket.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import openai
from starlette.types import ASGIApp, Message, Scope

from batch_tui.gateway.account import Account
from batch_tui.gateway.app import Gateway, MakeModel
from batch_tui.gateway.clock import Clock
from batch_tui.gateway.options import GatewayOptions
from batch_tui.gateway.records import BatchObject
from batch_tui.gateway.server import GatewayServer

BASE_URL = "http://gateway.test/v1"
FAST = 1_000.0
"""A speed at which a small batch ends at once."""


class ManualTime:
    """Time that stands still until a test moves it: pass ``clock`` to the gateway.

    Args:
        now: Unix seconds at the start.
    """

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now
        self._sleepers: list[tuple[float, asyncio.Event]] = []
        self._bell = asyncio.Event()

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now, self._sleep)

    def advance(self, seconds: float) -> None:
        """Move time and wake whoever has slept enough."""
        self.now += seconds
        for until, event in self._sleepers:
            if until <= self.now:
                event.set()
        self._sleepers = [(until, event) for until, event in self._sleepers if until > self.now]

    async def sleepers(self, count: int, *, longer_than: float = 0.0) -> None:
        """Wait until so many sleep (more than some seconds from now)."""
        async with asyncio.timeout(60):
            while sum(until - self.now > longer_than for until, _ in self._sleepers) < count:
                await self._bell.wait()

    async def _sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        event = asyncio.Event()
        entry = (self.now + seconds, event)
        self._sleepers.append(entry)
        self._bell.set()
        self._bell = asyncio.Event()
        try:
            await event.wait()
        finally:
            if entry in self._sleepers:
                self._sleepers.remove(entry)


class StreamingTransport(httpx2.AsyncBaseTransport):
    """Runs an ASGI application in process; both bodies pass chunk by chunk, as they come.

    Args:
        app: The application; its lifespan is the caller's business.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        exchange = _Exchange(request)
        exchange.start(self._app)
        message = await exchange.response_start()
        return httpx2.Response(
            message["status"],
            headers=message["headers"],
            stream=_Body(exchange),
            request=request,
        )


class _Exchange:
    def __init__(self, request: httpx2.Request) -> None:
        assert isinstance(request.stream, httpx2.AsyncByteStream)
        self._request = request
        self._chunks = request.stream.__aiter__()
        self._is_sent = False
        self._failure: OSError | httpx2.HTTPError | None = None
        self._gone = asyncio.Event()
        self._messages: asyncio.Queue[Message] = asyncio.Queue(maxsize=1)
        self._task: asyncio.Task[None] | None = None

    def start(self, app: ASGIApp) -> None:
        url = self._request.url
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": self._request.method,
            "headers": [(key.lower(), value) for key, value in self._request.headers.raw],
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": url.raw_path.split(b"?")[0],
            "query_string": url.query,
            "server": (url.host, url.port),
            "client": ("127.0.0.1", 1),
            "root_path": "",
        }
        self._task = asyncio.ensure_future(self._run(app, scope))

    async def _run(self, app: ASGIApp, scope: Scope) -> None:
        await app(scope, self._receive, self._messages.put)

    async def _receive(self) -> Message:
        if self._is_sent:
            await self._gone.wait()
            return {"type": "http.disconnect"}
        try:
            return {"type": "http.request", "body": await self._chunks.__anext__(), "more_body": True}
        except StopAsyncIteration:
            self._is_sent = True
            return {"type": "http.request", "body": b"", "more_body": False}
        except (OSError, httpx2.HTTPError) as error:
            # As on a socket: the server sees that the client is gone, the client sees its own error.
            self._failure = error
            return {"type": "http.disconnect"}

    async def _next(self) -> Message:
        """The next message; what the application raises is raised here."""
        assert self._task is not None
        getter = asyncio.ensure_future(self._messages.get())
        try:
            await asyncio.wait({getter, self._task}, return_when=asyncio.FIRST_COMPLETED)
            if not getter.done() and self._messages.empty():
                self._task.result()
                raise httpx2.RemoteProtocolError("The application ended without an answer.", request=self._request)
            message = await getter
            if self._failure is not None:
                raise self._failure
            return message
        finally:
            getter.cancel()

    async def response_start(self) -> Message:
        try:
            message = await self._next()
        except BaseException:
            await self.aclose()
            raise
        assert message["type"] == "http.response.start"
        return message

    async def body(self) -> AsyncIterator[bytes]:
        while True:
            message = await self._next()
            if message.get("body"):
                yield message["body"]
            if not message.get("more_body", False):
                return

    async def aclose(self) -> None:
        """The client is gone; the application gets the chance to see it, then it's stopped."""
        self._gone.set()
        if self._task is not None and not self._task.done():
            if self._is_sent and self._messages.empty():
                await asyncio.sleep(0)
            self._task.cancel()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)


class _Body(httpx2.AsyncByteStream):
    def __init__(self, exchange: _Exchange) -> None:
        self._exchange = exchange

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._exchange.body():
            yield chunk

    async def aclose(self) -> None:
        await self._exchange.aclose()


@dataclass
class RunningGateway:
    """A gateway in this process."""

    gateway: Gateway
    transport: StreamingTransport
    api_key: str
    base_url: str = BASE_URL
    _clients: list[openai.AsyncOpenAI] = field(default_factory=list)

    @property
    def account(self) -> Account:
        return self.gateway.account

    def client(self, *, max_retries: int = 0, api_key: str | None = None) -> openai.AsyncOpenAI:
        """The official SDK, wired to this gateway; closed with it."""
        client = openai.AsyncOpenAI(
            api_key=api_key or self.api_key,
            base_url=self.base_url,
            max_retries=max_retries,
            http_client=self.http_client(),
        )
        self._clients.append(client)
        return client

    def http_client(self) -> httpx2.AsyncClient:
        """A bare HTTP client on the same transport."""
        return httpx2.AsyncClient(transport=self.transport, base_url=self.base_url)

    async def until(self, batch_id: str, condition: str | Callable[[BatchObject], bool]) -> BatchObject:
        """Wait for a status, or for whatever holds of the batch."""
        while True:
            batch = self.account.batch(batch_id)
            if batch.status == condition if isinstance(condition, str) else condition(batch):
                return batch
            try:
                await asyncio.wait_for(self.account.changed(), 60)
            except TimeoutError:
                raise AssertionError(f"Nothing happens any more, and it is not so yet: {batch}") from None

    async def aclose(self) -> None:
        for client in self._clients:
            await client.close()


@asynccontextmanager
async def in_process_gateway(
    data: Path,
    *,
    speed: float = FAST,
    api_key: str | None = None,
    clock: Clock | None = None,
    model: MakeModel | None = None,
    options: GatewayOptions | None = None,
) -> AsyncIterator[RunningGateway]:
    """A gateway whose state is under ``data``; a second one on the same directory is a restart."""
    told = options or GatewayOptions(data=data, speed=speed, api_key=api_key)
    gateway = Gateway(told, clock=clock, model=model)
    running = RunningGateway(gateway, StreamingTransport(gateway.app), told.api_key or "sk-test")
    async with gateway.running():
        try:
            yield running
        finally:
            await running.aclose()


running_gateway = in_process_gateway


def gateway_client(running: RunningGateway) -> openai.AsyncOpenAI:
    """An ``AsyncOpenAI`` against a running gateway."""
    return running.client()


@contextmanager
def loopback_gateway(
    data: Path,
    *,
    speed: float = FAST,
    api_key: str | None = None,
    options: GatewayOptions | None = None,
) -> Iterator[str]:
    """A gateway on a port of 127.0.0.1, in a thread of its own; gives its base URL."""
    told = options or GatewayOptions(data=data, speed=speed, api_key=api_key)
    ready = threading.Event()
    announced: list[str] = []

    def announce(base_url: str) -> None:
        announced.append(base_url)
        ready.set()

    server = GatewayServer(Gateway(told), told, announce)
    thread = threading.Thread(target=server.run, name="gateway", daemon=True)
    thread.start()
    try:
        assert ready.wait(60), "the gateway did not start"
        yield announced[0]
    finally:
        server.stop()
        thread.join(60)
        assert not thread.is_alive()
