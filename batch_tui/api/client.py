"""The Batch API through the official SDK: the network side of ``engine.ports.BatchService``.

The SDK is used for what it is good at (routes, headers, multipart, connections) and kept from what it does
behind one's back: no retries, no redirects, no models. Replies are decoded here (an own decoder costs a fifth of
the SDK's models), checked for being about what was asked, and read by ``domain.normalise``.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx2
import openai
from openai import omit

from batch_tui.api import bounded
from batch_tui.api.connection import Connection, require
from batch_tui.api.download import DownloadOrder, fetch
from batch_tui.api.errors import built, translated
from batch_tui.api.long_batches import read_batch
from batch_tui.api.pages import PageReader
from batch_tui.api.replies import Call, encode, is_web_page, other_object, read_json
from batch_tui.api.start import StartOrder, fetch_start
from batch_tui.api.transfers import OnProgress, Timeouts
from batch_tui.api.upload import UploadOrder, safe_name, send
from batch_tui.domain.batch import Batch, BatchPage, NewBatch
from batch_tui.domain.errors import NotFoundError, ServerFaultError, ServiceError
from batch_tui.domain.files import FilePage, FileStart, RemoteFile
from batch_tui.domain.normalise import file_from_wire, is_page, page_of

_NO_SUCH_METHOD = frozenset({405, 501})
_UNUSABLE_IDS = frozenset({"", ".", ".."})


class OpenAIService:
    """A server that speaks the Batch API; see ``engine.ports.BatchService`` for what each method promises.

    Args:
        connection: Where, and with which key.
        http_client: A client with another transport (tests); it is closed with the service. Its redirects are
            turned off.
        timeouts: How long each kind of request may take.

    Raises:
        ConfigurationError: The connection, a proxy variable or a certificate variable can't be used.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        http_client: httpx2.AsyncClient | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        require(connection, os.environ if http_client is None else None)
        self._connection = connection
        self._timeouts = timeouts or Timeouts()
        self._pages = PageReader()
        self._has_answered = False
        self._look_method = "HEAD"
        with built(connection):
            self._http = http = http_client or bounded.http_client()
            http.follow_redirects = False
            self._client = openai.AsyncOpenAI(
                api_key=connection.key or "none",
                base_url=connection.url,
                max_retries=0,
                timeout=self._limits(self._timeouts.read),
                http_client=http,
            )
            # The SDK would fill these from the environment, whatever the profile says.
            self._client.organization = connection.organization
            self._client.project = connection.project
            # Touching the resources imports their modules: here, where it may take its time.
            self._batches = self._client.batches.with_raw_response
            self._files = self._client.files.with_raw_response
            self._contents = self._client.files.with_streaming_response

    @property
    def host(self) -> str:
        """Host, with its port when unusual."""
        return self._connection.host

    async def is_reachable(self) -> bool:
        """Whether the service is there at all: one HEAD of the base URL, without the key.

        A server that knows no HEAD says so whatever becomes of its other requests, which tells nothing. It is
        asked with GET from then on, whose answer is not read beyond its headers: the first look is two requests.
        """
        try:
            with translated(self._call("answer")):
                reply = await self._look()
                if self._look_method == "HEAD" and reply.status_code in _NO_SUCH_METHOD:
                    self._look_method = "GET"
                    reply = await self._look()
        except ServiceError:
            return False
        is_somebody_else = reply.is_redirect or (reply.is_success and is_web_page(reply.headers, b""))
        return reply.status_code < 500 and not is_somebody_else

    async def _look(self) -> httpx2.Response:
        """The headers of the answer to a look; the body of a GET is left unread, which ends its connection."""
        url, limits = self._connection.url, self._limits(self._timeouts.read)
        if self._look_method == "HEAD":
            return await self._http.head(url, timeout=limits)
        async with self._http.stream(self._look_method, url, timeout=limits) as reply:
            return reply

    async def list_batches(self, *, after: str | None = None, limit: int = 100) -> BatchPage:
        """One page of batches."""
        call = self._call("batches", names_object=False)
        async with self._bounded(call):
            reply = await self._batches.list(after=after or omit, limit=limit)
        return self._pages.read(reply.http_response, call, limit)

    async def retrieve_batch(self, batch_id: str) -> Batch:
        """One batch."""
        call = self._call(f"batch {batch_id}", object_id=batch_id)
        async with self._bounded(call):
            reply = await self._batches.retrieve(batch_id)
        return self._batch(reply.http_response, call, batch_id)

    async def create_batch(self, order: NewBatch) -> Batch:
        """Create a batch with exactly one POST."""
        call = self._call("batch", is_read=False, seconds=self._timeouts.create)
        body: dict[str, object] = {
            "input_file_id": order.input_file_id,
            "endpoint": order.endpoint,
            "completion_window": order.completion_window,
        }
        if order.metadata:
            body["metadata"] = dict(order.metadata)
        if order.output_expires_after is not None:
            body["output_expires_after"] = {"anchor": "created_at", "seconds": order.output_expires_after}
        async with self._bounded(call):
            reply = await self._client.post(
                "/batches",
                body=body,
                cast_to=httpx2.Response,
                options={"timeout": self._limits(call.seconds), "max_retries": 0},
            )
        return self._batch(reply, call, None)

    async def cancel_batch(self, batch_id: str) -> Batch:
        """Ask for cancellation with exactly one POST."""
        call = self._call(f"batch {batch_id}", object_id=batch_id, is_read=False, seconds=self._timeouts.cancel)
        async with self._bounded(call):
            reply = await self._batches.cancel(batch_id, timeout=self._limits(call.seconds))
        return self._batch(reply.http_response, call, batch_id)

    async def list_files(
        self,
        *,
        purpose: str | None = None,
        after: str | None = None,
        limit: int = 1000,
    ) -> FilePage:
        """One page of files."""
        call = self._call("files", names_object=False)
        async with self._bounded(call):
            reply = await self._files.list(after=after or omit, limit=limit, order="desc", purpose=purpose or omit)
        raw = read_json(reply.http_response, call)
        if not is_page(raw):
            raise other_object(call)
        entries, has_more, last_id = page_of(raw, limit=limit)
        found = (file_from_wire(entry, text=encode(entry)) for entry in entries)
        return FilePage(tuple(file for file in found if file is not None), has_more, last_id)

    async def retrieve_file(self, file_id: str) -> RemoteFile:
        """One file's facts."""
        call = self._call(f"file {file_id}", object_id=file_id)
        async with self._bounded(call):
            reply = await self._files.retrieve(file_id)
        return self._file(reply.http_response, call, file_id)

    async def upload_file(
        self,
        path: Path,
        *,
        name: str,
        sha256: str | None = None,
        expires_after: int | None = None,
        on_progress: OnProgress | None = None,
    ) -> RemoteFile:
        """Send a local file, streaming, with one POST; what the service took for whole too early is deleted."""
        call = self._call("file", is_read=False, seconds=self._timeouts.upload_reply)
        order = UploadOrder(path, safe_name(name), sha256, expires_after)
        sent = await send(self._files, order, call, timeouts=self._timeouts, on_progress=on_progress)
        file = self._file(sent.reply, call, None)
        if not sent.is_whole:
            with suppress(ServiceError):
                await self.delete_file(file.id)
            raise ServerFaultError(
                f"{self.host} took only a part of the file: send it again.", effect=call.effect()
            )
        return file

    async def download_file(
        self,
        file: RemoteFile,
        destination: Path,
        *,
        overwrite: bool = False,
        on_progress: OnProgress | None = None,
    ) -> Path:
        """Fetch a file's content with at most one GET, picking up the part an earlier call left."""
        call = self._call(f"file {file.id}", object_id=file.id, seconds=self._timeouts.stall)
        order = DownloadOrder(file, destination, overwrite)
        return await fetch(self._contents, order, call, timeouts=self._timeouts, on_progress=on_progress)

    async def read_start(self, file_id: str, *, lines: int, most_bytes: int) -> FileStart:
        """The first lines of a file's content, with one GET that ends as soon as they are here."""
        call = self._call(f"file {file_id}", object_id=file_id, seconds=self._timeouts.stall)
        return await fetch_start(
            self._contents, StartOrder(file_id, lines, most_bytes), call, timeouts=self._timeouts
        )

    async def delete_file(self, file_id: str) -> None:
        """Delete a remote file; one that is gone already counts as deleted."""
        call = self._call(f"file {file_id}", object_id=file_id, is_read=False)
        with suppress(NotFoundError):
            async with self._bounded(call):
                await self._files.delete(file_id)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _call(
        self,
        what: str,
        *,
        object_id: str | None = None,
        is_read: bool = True,
        names_object: bool = True,
        seconds: float | None = None,
    ) -> Call:
        """What the coming request's errors depend on; an id that no URL can hold names nothing that exists."""
        if object_id is not None and object_id in _UNUSABLE_IDS:
            raise NotFoundError(f"{self.host} has no {what.strip()}.", status=404)
        seconds = seconds or self._timeouts.read
        return Call(self._connection, what, is_read, names_object, seconds, self._has_answered)

    def _limits(self, seconds: float) -> httpx2.Timeout:
        connect = self._timeouts.connect
        return httpx2.Timeout(seconds, connect=connect, pool=connect)

    @asynccontextmanager
    async def _bounded(self, call: Call) -> AsyncGenerator[None]:
        """Around one small request: its errors are ours, and a drip can't hold it beyond its time."""
        with translated(call):
            async with asyncio.timeout(call.seconds + self._timeouts.connect):
                yield
        self._has_answered = True

    def _batch(self, response: httpx2.Response, call: Call, asked: str | None) -> Batch:
        """The batch a reply holds; an error unless it is the one that was asked for."""
        batch = read_batch(response, call)
        if batch is None or asked not in {None, batch.id}:
            raise other_object(call)
        return batch

    def _file(self, response: httpx2.Response, call: Call, asked: str | None) -> RemoteFile:
        """The file a reply holds; an error unless it is the one that was asked for."""
        raw = read_json(response, call)
        file = file_from_wire(raw, text=encode(raw))
        if file is None or asked not in {None, file.id}:
            raise other_object(call)
        return file
