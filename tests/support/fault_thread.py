"""The failing server in a thread of its own, for programs that are run from outside."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.faults import FaultServer

PATIENCE = 30.0


@contextmanager
def fault_server() -> Iterator[FaultServer]:
    """Serve until the block ends; what a test sets or reads is simple enough to cross threads."""
    server, started, loop = FaultServer(has_real_time=True), threading.Event(), asyncio.new_event_loop()
    end = asyncio.Event()

    async def serve() -> None:
        async with server:
            started.set()
            await end.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert started.wait(PATIENCE)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join()
        loop.close()


def until_asked(server: FaultServer, call: str, times: int = 1) -> None:
    """Wait until so many requests of a kind have arrived."""
    deadline = time.monotonic() + PATIENCE
    while server.count(call) < times:
        assert time.monotonic() < deadline, f"{call} never came; {[seen.call for seen in server.seen]}"
        time.sleep(0.01)
