"""The engine's port over plain sockets to the ledger server: quick to start, so it can be killed often."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import json
from pathlib import Path

from batch_tui.domain.batch import Batch, BatchPage, NewBatch
from batch_tui.domain.errors import Effect, FileChangedError, NotFoundError, UnreachableError
from batch_tui.domain.files import FilePage, FileStart, RemoteFile
from batch_tui.domain.normalise import batch_from_wire, file_from_wire, page_of
from batch_tui.engine.ports import OnProgress


class LedgerService:
    """Implements ``BatchService`` as far as submitting needs it."""

    def __init__(self, port: int) -> None:
        self._port = port

    @property
    def host(self) -> str:
        return "ledger.invalid"

    async def is_reachable(self) -> bool:
        return True

    async def list_batches(self, *, after: str | None = None, limit: int = 100) -> BatchPage:
        entries, has_more, last_id = page_of(await self._call("GET", "/v1/batches"))
        batches = [batch for batch in map(batch_from_wire, entries) if batch is not None]
        return BatchPage(tuple(batches), has_more, last_id)

    async def create_batch(self, order: NewBatch) -> Batch:
        wire = {
            "input_file_id": order.input_file_id,
            "endpoint": order.endpoint,
            "completion_window": order.completion_window,
            "metadata": dict(order.metadata),
        }
        batch = batch_from_wire(await self._call("POST", "/v1/batches", json.dumps(wire).encode()))
        assert batch is not None
        return batch

    async def upload_file(
        self,
        path: Path,
        *,
        name: str,
        sha256: str | None = None,
        expires_after: int | None = None,
        on_progress: OnProgress | None = None,
    ) -> RemoteFile:
        content = await asyncio.to_thread(path.read_bytes)
        if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
            raise FileChangedError("It changed.")
        file = file_from_wire(await self._call("POST", "/v1/files", content))
        assert file is not None
        return file

    async def retrieve_batch(self, batch_id: str) -> Batch:
        raise NotFoundError(batch_id)

    async def cancel_batch(self, batch_id: str) -> Batch:
        raise NotFoundError(batch_id)

    async def list_files(
        self,
        *,
        purpose: str | None = None,
        after: str | None = None,
        limit: int = 1000,
    ) -> FilePage:
        return FilePage((), has_more=False, last_id=None)

    async def retrieve_file(self, file_id: str) -> RemoteFile:
        raise NotFoundError(file_id)

    async def download_file(
        self,
        file: RemoteFile,
        destination: Path,
        *,
        overwrite: bool = False,
        on_progress: OnProgress | None = None,
    ) -> Path:
        raise NotFoundError(file.id)

    async def read_start(self, file_id: str, *, lines: int, most_bytes: int) -> FileStart:
        raise NotFoundError(file_id)

    async def delete_file(self, file_id: str) -> None:
        raise NotFoundError(file_id)

    async def aclose(self) -> None:
        """Nothing is kept open."""

    async def _call(self, method: str, path: str, body: bytes | None = None) -> object:
        try:
            return await asyncio.to_thread(self._send, method, path, body)
        except OSError as error:
            effect = Effect.NONE if isinstance(error, ConnectionRefusedError) else Effect.UNKNOWN
            raise UnreachableError(str(error), effect=effect) from error

    def _send(self, method: str, path: str, body: bytes | None) -> object:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request(method, path, body)
            answer: object = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return answer
