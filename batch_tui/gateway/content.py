"""A file's content as a streamed answer, whole or in part (RFC 9110, ranges and validators)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import aiofiles
from starlette.datastructures import Headers
from starlette.responses import Response, StreamingResponse

from batch_tui.gateway.records import FileObject

_BLOCK = 256 * 1024
_RANGE = re.compile(r"bytes=(\d*)-(\d*)$")


@dataclass(frozen=True, slots=True)
class Slice:
    """The bytes from ``start`` up to but without ``end``."""

    start: int
    end: int
    is_part: bool = True
    """False when the whole content was asked for, by no range or by one that can't be read."""


def wanted_slice(headers: Headers, size: int, etag: str) -> Slice | None:
    """The part of the content a request wants; None when its range can't be satisfied.

    What isn't one plain range of bytes, or is guarded by another version's tag, wants everything.
    """
    whole = Slice(0, size, is_part=False)
    found = _RANGE.match(headers.get("range", "").replace(" ", ""))
    if found is None or headers.get("if-range", etag) != etag:
        return whole
    first, last = found.groups()
    if first:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < int(first):
            return whole
        return Slice(start, end) if start < size else None
    if not last:
        return whole
    return Slice(max(0, size - int(last)), size) if int(last) and size else None


def content_response(file: FileObject, path: Path, headers: Headers) -> Response:
    """Answer a request for a file's content."""
    etag = f'"{file.id}"'  # content never changes under an id
    told = {
        "accept-ranges": "bytes",
        "etag": etag,
        "content-disposition": f"attachment; filename*=UTF-8''{quote(file.filename)}",
    }
    piece = wanted_slice(headers, file.bytes, etag)
    if piece is None:
        return Response(status_code=416, headers=told | {"content-range": f"bytes */{file.bytes}"})
    told["content-length"] = str(piece.end - piece.start)
    if piece.is_part:
        told["content-range"] = f"bytes {piece.start}-{piece.end - 1}/{file.bytes}"
    status = 206 if piece.is_part else 200
    return StreamingResponse(_read(path, piece), status, told, media_type="application/octet-stream")


async def _read(path: Path, piece: Slice) -> AsyncIterator[bytes]:
    left = piece.end - piece.start
    async with aiofiles.open(path, "rb") as source:
        await source.seek(piece.start)
        while left > 0:
            block = await source.read(min(_BLOCK, left))
            if not block:
                return
            left -= len(block)
            yield block
