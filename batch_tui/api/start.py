"""The first lines of a remote file, long before the whole: one request that is dropped when they are here.

A server with ranges sends no more than was asked for; any other sends the whole file, of which the first bytes are
read and the rest is refused by closing the connection.
"""

from __future__ import annotations

import re
from contextlib import AsyncExitStack

import httpx2
from msgspec import Struct
from openai.resources.files import AsyncFilesWithStreamingResponse

from batch_tui.api.download import chunks
from batch_tui.api.errors import translated
from batch_tui.api.replies import Call, is_web_page, not_the_api
from batch_tui.api.transfers import StallGuard, Timeouts
from batch_tui.domain.errors import ServerFaultError, ServiceError
from batch_tui.domain.files import FileStart

_CONTENT_RANGE = re.compile(r"bytes 0-(\d{1,18})/(\d{1,18}|\*)")


class StartOrder(Struct, frozen=True):
    """What to read of which file."""

    file_id: str
    lines: int
    """How many lines are enough."""
    most_bytes: int
    """How many bytes are read for them at most."""


async def fetch_start(
    files: AsyncFilesWithStreamingResponse, order: StartOrder, call: Call, *, timeouts: Timeouts
) -> FileStart:
    """Read the first lines of a file with one GET.

    Raises:
        TransferStalledError: Next to nothing came for the stall time.
        ServiceError: The service refused, failed, cut the reply, or could not be reached.
    """
    guard = StallGuard(call.what, timeouts.stall, timeouts.stall_bytes)
    async with guard, AsyncExitStack() as stack:
        try:
            response = await _ask(stack, files, order, call, timeouts)
        except ServiceError as error:
            if error.status == 416:  # an empty file has no first byte
                return FileStart(b"", is_whole=False)
            raise
        is_all = _reaches_the_end(response, call)
        content = bytearray()
        is_ended = True
        async for chunk in chunks(response, call):
            if not content and is_web_page({}, chunk):
                raise not_the_api(call)
            guard.moved(len(chunk))
            content += chunk
            if len(content) >= order.most_bytes or content.count(b"\n") > order.lines:
                is_ended = False
                break
        # Closing early costs the connection, which is cheaper than the rest of the file.
        return first_lines(bytes(content[: order.most_bytes]), order.lines, is_whole=is_ended and is_all)


async def _ask(
    stack: AsyncExitStack,
    files: AsyncFilesWithStreamingResponse,
    order: StartOrder,
    call: Call,
    timeouts: Timeouts,
) -> httpx2.Response:
    headers = {"Accept-Encoding": "identity", "Range": f"bytes=0-{order.most_bytes - 1}"}
    limits = httpx2.Timeout(timeouts.stall * 1.5, connect=timeouts.connect, pool=timeouts.connect)
    with translated(call):
        reply = await stack.enter_async_context(
            files.content(order.file_id, extra_headers=headers, timeout=limits)
        )
    return reply.http_response


def _reaches_the_end(response: httpx2.Response, call: Call) -> bool:
    """Whether the reply, read to its end, is all of the file; an error when it isn't its beginning."""
    if is_web_page(response.headers, b""):
        raise not_the_api(call)
    if response.status_code == 200 and "content-range" not in response.headers:
        # Without a length the end of the connection may be a cut.
        return "content-length" in response.headers or "chunked" in response.headers.get("transfer-encoding", "")
    found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", "").strip())
    if response.status_code != 206 or found is None:
        message = f"{call.host} answered wrongly when asked for the beginning of a file."
        raise ServerFaultError(message, effect=call.effect(), status=response.status_code)
    return found[2] != "*" and int(found[1]) + 1 == int(found[2])


def first_lines(content: bytes, lines: int, *, is_whole: bool) -> FileStart:
    """As many whole lines as were asked for."""
    kept = content
    if not is_whole:
        kept = content[: content.rfind(b"\n") + 1]
    first = kept.split(b"\n", lines)
    if len(first) > lines:
        rest = first.pop()
        kept = kept[: len(kept) - len(rest)]
    return FileStart(kept, is_whole and len(kept) == len(content))
