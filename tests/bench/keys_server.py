"""A service that tells when a request arrives and when a transfer is dropped: ``python -m … OPTIONS`` (JSON).

It writes its port, and then a line for each event: its name, what it is about (of a transfer the client's port),
and the monotonic second.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

PAGE = 100
"""Batches of a page, when nobody says otherwise."""
_PIECE = 65_536


@dataclass(frozen=True, slots=True)
class Manner:
    """How it serves."""

    batches: int = 100
    """In the account; the newest ended and has an output."""
    active: int = 100
    """How many of the others run."""
    parts: int = 0
    """How many of those at the end of the list are the parts of one file."""
    list_seconds: float = 0.0
    """Before each page but the first."""
    cancel_seconds: float = 0.0
    """Before each answer to a cancel."""
    file_bytes: int = 200_000_000
    bytes_per_second: float = 1e12
    """Of each file, up and down."""


class Server:
    """The account.

    Args:
        manner: How it serves.
    """

    def __init__(self, manner: Manner) -> None:
        self.manner = manner
        self._pages = itertools.count()
        self._cancelled: set[str] = set()
        self._began = int(time.time())

    async def serve(self) -> None:
        """Serve for ever."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        tell("port", str(server.sockets[0].getsockname()[1]))
        async with server:
            await server.serve_forever()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tell("connected", "")
        try:
            while line := await reader.readline():
                arrived = time.monotonic()
                method, target, _ = line.decode().split(" ", 2)
                headers = await _headers(reader)
                await self._answer(method, target, headers, reader, writer, arrived)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(
        self,
        method: str,
        target: str,
        headers: dict[str, str],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        arrived: float,
    ) -> None:
        path = urlsplit(target).path.removeprefix("/v1/").split("/")
        length = int(headers.get("content-length", "0"))
        port = str(writer.get_extra_info("peername")[1])
        match method, path:
            case "POST", ["batches", name, "cancel"]:
                tell("cancel", name, arrived)
                await reader.readexactly(length)
                self._cancelled.add(name)
                await asyncio.sleep(self.manner.cancel_seconds)
                await _send(writer, self._batch(int(name.removeprefix("b"))))
            case "POST", ["files"]:
                await self._take(reader, port, chunked="transfer-encoding" in headers, length=length)
                await _send(writer, {"id": "file-in", "object": "file", "bytes": length, "filename": "in.jsonl"})
            case "POST", ["batches"]:
                await reader.readexactly(length)
                await _send(writer, self._batch(1))
            case "GET", ["batches"]:
                tell("list", target, arrived)
                await self._list(target, writer)
            case "GET", ["batches", name]:
                await _send(writer, self._batch(int(name.removeprefix("b"))))
            case "GET", ["files", name]:
                await _send(writer, {"id": name, "object": "file", "bytes": self.manner.file_bytes})
            case "GET", ["files", name, "content"]:
                await self._give(name, port, writer)
            case _:
                await _send(writer, {"object": "list", "data": [], "has_more": False})

    async def _list(self, target: str, writer: asyncio.StreamWriter) -> None:
        if next(self._pages):
            await asyncio.sleep(self.manner.list_seconds)
        query = parse_qs(urlsplit(target).query)
        limit, after = int(query.get("limit", [str(PAGE)])[0]), query.get("after", ["b-1"])[0]
        first = int(after.removeprefix("b")) + 1
        entries = [self._batch(n) for n in range(first, min(first + limit, self.manner.batches))]
        has_more = first + limit < self.manner.batches
        await _send(writer, {"object": "list", "data": entries, "has_more": has_more})

    def _batch(self, number: int) -> dict[str, object]:
        name = f"b{number}"
        status = "cancelling" if name in self._cancelled else "in_progress"
        batch: dict[str, object] = {
            "id": name,
            "object": "batch",
            "endpoint": "/v1/chat/completions",
            "input_file_id": f"file-{number}",
            "completion_window": "24h",
            "status": status if 0 < number <= self.manner.active else "completed",
            "created_at": self._began - 300 * number,
            "request_counts": {"total": 1000, "completed": 500, "failed": number * 7 % 11},
            "metadata": {"batch_tui_name": f"run-{number}", **self._place_of(number)},
        }
        return batch if number else batch | {"output_file_id": "file-out", "completed_at": self._began}

    def _place_of(self, number: int) -> dict[str, str]:
        """What tells of a part where it belongs."""
        place = number - (self.manner.batches - self.manner.parts) + 1
        return (
            {"batch_tui_group": "ab" * 16, "batch_tui_part": f"{place}/{self.manner.parts}"} if place > 0 else {}
        )

    async def _take(self, reader: asyncio.StreamReader, port: str, *, chunked: bool, length: int) -> None:
        tell("upload", port)
        pace, left = _Pace(self.manner.bytes_per_second), length
        while chunked or left:
            size = int(await reader.readline() or b"-1", 16) if chunked else min(left, _PIECE)
            if size < 0:
                raise ConnectionError
            await reader.readexactly(size + 2 * chunked)
            left -= size
            if chunked and not size:
                break
            await pace.keep(size)

    async def _give(self, name: str, port: str, writer: asyncio.StreamWriter) -> None:
        tell("download", port)
        head = f'HTTP/1.1 200 OK\r\nContent-Length: {self.manner.file_bytes}\r\nETag: "{name}"\r\n\r\n'
        writer.write(head.encode())
        pace = _Pace(self.manner.bytes_per_second)
        line = b'{"custom_id":"a","response":{"status_code":200,"body":{}},"error":null}\n'
        piece = line * (_PIECE // len(line))
        for start in range(0, self.manner.file_bytes, len(piece)):
            writer.write(piece[: self.manner.file_bytes - start])
            await writer.drain()
            await pace.keep(len(piece))


class _Pace:
    """Lets bytes pass at a rate."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._due = time.monotonic()

    async def keep(self, count: int) -> None:
        self._due += count / self._per_second
        ahead = self._due - time.monotonic()
        if ahead > 0:
            await asyncio.sleep(ahead)


async def _headers(reader: asyncio.StreamReader) -> dict[str, str]:
    found: dict[str, str] = {}
    while line := (await reader.readline()).strip():
        name, _, value = line.decode("latin-1").partition(":")
        found[name.lower()] = value.strip()
    return found


async def _send(writer: asyncio.StreamWriter, body: object) -> None:
    text = json.dumps(body).encode()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(text))
    writer.write(text)
    await writer.drain()


def tell(name: str, about: str, at: float | None = None) -> None:
    """Write an event."""
    print(name, about or "-", time.monotonic() if at is None else at, flush=True)  # noqa: T201 - its output


if __name__ == "__main__":
    asyncio.run(Server(Manner(**json.loads(sys.argv[1]))).serve())
