from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest
from blockbuster import BlockBuster, blockbuster_ctx

from batch_tui.api.client import OpenAIService
from batch_tui.api.connection import Connection
from batch_tui.api.transfers import Timeouts
from batch_tui.engine.kit import Kit
from tests.support.faults import FaultServer
from tests.support.kits import World

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


@pytest.fixture(autouse=True)
def nothing_blocks_the_loop() -> Iterator[BlockBuster]:
    with blockbuster_ctx("batch_tui") as guard:
        yield guard


@pytest.fixture
async def server() -> AsyncIterator[FaultServer]:
    async with FaultServer() as running:
        yield running


@pytest.fixture
async def kit(server: FaultServer, tmp_path: Path) -> AsyncIterator[Kit]:
    http = httpx2.AsyncClient(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False)
    service = OpenAIService(Connection(server.base_url, "sk-test"), http_client=http, timeouts=SHORT)
    yield World(tmp_path, service).start()
    await service.aclose()
