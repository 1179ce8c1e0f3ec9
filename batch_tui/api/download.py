"""Downloading: one request per call, to a part that the next call picks up.

A cut raises and keeps the part; the engine decides when to call again. A part is continued only with a strong
ETag (``Range`` and ``If-Range``) and only by a 206 that names exactly the missing bytes; whatever else the
server answers starts over, and nothing gets the final name before its size is what the service said.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiofiles
import httpx2
from aiofiles.threadpool.binary import AsyncFileIO
from msgspec import Struct
from openai.resources.files import AsyncFilesWithStreamingResponse

from batch_tui.api.errors import translated
from batch_tui.api.part import Origin, Part, output_error, require_free
from batch_tui.api.replies import Call, is_web_page, not_the_api
from batch_tui.api.transfers import Meter, OnProgress, StallGuard, Timeouts, finished
from batch_tui.domain.errors import ServerFaultError, ServiceError
from batch_tui.domain.files import RemoteFile

WRITE_BYTES = 512 * 1024
"""Bytes that are gathered before a write goes to a thread."""
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")


class DownloadOrder(Struct, frozen=True):
    """What to fetch, and where to."""

    file: RemoteFile
    destination: Path
    overwrite: bool = False

    @property
    def size(self) -> int | None:
        """Bytes to expect; None when the service doesn't say (some say 0 for "not known yet")."""
        return self.file.bytes or None


async def fetch(
    files: AsyncFilesWithStreamingResponse,
    order: DownloadOrder,
    call: Call,
    *,
    timeouts: Timeouts,
    on_progress: OnProgress | None = None,
) -> Path:
    """Fetch one file with at most one GET.

    Raises:
        OutputFileError: The destination is taken, or the disk can't hold it; a part is kept.
        TransferStalledError: Next to nothing came for the stall time; the part is kept.
        ServiceError: The service refused, failed, cut the reply, or could not be reached; the part is kept unless
            it can't be trusted.
    """
    await asyncio.to_thread(require_free, order.destination, overwrite=order.overwrite)
    part = Part(order.destination, order.file.id)
    try:
        await finished(asyncio.to_thread(part.open))
        if not part.is_whole(order.size):
            await _Download(files, order, call, part).run(timeouts, on_progress)
        return await finished(asyncio.to_thread(part.finish, overwrite=order.overwrite))
    finally:
        await finished(asyncio.to_thread(part.close))


class _Download(Struct, frozen=True):
    """One request for one part."""

    files: AsyncFilesWithStreamingResponse
    order: DownloadOrder
    call: Call
    part: Part

    async def run(self, timeouts: Timeouts, on_progress: OnProgress | None) -> None:
        """Ask for what is missing and write it down."""
        offset = self.part.resume_from
        guard = StallGuard(self.part.label, timeouts.stall, timeouts.stall_bytes)
        async with guard, AsyncExitStack() as stack:
            response = await self._ask(stack, offset, timeouts)
            try:
                origin = self._examine(response, offset)
            except _StartOverError:
                await finished(asyncio.to_thread(self.part.drop))
                raise
            offset = offset if response.status_code == 206 else 0
            if offset == 0:
                await finished(asyncio.to_thread(self.part.start, origin))
            total = self.order.size or origin.total
            meter = Meter(on_progress, total, done=offset)
            await self._write_all(response, guard, meter)
            await self._check_end(response, meter)
        meter.end()

    async def _ask(self, stack: AsyncExitStack, offset: int, timeouts: Timeouts) -> httpx2.Response:
        headers = {"Accept-Encoding": "identity"}
        if offset:
            headers |= {"Range": f"bytes={offset}-", "If-Range": self.part.origin.etag or ""}
        # The guard ends a silent transfer; the transport's own limit is only there should the guard fail.
        limits = httpx2.Timeout(timeouts.stall * 1.5, connect=timeouts.connect, pool=timeouts.connect)
        try:
            with translated(self.call):
                reply = await stack.enter_async_context(
                    self.files.content(self.order.file.id, extra_headers=headers, timeout=limits),
                )
        except ServiceError as error:
            if offset and error.status in {412, 416}:
                await finished(asyncio.to_thread(self.part.drop))
                raise self._start_over() from error
            raise
        return reply.http_response

    def _examine(self, response: httpx2.Response, offset: int) -> Origin:
        """Believe a reply's head, or raise.

        Returns:
            What the bytes belong to; without an ETag when they must not be continued later.
        """
        headers = response.headers
        if is_web_page(headers, b""):
            raise not_the_api(self.call)
        encoded = headers.get("content-encoding", "identity").lower() not in {"", "identity"}
        if response.status_code == 206:
            if encoded or not self._continues(headers, offset):
                raise self._start_over()
            return self.part.origin
        length = None if encoded else _whole_number(headers.get("content-length", ""))
        if response.status_code != 200 or "content-range" in headers:
            raise self._start_over()
        known = self.order.size or (self.part.origin.total if offset and self._is_same(headers) else None)
        if None not in {length, known} and length != known:
            raise self._start_over(f"{length:,} bytes came where the service had said {known:,}")
        # A whole file in answer to a range may still be a piece of it: it isn't continued.
        trusted = not offset and not encoded
        return Origin(_strong(headers.get("etag", "")) if trusted else None, length or self.order.size)

    def _is_same(self, headers: httpx2.Headers) -> bool:
        return headers.get("etag") == self.part.origin.etag

    def _continues(self, headers: httpx2.Headers, offset: int) -> bool:
        """Whether a 206 holds exactly the bytes from ``offset`` to the end, of the same version."""
        found = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
        if not offset or found is None or ("etag" in headers and not self._is_same(headers)):
            return False
        first, last = int(found[1]), int(found[2])
        expected = self.order.size or self.part.origin.total
        said = last + 1 if found[3] == "*" else int(found[3])
        return first == offset and last == said - 1 and expected in {None, said}

    async def _write_all(self, response: httpx2.Response, guard: StallGuard, meter: Meter) -> None:
        """Stream the body into the part; what came before a cut is written too."""
        async with aiofiles.open(self.part.descriptor, "r+b", buffering=0, closefd=False) as target:
            await target.seek(meter.done)
            waiting = bytearray()
            try:
                async for chunk in chunks(response, self.call):
                    if meter.done == 0 and is_web_page({}, chunk):
                        raise not_the_api(self.call)
                    guard.moved(len(chunk))
                    meter.moved(len(chunk))
                    if meter.total is not None and meter.done > meter.total:
                        await finished(asyncio.to_thread(self.part.drop))
                        raise self._start_over("more bytes came than the service had said")
                    waiting += chunk
                    if len(waiting) >= WRITE_BYTES:
                        full, waiting = waiting, bytearray()
                        await finished(self._write(target, full, meter))
            finally:
                await finished(self._write(target, waiting, meter))

    async def _write(self, target: AsyncFileIO, data: bytearray, meter: Meter) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[await target.write(view) :]
        except OSError as error:
            missing = None if meter.total is None else meter.total - meter.done + len(view)
            raise output_error(error, self.part.label, missing) from error

    async def _check_end(self, response: httpx2.Response, meter: Meter) -> None:
        """The body ended in good order: is it all?"""
        if meter.total is None:
            if "content-length" in response.headers or "chunked" in response.headers.get("transfer-encoding", ""):
                return
            await finished(asyncio.to_thread(self.part.drop))
            raise self._start_over("nothing tells whether the reply was whole")
        if meter.done < meter.total:
            raise ServerFaultError(
                f"{self.call.host} ended the file early: {meter.done:,} of {meter.total:,} bytes came.",
                effect=self.call.effect(),
            )

    def _start_over(self, reason: str = "it answered a range wrongly") -> _StartOverError:
        message = f"{self.call.host} can't continue {self.part.label} ({reason}): the download starts over."
        return _StartOverError(message, effect=self.call.effect())


class _StartOverError(ServerFaultError):
    """The part can't be trusted or continued: the next try begins at the first byte."""


async def chunks(response: httpx2.Response, call: Call) -> AsyncIterator[bytes]:
    """The body, piece by piece, with the transport's errors turned into ours."""
    stream = response.aiter_bytes()
    while True:
        with translated(call):
            chunk = await anext(stream, None)
        if chunk is None:
            return
        yield chunk


def _strong(etag: str) -> str | None:
    """The ETag when it vouches for every byte: quoted, and not weak."""
    return etag if len(etag) > 2 and etag[0] == etag[-1] == '"' and len(etag) <= 1024 else None


def _whole_number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
