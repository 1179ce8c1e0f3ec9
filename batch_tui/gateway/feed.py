"""The requests of an input file, read as they are needed."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

import msgspec

from batch_tui.gateway.shapes import as_object

_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One request line, checked before."""

    custom_id: str
    method: str
    url: str
    body: bytes
    """The body's JSON text."""


class _Envelope(msgspec.Struct):
    custom_id: str
    method: str
    url: str
    body: msgspec.Raw


def read_request(line: bytes) -> Request | None:
    """The request on a line; None when the line is blank or no request after all."""
    if not line.strip():
        return None
    try:
        envelope = msgspec.json.decode(line, type=_Envelope)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _read_patiently(line)
    return Request(envelope.custom_id, envelope.method, envelope.url, bytes(envelope.body))


def _read_patiently(line: bytes) -> Request | None:
    """Read what the strict decoder refuses and the service takes: lone surrogates, any depth it can."""
    try:
        value: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    envelope = as_object(value) or {}
    custom_id, method, url = envelope.get("custom_id"), envelope.get("method"), envelope.get("url")
    if not (isinstance(custom_id, str) and isinstance(method, str) and isinstance(url, str)):
        return None
    safe = custom_id.encode("utf-8", "replace").decode()
    return Request(safe, method, url, json.dumps(envelope.get("body")).encode())


def read_requests(path: Path, skip: Container[str] = frozenset()) -> Iterator[Request]:
    """Every request of a file whose custom_id isn't in ``skip``; blocks."""
    with path.open("rb") as lines:
        for line in lines:
            request = read_request(line)
            if request is not None and request.custom_id not in skip:
                yield request


class RequestFeed:
    """Hands out the requests one by one to many workers, reading a block ahead in a thread.

    Args:
        path: The input file; it may be deleted while it's being read.
        skip: custom_ids that have their result already.
    """

    def __init__(self, path: Path, skip: Container[str]) -> None:
        self._path = path
        self._skip = skip
        self._source: BinaryIO | None = None
        self._is_closed = False
        # Cancelling doesn't stop a thread: whoever opens late must see that the feed is closed.
        self._guard = threading.Lock()
        self._ready: deque[Request] = deque()
        self._reading = asyncio.Lock()
        self._is_over = False

    async def __aenter__(self) -> Self:
        if not await asyncio.to_thread(self._path.exists):
            raise FileNotFoundError(self._path.name)
        return self

    async def __aexit__(self, *error: object) -> None:
        # Not a coroutine: cancelled twice, it would never be run and leave the file open.
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, self._close))

    async def next(self) -> Request | None:
        """The next request, or None when none is left."""
        while not self._ready and not self._is_over:
            async with self._reading:
                if not self._ready and not self._is_over:
                    await self._read_block()
        return self._ready.popleft() if self._ready else None

    async def _read_block(self) -> None:
        lines = await asyncio.to_thread(self._read_lines)
        self._is_over = not lines
        requests = (read_request(line) for line in lines)
        self._ready.extend(r for r in requests if r is not None and r.custom_id not in self._skip)

    def _read_lines(self) -> list[bytes]:
        with self._guard:
            if self._is_closed:
                return []
            if self._source is None:
                self._source = self._path.open("rb")
            return self._source.readlines(_BLOCK)

    def _close(self) -> None:
        with self._guard:
            self._is_closed = True
            if self._source is not None:
                self._source.close()
