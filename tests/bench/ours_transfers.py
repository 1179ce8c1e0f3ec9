"""The transfers to be measured, and the server they go to: ``python -m tests.bench.ours_transfers FILE``."""

from __future__ import annotations

import asyncio
import hashlib
import resource
import shutil
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import openai

from batch_tui.api.client import OpenAIService
from batch_tui.api.connection import Connection
from batch_tui.domain.files import RemoteFile
from tests.support.faults import FaultServer

KEY = "sk-bench"
MAX_GAP = 0.1
"""Seconds that the event loop may be away."""


def small(url: str) -> None:
    """Load the SDK and ask for one page: what every call costs."""

    async def work(service: OpenAIService) -> None:
        await service.list_batches()

    _measured("one small call", url, work)


def upload(url: str, source: str) -> None:
    """Send a file and hash it on the way."""

    async def work(service: OpenAIService) -> None:
        await service.upload_file(Path(source), name="in.jsonl")

    _measured("upload", url, work)


def download(url: str, folder: str) -> None:
    """Fetch a file, synced and renamed."""
    shutil.rmtree(folder, ignore_errors=True)
    Path(folder).mkdir()

    async def work(service: OpenAIService) -> None:
        (file,) = [file for file in (await service.list_files()).files if file.purpose == "batch_output"]
        await service.download_file(RemoteFile(file.id, bytes=file.bytes), Path(folder) / "out.jsonl")

    _measured("download", url, work)


def sdk_upload(url: str, source: str) -> None:
    """The SDK's client for event loops with an open file; no hash, no progress."""

    async def work() -> None:
        async with openai.AsyncOpenAI(base_url=url, api_key=KEY, max_retries=0) as client:
            with Path(source).open("rb") as handle:  # noqa: ASYNC230 - what a script does
                await client.files.create(file=("in.jsonl", handle), purpose="batch")

    asyncio.run(work())


def sdk_upload_hashed(url: str, source: str) -> None:
    """The same, and the file is hashed before: what tells that it is the one that was checked."""
    with Path(source).open("rb") as handle:
        hashlib.file_digest(handle, "sha256")
    sdk_upload(url, source)


def sdk_download(url: str, target: str) -> None:
    """The SDK's stream for event loops to a file; no resume, no sync."""

    async def work() -> None:
        async with openai.AsyncOpenAI(base_url=url, api_key=KEY, max_retries=0) as client:
            (file,) = [file async for file in client.files.list() if file.purpose == "batch_output"]
            async with client.files.with_streaming_response.content(file.id) as reply:
                await reply.stream_to_file(target)

    asyncio.run(work())


def _measured(name: str, url: str, work: Callable[[OpenAIService], Awaitable[None]]) -> None:
    """Do the work beside a heartbeat; tell the longest gap and the memory on stderr."""

    async def main() -> tuple[float, int]:
        service = OpenAIService(Connection(url, KEY))
        await service.list_batches()  # the first call makes the client and loads certificates
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        gaps: list[float] = [0.0]
        beat = asyncio.ensure_future(_beat(gaps))
        await work(service)
        beat.cancel()
        await service.aclose()
        return max(gaps), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before

    gap, extra = asyncio.run(main())
    mark = "" if gap <= MAX_GAP else "! "
    print(f"{name}: {mark}longest loop gap {gap * 1000:.0f} ms, +{extra / 1024:.0f} MB", file=sys.stderr)  # noqa: T201 - what it is run for


async def _beat(gaps: list[float]) -> None:
    while True:
        before = time.perf_counter()
        await asyncio.sleep(0.005)
        gaps.append(time.perf_counter() - before - 0.005)


async def _serve(content: bytes) -> None:
    async with FaultServer() as server:
        server.add_file(content)
        print(server.base_url, flush=True)  # noqa: T201 - tells its parent
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]).read_bytes()))
