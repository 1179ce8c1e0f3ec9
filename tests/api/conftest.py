from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from blockbuster import BlockBuster, blockbuster_ctx

from batch_tui.api.client import OpenAIService
from tests.support.faults import FaultServer
from tests.support.wire_service import wire_service

KEY = "sk-test-0123456789"


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


@pytest.fixture
async def service(server: FaultServer) -> AsyncIterator[OpenAIService]:
    async with wire_service(server.base_url, KEY) as made:
        yield made
