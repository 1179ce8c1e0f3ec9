"""The service, loaded when it is first needed: importing the SDK costs more than all of the screen."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from batch_tui.api.connection import Connection, require
from batch_tui.domain.batch import Batch, BatchPage, NewBatch
from batch_tui.domain.errors import ConfigurationError, Effect, UnreachableError
from batch_tui.domain.files import FilePage, FileStart, RemoteFile

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from batch_tui.api.client import OpenAIService
    from batch_tui.domain.files import Progress

    OnProgress = Callable[[Progress], None]


_CLIENT = "batch_tui.api.client"
_JUMP = 5.0
"""Seconds by which the two clocks must part to count as a suspension."""


class LazyService:
    """The same methods as :class:`~batch_tui.api.client.OpenAIService`; the first call imports it in a thread.

    Args:
        connection: Where, and with which key.
        ask_key: Asks the key's source for it anew; may block. None: the key is what it is.

    Raises:
        ConfigurationError: The connection or a variable of the environment can't be used.
    """

    def __init__(self, connection: Connection, *, ask_key: Callable[[], str] | None = None) -> None:
        require(connection, os.environ)
        self._connection = connection
        self._ask_key = ask_key
        self._building: asyncio.Future[OpenAIService] | None = None
        self._retired: list[asyncio.Future[OpenAIService]] = []
        self._clock_offset = _clock_offset()

    @property
    def host(self) -> str:
        """Host, with its port when unusual."""
        return self._connection.host

    async def warm_up(self) -> None:
        """Load the client now, in a thread, so that the first request needn't wait for it."""
        await self._service()

    async def is_reachable(self) -> bool:
        """Whether the service is there at all; never while the client can't be made."""
        try:
            service = await self._service()
        except UnreachableError:
            return False
        return await service.is_reachable()

    async def renew_key(self) -> str | None:
        """Take the key that its source gives now; it, or None when that is the one in use.

        Raises:
            ConfigurationError: The source gives none, or one that can't be used.
        """
        if self._ask_key is None:
            return None
        connection = await asyncio.to_thread(self._renewed, self._ask_key)
        if connection == self._connection:
            return None
        self._connection = connection
        self._retire()
        return connection.api_key

    def _renewed(self, ask_key: Callable[[], str]) -> Connection:
        """The connection with the key of now, checked. Blocking."""
        connection = replace(self._connection, api_key=ask_key())
        require(connection, os.environ)
        return connection

    async def list_batches(self, *, after: str | None = None, limit: int = 100) -> BatchPage:
        """One page of batches."""
        return await (await self._service()).list_batches(after=after, limit=limit)

    async def retrieve_batch(self, batch_id: str) -> Batch:
        """One batch."""
        return await (await self._service()).retrieve_batch(batch_id)

    async def create_batch(self, order: NewBatch) -> Batch:
        """Create a batch with exactly one POST."""
        return await (await self._service()).create_batch(order)

    async def cancel_batch(self, batch_id: str) -> Batch:
        """Ask for cancellation with exactly one POST."""
        return await (await self._service()).cancel_batch(batch_id)

    async def list_files(
        self,
        *,
        purpose: str | None = None,
        after: str | None = None,
        limit: int = 1000,
    ) -> FilePage:
        """One page of files."""
        return await (await self._service()).list_files(purpose=purpose, after=after, limit=limit)

    async def retrieve_file(self, file_id: str) -> RemoteFile:
        """One file's facts."""
        return await (await self._service()).retrieve_file(file_id)

    async def upload_file(
        self,
        path: Path,
        *,
        name: str,
        sha256: str | None = None,
        expires_after: int | None = None,
        on_progress: OnProgress | None = None,
    ) -> RemoteFile:
        """Send a local file, streaming."""
        service = await self._service()
        return await service.upload_file(
            path,
            name=name,
            sha256=sha256,
            expires_after=expires_after,
            on_progress=on_progress,
        )

    async def download_file(
        self,
        file: RemoteFile,
        destination: Path,
        *,
        overwrite: bool = False,
        on_progress: OnProgress | None = None,
    ) -> Path:
        """Fetch a file's content, whole or not at all."""
        service = await self._service()
        return await service.download_file(file, destination, overwrite=overwrite, on_progress=on_progress)

    async def read_start(self, file_id: str, *, lines: int, most_bytes: int) -> FileStart:
        """The first lines of a file's content."""
        return await (await self._service()).read_start(file_id, lines=lines, most_bytes=most_bytes)

    async def delete_file(self, file_id: str) -> None:
        """Delete a remote file."""
        await (await self._service()).delete_file(file_id)

    async def aclose(self) -> None:
        """Close the connections, if there ever were any."""
        if self._building is not None:
            await (await self._service()).aclose()
        for retired in self._retired:
            with suppress(ConfigurationError):
                await (await retired).aclose()

    def _retire(self) -> None:
        """Leave the client in use: the next call makes another."""
        if self._building is not None:
            self._retired.append(self._building)  # what still runs over it comes to its own end
            self._building = None

    async def _service(self) -> OpenAIService:
        """The loaded client; all callers wait for the one import, and cancelling one doesn't stop it.

        After a suspension it is a new one: nobody answers on the connections of before, and nobody says so.
        """
        offset = _clock_offset()
        if abs(offset - self._clock_offset) > _JUMP:
            self._retire()
        self._clock_offset = offset
        if self._building is None:
            self._building = asyncio.get_running_loop().run_in_executor(None, self._build)
        try:
            return await asyncio.shield(self._building)
        except ConfigurationError as error:
            self._building = None
            raise UnreachableError(str(error), effect=Effect.NONE, is_permanent=True) from error

    def _build(self) -> OpenAIService:
        if _CLIENT in sys.modules:
            return self._made()
        with _kept_for_good():
            return self._made()

    def _made(self) -> OpenAIService:
        import anyio  # noqa: PLC0415 - heavy, as the client is

        from batch_tui.api.client import OpenAIService  # noqa: PLC0415 - the whole point

        anyio.run(anyio.sleep, 0)  # loads its asyncio half, which the first request would load on the event loop
        return OpenAIService(self._connection)


@contextmanager
def _kept_for_good() -> Generator[None]:
    """Around what loads modules: they live as long as the program, and no collection looks at them, now or later.

    Looking through all they made holds the interpreter, and with it every key, for a tenth of a second.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was_on:
            gc.enable()


def _clock_offset() -> float:
    """How far the wall clock is ahead of the one that stands still while the machine sleeps."""
    return time.time() - time.monotonic()
