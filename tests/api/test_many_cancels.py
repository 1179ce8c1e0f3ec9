from __future__ import annotations

import asyncio

from batch_tui.api.client import OpenAIService
from batch_tui.api.connection import Connection
from tests.support.faults import FaultServer, silence

MANY = 100


async def test_fault_09_cancel_no_cancel_waits_for_the_answer_to_another(server: FaultServer) -> None:
    """With the program's own connections, not the tests': their number is what is tested."""
    ids = [server.add_batch() for _ in range(MANY)]
    server.fail("cancel", silence(), times=None)
    service = await asyncio.to_thread(OpenAIService, Connection(server.base_url, "sk-test"))
    posts = [asyncio.ensure_future(service.cancel_batch(batch_id)) for batch_id in ids]
    try:
        while server.count("cancel") < MANY:
            assert not any(post.done() for post in posts), "none may have been given up before all were sent"
            await asyncio.sleep(0)
    finally:
        for post in posts:
            post.cancel()
        await asyncio.gather(*posts, return_exceptions=True)
        await service.aclose()
