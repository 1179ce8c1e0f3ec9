"""What the engine needs from a provider: the seam between it and the network.

``batch_tui.api.client`` implements it over the OpenAI SDK; tests implement it in memory. Every method raises
only :class:`~batch_tui.domain.errors.ServiceError` and its children (transfers also the file errors named
below) and is never retried below this line: retries, waiting and reconciling are the engine's business.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

from batch_tui.domain.batch import Batch, BatchPage, NewBatch
from batch_tui.domain.files import FilePage, FileStart, Progress, RemoteFile

OnProgress = Callable[[Progress], None]
"""Called on the event loop, at most ten times a second and once at the end."""


@runtime_checkable
class RenewsKey(Protocol):
    """A service that can ask for its key anew: one that was replaced needs no new start of the program."""

    async def renew_key(self) -> str | None:
        """Take the key that its source gives now; it, or None when that is the one in use.

        Raises:
            ConfigurationError: The source gives none, or one that can't be used.
        """
        ...


class Polled(Protocol):
    """What keeping a list up to date needs of a server."""

    async def is_reachable(self) -> bool:
        """Whether the service is there at all, with one empty request, the first time two; never raises.

        True when it answers, be it with a refusal; False when no connection comes about, or somebody else or
        nothing but an error of its own answers. Without the key, and without work for the service. It may take
        as long as it likes: who asks gives it up.
        """
        ...

    async def list_batches(self, *, after: str | None = None, limit: int = 100) -> BatchPage:
        """One page of batches, newest first in practice."""
        ...

    async def retrieve_batch(self, batch_id: str) -> Batch:
        """One batch; raises ``NotFoundError``, and ``NotTheApiError`` when the reply is another object."""
        ...


class BatchService(Polled, Protocol):
    """A server that speaks the Batch API. Each call is at most one request on the wire."""

    @property
    def host(self) -> str:
        """Host (and port) of the service, for messages: never holds a key."""
        ...

    async def create_batch(self, order: NewBatch) -> Batch:
        """Create a batch with exactly one POST. A raised error's ``effect`` says whether it may exist."""
        ...

    async def cancel_batch(self, batch_id: str) -> Batch:
        """Ask for cancellation with exactly one POST; the reply is the batch as it now is."""
        ...

    async def list_files(
        self,
        *,
        purpose: str | None = None,
        after: str | None = None,
        limit: int = 1000,
    ) -> FilePage:
        """One page of files, newest first."""
        ...

    async def retrieve_file(self, file_id: str) -> RemoteFile:
        """One file's facts."""
        ...

    async def upload_file(
        self,
        path: Path,
        *,
        name: str,
        sha256: str | None = None,
        expires_after: int | None = None,
        on_progress: OnProgress | None = None,
    ) -> RemoteFile:
        """Send a local file with purpose ``batch``, streaming.

        Args:
            path: The local file.
            name: The name the service is told; must end in ``.jsonl``.
            sha256: What the bytes must hash to; on a difference the remote file is deleted again.
            expires_after: Seconds the service keeps it, or None for its default.
            on_progress: Told how many bytes are on the wire.

        Raises:
            FileChangedError: The bytes sent are not those of ``sha256``, or the size moved while reading.
            InputFileError: The file can't be read.
            TransferStalledError: No byte moved for the stall time.
        """
        ...

    async def download_file(
        self,
        file: RemoteFile,
        destination: Path,
        *,
        overwrite: bool = False,
        on_progress: OnProgress | None = None,
    ) -> Path:
        """Fetch a file's content to ``destination``, whole or not at all; picks up a part left by an earlier try.

        The part stands beside the destination as ``.NAME.FILE_ID.part`` and gets the final name only after its
        size matched ``file.bytes`` and it was synced.

        Raises:
            OutputFileError: The destination exists (without ``overwrite``), is a symlink, or can't be written.
            TransferStalledError: No byte moved for the stall time; the part is kept.
        """
        ...

    async def read_start(self, file_id: str, *, lines: int, most_bytes: int) -> FileStart:
        """The first lines of a file's content, with one GET that ends as soon as they are here.

        Args:
            file_id: The remote file.
            lines: How many lines are enough.
            most_bytes: How many bytes are read for them at most; a line that goes beyond is left out.

        Raises:
            TransferStalledError: No byte moved for the stall time.
        """
        ...

    async def delete_file(self, file_id: str) -> None:
        """Delete a remote file; a file that is already gone counts as deleted."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...
