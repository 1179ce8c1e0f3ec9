from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import httpx2
import pytest
from blockbuster import BlockBuster, blockbuster_ctx

from batch_tui.api.client import OpenAIService
from batch_tui.api.connection import Connection
from batch_tui.api.transfers import Timeouts
from tests.support.faults import Fault, FaultServer

KEY = "sk-test-0123456789"
SHORT = Timeouts(
    connect=0.5,
    read=0.2,
    create=0.2,
    cancel=0.2,
    upload_reply=0.2,
    upload_write=0.5,
    stall=0.2,
    stall_bytes=200,
)
"""Real waiting, but little of it: what is under test is which limit ends what."""
_WAITED_OUT = frozenset({"silence", "hang in body", "drip", "deaf"})


@dataclass(frozen=True, slots=True)
class Clients:
    """One client with the product's patience, and one that waits out what never comes."""

    patient: OpenAIService
    hasty: OpenAIService

    def for_fault(self, fault: Fault) -> OpenAIService:
        """The client to meet a fault with: a busy machine must not end what would come."""
        return self.hasty if fault.name in _WAITED_OUT else self.patient


@pytest.fixture(autouse=True)
def nothing_blocks_the_loop() -> Iterator[BlockBuster]:
    with blockbuster_ctx("batch_tui.api") as guard:
        yield guard


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
async def server() -> AsyncIterator[FaultServer]:
    async with FaultServer() as running:
        yield running


def client(server: FaultServer, timeouts: Timeouts | None) -> OpenAIService:
    # Without the machine's certificates, which take a tenth of a second to load.
    http = httpx2.AsyncClient(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    return OpenAIService(Connection(server.base_url, KEY), http_client=http, timeouts=timeouts)


@pytest.fixture
async def clients(server: FaultServer) -> AsyncIterator[Clients]:
    made = Clients(client(server, None), client(server, SHORT))
    yield made
    await made.patient.aclose()
    await made.hasty.aclose()


@pytest.fixture
def service(clients: Clients) -> OpenAIService:
    return clients.patient
