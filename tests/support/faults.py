"""A Batch API on a loopback port that fails as it is told, and keeps a ledger of what was created.

For each kind of request (``list poll create cancel upload download files file delete look``) faults are queued; a
request without a queued fault is served well, so "fails once, then works" is one line::

    async with FaultServer() as server:
        server.fail("create", reset(after=True))         # carried out, then the connection is torn
        server.fail("list", status(503), times=None)     # every list from now on
        server.calm("list")                              # and back to normal
        file_id = server.add_file(b"...")                # content with Range, If-Range and a strong ETag
        server.ranges = "shifted"                        # how Range requests are answered from now on
        ...
        assert len(server.ledger) == 1                   # batches that cost money
        assert server.count("create") == 1               # requests seen, faulty ones included
        assert server.seen[-1].headers["range"] == "bytes=5-"

Where nothing comes any more (``silence``, ``hang_in_body``, ``drip``, ``deaf``) the loop's clock runs ahead until
the client gives up, so that its own limits are tested and nobody waits.

A fault with ``after=True`` strikes when the request has been carried out, else before. ``Connection`` wants
``server.base_url``; nothing here knows the client.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import gzip
import itertools
import json
import re
import socket
import struct
import sys
import termios
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.loop_time import LoopTime

Json = object
PORTAL = b"<!DOCTYPE html><html><title>Hotel Wifi</title><body>Please log in</body></html>"
PATIENCE = 130
"""Seconds a client's time runs ahead at the most while nothing comes: beyond the longest limit, an upload's."""
_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a well-behaved server would answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def head(self, *, length: int | None = None, chunked: bool = False) -> bytes:
        """Status line and headers; without a length and not chunked the body ends with the connection."""
        lines = {"Content-Type": "application/json", "Date": formatdate(usegmt=True), **self.headers}
        if chunked:
            lines["Transfer-Encoding"] = "chunked"
        elif length is not None:
            lines["Content-Length"] = str(length)
        else:
            lines["Connection"] = "close"
        text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"HTTP/1.1 {self.status} X\r\n{text}\r\n".encode("latin-1")

    def cut_at(self, share: float) -> bytes:
        """The first part of the body, at least one byte short."""
        return self.body[: min(int(len(self.body) * share), len(self.body) - 1)]


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived."""

    call: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""


class Exchange:
    """One request and the connection it came on."""

    def __init__(
        self, seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, time: LoopTime | None
    ) -> None:
        self.seen = seen
        self.reader = reader
        self.writer = writer
        self.reply = Reply()
        self._time = time

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
        await self.writer.drain()

    async def until_taken(self) -> None:
        """Wait until no byte is on this side any more: a reset would throw it away."""
        raw: socket.socket = self.writer.get_extra_info("socket")
        transport = self.writer.transport
        while not transport.is_closing() and (transport.get_write_buffer_size() or _unsent(raw)):  # noqa: ASYNC110 - the kernel has no event for it
            await asyncio.sleep(0.001)

    def reset(self) -> None:
        """RST, not FIN."""
        raw: socket.socket = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def until_client_leaves(self) -> None:
        """Take in what still comes; the client's patience is over at once where its time can run ahead."""
        if self._time is None:
            await self._read_out()
        else:
            await self._time.run_ahead_until(self._read_out(), at_most=PATIENCE)

    async def wait(self, seconds: float) -> None:
        """Wait, without waiting where time can run ahead."""
        await (asyncio.sleep(seconds) if self._time is None else self._time.run_ahead(seconds))

    async def _read_out(self) -> None:
        while await self.reader.read(65_536):
            pass


Act = Callable[[Exchange], Awaitable[Reply | None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """A way to fail: ``act`` answers by itself (None: the connection is over) or gives the reply to send."""

    name: str
    act: Act
    after: bool = False
    """True: the request is carried out first."""


def reset(*, after: bool) -> Fault:
    """6, 7: RST instead of an answer."""

    async def act(exchange: Exchange) -> None:
        exchange.reset()

    return Fault("reset", act, after)


def close(*, after: bool) -> Fault:
    """6, 8: FIN instead of an answer."""

    async def act(exchange: Exchange) -> None:
        exchange.writer.close()

    return Fault("close", act, after)


def silence(*, after: bool = True) -> Fault:
    """9: no answer at all."""

    async def act(exchange: Exchange) -> None:
        await exchange.until_client_leaves()

    return Fault("silence", act, after)


def deaf() -> Fault:
    """33: nothing is read any more, so that the client's own buffers fill up."""

    async def act(exchange: Exchange) -> None:
        await exchange.wait(PATIENCE)
        await asyncio.Event().wait()

    return Fault("deaf", act)


def hang_in_body(share: float = 0.5) -> Fault:
    """10: the body stops coming."""

    async def act(exchange: Exchange) -> None:
        reply = exchange.reply
        await exchange.send(reply.head(length=len(reply.body)), reply.cut_at(share))
        await exchange.until_client_leaves()

    return Fault("hang in body", act, after=True)


def reset_in_body(share: float = 0.5) -> Fault:
    """11: RST in the middle of the body, once the client's machine has what came before."""

    async def act(exchange: Exchange) -> None:
        reply = exchange.reply
        await exchange.send(reply.head(length=len(reply.body)), reply.cut_at(share))
        await exchange.until_taken()
        exchange.reset()

    return Fault("reset in body", act, after=True)


def short_length(share: float = 0.5) -> Fault:
    """12: FIN before Content-Length is reached."""

    async def act(exchange: Exchange) -> None:
        reply = exchange.reply
        await exchange.send(reply.head(length=len(reply.body)), reply.cut_at(share))
        exchange.writer.close()

    return Fault("short Content-Length", act, after=True)


def short_chunked(share: float = 0.5) -> Fault:
    """13: FIN before the last chunk."""

    async def act(exchange: Exchange) -> None:
        piece = exchange.reply.cut_at(share)
        await exchange.send(exchange.reply.head(chunked=True), f"{len(piece):x}\r\n".encode(), piece, b"\r\n")
        exchange.writer.close()

    return Fault("short chunked", act, after=True)


def early_eof(share: float = 0.5) -> Fault:
    """14: no length at all, and FIN too early."""

    async def act(exchange: Exchange) -> None:
        await exchange.send(exchange.reply.head(), exchange.reply.cut_at(share))
        exchange.writer.close()

    return Fault("early EOF", act, after=True)


def cut_json(share: float = 0.5) -> Fault:
    """15: a well-framed reply whose JSON is cut."""
    return changed(lambda reply: replace(reply, body=reply.cut_at(share)))


def portal() -> Fault:
    """16: 200 and a web page."""
    return answer(Reply(200, PORTAL, {"Content-Type": "text/html"}))


def status(
    code: int,
    message: str = "The server had an error.",
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    after: bool = False,
) -> Fault:
    """17-25, 27: an error in the API's form (or any body)."""
    return answer(Reply(code, body if body is not None else error_body(message), headers or {}), after=after)


def redirect(location: str, code: int = 307) -> Fault:
    """29."""
    return answer(Reply(code, b"", {"Location": location}))


def garbage(*, after: bool = False) -> Fault:
    """30: something that is no HTTP."""

    async def act(exchange: Exchange) -> None:
        await exchange.send(b"\x00\x01SSH-2.0-OpenSSH_9.6\r\n" * 5)
        exchange.writer.close()

    return Fault("garbage", act, after)


def corrupt_gzip() -> Fault:
    """31: compressed, and broken in the middle."""

    def broken(reply: Reply) -> Reply:
        packed = bytearray(gzip.compress(reply.body))
        packed[10:] = bytes(byte ^ 0x5A for byte in packed[10:])
        return replace(reply, body=bytes(packed), headers={**reply.headers, "Content-Encoding": "gzip"})

    return changed(broken)


def corrupt_bytes(at: int = 10) -> Fault:
    """32: wrong bytes, right length."""
    return changed(lambda reply: replace(reply, body=reply.body[:at] + b"\xff\x00" + reply.body[at + 2 :]))


def drip(piece: int = 1, every: float = 0.01) -> Fault:
    """33: a few bytes at a time."""

    async def act(exchange: Exchange) -> None:
        reply = exchange.reply
        await exchange.send(reply.head(length=len(reply.body)))
        for start in range(0, len(reply.body), piece):
            await exchange.send(reply.body[start : start + piece])
            await exchange.wait(every)

    return Fault("drip", act, after=True)


def refuse_while_sending(code: int = 413, message: str = "File is too large.", *, lingers: bool = True) -> Fault:
    """28: the answer comes while the request's body is still being sent, which is not read."""

    async def act(exchange: Exchange) -> None:
        body = error_body(message)
        refusal = Reply(code, body, {"Connection": "close"})
        await exchange.send(refusal.head(length=len(body)), body)
        if lingers:
            await exchange.until_client_leaves()
        exchange.writer.close()

    return Fault("refuse while sending", act)


def answer(reply: Reply, *, after: bool = False) -> Fault:
    """Any fixed reply."""

    async def act(exchange: Exchange) -> Reply:
        return reply

    return Fault(f"answer {reply.status}", act, after)


def say(value: Json, code: int = 200) -> Fault:
    """38-47, 71-75: any JSON value instead of the right one, after the request was carried out."""
    return answer(Reply(code, json.dumps(value).encode()), after=True)


def changed(change: Callable[[Reply], Reply]) -> Fault:
    """The right reply, changed."""

    async def act(exchange: Exchange) -> Reply:
        return change(exchange.reply)

    return Fault("changed", act, after=True)


def error_body(message: str, code: str | None = None) -> bytes:
    return json.dumps({"error": {"message": message, "type": "x", "param": None, "code": code}}).encode()


@dataclass(slots=True)
class StoredFile:
    """A file of the server."""

    id: str
    name: str
    content: bytes
    purpose: str
    etag: str
    size: int | None = None
    """What the server says its size is, when it lies."""

    def wire(self) -> dict[str, Json]:
        size = len(self.content) if self.size is None else self.size
        return {
            "id": self.id,
            "object": "file",
            "bytes": size,
            "created_at": 1_711_471_533,
            "filename": self.name,
            "purpose": self.purpose,
            "status": "processed",
        }


class FaultServer:
    """See the module's text. Use as an async context manager.

    Args:
        has_real_time: True when the client isn't on this loop, so that its time can't be made to run ahead.
    """

    def __init__(self, *, has_real_time: bool = False) -> None:
        self._has_real_time = has_real_time
        self._time: LoopTime | None = None
        self.seen: list[Seen] = []
        self.ledger: list[str] = []
        """Ids of the batches that were created: each costs money."""
        self.batches: dict[str, dict[str, Json]] = {}
        self.files: dict[str, StoredFile] = {}
        self.ranges = "good"
        """``good ignored shifted partial_200 wrong_total refused weak_etag no_etag``."""
        self.base_url = ""
        self.port = 0
        self._queues: dict[str, deque[Fault]] = defaultdict(deque)
        self._standing: dict[str, Fault] = {}
        self._connections: set[asyncio.Task[None]] = set()
        self._numbers = itertools.count(1)
        self._server: asyncio.Server | None = None

    def fail(self, call: str, *faults: Fault, times: int | None = 1) -> None:
        """Queue faults for one kind of request; ``times=None`` makes the (single) fault stay."""
        if times is None:
            self._standing[call] = faults[-1]
        else:
            self._queues[call].extend(faults * times)

    def calm(self, call: str) -> None:
        """Serve this kind of request well again."""
        self._standing.pop(call, None)
        self._queues.pop(call, None)

    def count(self, call: str) -> int:
        """How many requests of a kind arrived."""
        return sum(1 for seen in self.seen if seen.call == call)

    async def hang_up(self) -> None:
        """Close every connection that stands idle, and wait until that is done."""
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def add_file(self, content: bytes, name: str = "output.jsonl", purpose: str = "batch_output") -> str:
        """Put a file there; its id."""
        file_id = f"file-{next(self._numbers)}"
        self.files[file_id] = StoredFile(file_id, name, content, purpose, f'"{file_id}-v1"')
        return file_id

    def add_batch(self, **fields: Json) -> str:
        """Put a batch there, outside the ledger; its id."""
        number = next(self._numbers)
        batch_id = f"batch_{number}"
        self.batches[batch_id] = {
            "id": batch_id,
            "object": "batch",
            "endpoint": "/v1/chat/completions",
            "errors": None,
            "input_file_id": "file-0",
            "completion_window": "24h",
            "status": "in_progress",
            "output_file_id": None,
            "error_file_id": None,
            "created_at": 1_711_471_533 + number,
            "expires_at": 1_711_557_933 + number,
            "request_counts": {"total": 10, "completed": 1, "failed": 0},
            "metadata": None,
            **fields,
        }
        return batch_id

    async def __aenter__(self) -> Self:
        self._time = None if self._has_real_time else LoopTime()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=1 << 20)
        self.port = self._server.sockets[0].getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self.port}/v1"
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._server is not None:
            self._server.close()
        await self.hang_up()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while await self._serve_one(reader, writer):
                    pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            self._connections.discard(task)

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; False when the connection is over."""
        exchange = Exchange(_parse_head(await reader.readuntil(_END)), reader, writer, self._time)
        fault = self._next_fault(exchange.seen.call)
        if fault is not None and not fault.after:
            self.seen.append(exchange.seen)
            return await self._strike(fault, exchange, body_was_read=exchange.seen.method != "POST")
        length = int(exchange.seen.headers.get("content-length", "0"))
        exchange.seen = replace(exchange.seen, body=await reader.readexactly(length))
        self.seen.append(exchange.seen)
        exchange.reply = self._carry_out(exchange.seen)
        if fault is not None:
            return await self._strike(fault, exchange, body_was_read=True)
        await self._send(exchange.reply, exchange)
        return True

    async def _strike(self, fault: Fault, exchange: Exchange, *, body_was_read: bool) -> bool:
        reply = await fault.act(exchange)
        if reply is None:
            return False
        if not body_was_read:
            await exchange.reader.readexactly(int(exchange.seen.headers.get("content-length", "0")))
        await self._send(reply, exchange)
        return True

    async def _send(self, reply: Reply, exchange: Exchange) -> None:
        body = b"" if exchange.seen.method == "HEAD" else reply.body
        await exchange.send(reply.head(length=len(reply.body)), body)

    def _next_fault(self, call: str) -> Fault | None:
        queue = self._queues.get(call)
        return queue.popleft() if queue else self._standing.get(call)

    def _carry_out(self, seen: Seen) -> Reply:
        handlers: dict[str, Callable[[Seen], Reply]] = {
            "list": lambda seen: _page(list(reversed(self.batches.values())), seen.query),
            "poll": lambda seen: self._batch(_tail(seen.path, 0)),
            "create": self._create,
            "cancel": self._cancel,
            "upload": self._upload,
            "download": self._content,
            "files": lambda seen: _page([file.wire() for file in reversed(self.files.values())], seen.query),
            "file": self._file,
            "delete": self._delete,
            "look": lambda _: _missing("Nothing is here."),
        }
        handler = handlers.get(seen.call)
        return handler(seen) if handler is not None else _missing(f"Invalid URL ({seen.method} {seen.path})")

    def _batch(self, batch_id: str) -> Reply:
        found = self.batches.get(batch_id)
        return _json(found) if found is not None else _missing(f"No batch found with id '{batch_id}'.")

    def _create(self, seen: Seen) -> Reply:
        order: dict[str, Json] = json.loads(seen.body)
        if order["input_file_id"] not in self.files:
            return Reply(400, error_body(f"Cannot find file {order['input_file_id']}"))
        times = {"created_at": int(time.time()), "request_counts": {"total": 0, "completed": 0, "failed": 0}}
        batch_id = self.add_batch(**{**order, **times, "status": "validating"})
        self.ledger.append(batch_id)
        return _json(self.batches[batch_id])

    def _cancel(self, seen: Seen) -> Reply:
        batch_id = _tail(seen.path, 1)
        batch = self.batches.get(batch_id)
        if batch is None:
            return _missing(f"No batch found with id '{batch_id}'.")
        if batch["status"] in {"completed", "failed", "expired"}:
            return Reply(409, error_body(f"Cannot cancel a batch with status '{batch['status']}'."))
        if batch["status"] != "cancelled":
            batch["status"] = "cancelling"
        return _json(batch)

    def _upload(self, seen: Seen) -> Reply:
        boundary = seen.headers["content-type"].partition("boundary=")[2].encode()
        parts = seen.body.split(b"--" + boundary)
        part = next(part for part in parts if b'name="file"' in part)
        head, _, content = part.partition(_END)
        name = re.search(rb'filename="([^"]*)"', head)
        file_id = self.add_file(content.removesuffix(b"\r\n"), name[1].decode() if name else "", "batch")
        return _json(self.files[file_id].wire())

    def _file(self, seen: Seen) -> Reply:
        file = self.files.get(_tail(seen.path, 0))
        return _json(file.wire()) if file is not None else _missing("No such File object")

    def _delete(self, seen: Seen) -> Reply:
        file = self.files.pop(_tail(seen.path, 0), None)
        if file is None:
            return _missing("No such File object")
        return _json({"id": file.id, "object": "file", "deleted": True})

    def _content(self, seen: Seen) -> Reply:
        file = self.files.get(_tail(seen.path, 1))
        if file is None:
            return _missing("No such File object")
        etags = {"weak_etag": {"ETag": f"W/{file.etag}"}, "no_etag": {}}
        headers = {"Content-Type": "application/octet-stream", **etags.get(self.ranges, {"ETag": file.etag})}
        asked = re.fullmatch(r"bytes=(\d+)-", seen.headers.get("range", ""))
        fresh = seen.headers.get("if-range") in {None, headers.get("ETag")}
        if asked is None or not fresh or self.ranges == "ignored":
            return Reply(200, file.content, headers)
        return self._part(file, int(asked[1]), headers)

    def _part(self, file: StoredFile, start: int, headers: dict[str, str]) -> Reply:
        size = len(file.content)
        if start >= size or self.ranges == "refused":
            return Reply(416, b"", {**headers, "Content-Range": f"bytes */{size}"})
        if self.ranges == "partial_200":
            return Reply(200, file.content[start:], headers)
        said = start - 7 if self.ranges == "shifted" else start
        total = size + 3 if self.ranges == "wrong_total" else size
        return Reply(206, file.content[said:], {**headers, "Content-Range": f"bytes {said}-{size - 1}/{total}"})


def _unsent(raw: socket.socket) -> int:
    """Bytes the kernel holds that the other side has not acknowledged."""
    return int.from_bytes(fcntl.ioctl(raw.fileno(), termios.TIOCOUTQ, bytes(4)), sys.byteorder)


def _parse_head(head: bytes) -> Seen:
    line, *rest = head.decode("latin-1").split("\r\n")
    method, target, _ = line.split(" ", 2)
    url = urlsplit(target)
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (text.partition(":") for text in rest if text)
    }
    query = {name: values[-1] for name, values in parse_qs(url.query).items()}
    return Seen(_call(method, url.path), method, url.path, query, headers)


def _call(method: str, path: str) -> str:
    shape = re.sub(r"^/v1/(batches|files)/[^/]+", r"/\1/ID", path).removeprefix("/v1")
    calls = {
        ("GET", "/batches"): "list",
        ("POST", "/batches"): "create",
        ("GET", "/batches/ID"): "poll",
        ("POST", "/batches/ID/cancel"): "cancel",
        ("POST", "/files"): "upload",
        ("GET", "/files"): "files",
        ("GET", "/files/ID"): "file",
        ("DELETE", "/files/ID"): "delete",
        ("GET", "/files/ID/content"): "download",
        ("HEAD", ""): "look",
    }
    return calls.get((method, shape), "other")


def _tail(path: str, back: int) -> str:
    return unquote(path.split("/")[-1 - back])


def _json(value: Json) -> Reply:
    return Reply(200, json.dumps(value).encode())


def _missing(message: str) -> Reply:
    return Reply(404, error_body(message))


def _page(entries: list[dict[str, Json]], query: Mapping[str, str]) -> Reply:
    ids = [entry["id"] for entry in entries]
    start = ids.index(query["after"]) + 1 if query.get("after") in ids else 0
    limit = int(query.get("limit", "20"))
    page = entries[start : start + limit]
    return _json(
        {
            "object": "list",
            "data": page,
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
            "has_more": start + limit < len(entries),
        },
    )
