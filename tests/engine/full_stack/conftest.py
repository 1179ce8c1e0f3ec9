from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from blockbuster import BlockBuster, blockbuster_ctx

from batch_tui.engine.kit import Kit
from tests.support.faults import FaultServer
from tests.support.kits import World
from tests.support.wire_service import wire_service


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
    async with wire_service(server.base_url) as service:
        yield World(tmp_path, service).start()
