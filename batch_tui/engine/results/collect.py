"""Fetching what a batch brought back: whole files or none, never over another, resumed while that helps."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from batch_tui.domain.batch import INTENT_KEY, Batch
from batch_tui.domain.errors import (
    NotFoundError,
    OutputFileError,
    RateLimitedError,
    ServiceError,
    TransferStalledError,
    UnsupportedError,
)
from batch_tui.domain.files import Progress, RemoteFile
from batch_tui.domain.formatting import grouped
from batch_tui.domain.operation import SubmitOperation
from batch_tui.domain.status import BatchStatus
from batch_tui.domain.text import printable
from batch_tui.engine.configuration.paths import directory_name
from batch_tui.engine.kit import READ_DELAYS, Kit, is_hopeless, patiently
from batch_tui.engine.ports import OnProgress
from batch_tui.engine.results.first_results import FirstResults, first_results

DOWNLOAD_DELAYS = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
"""Seconds between tries that brought no byte; each byte starts them anew."""
_LAGGING_DELAYS = (2.0, 5.0, 10.0)
"""Seconds between looks at an ended batch that doesn't name its files yet."""
_NAME_BYTES = 150


class Collected(Struct, frozen=True):
    """The files of a batch on this machine."""

    batch: Batch
    """As the service told it just before."""
    output: Path | None
    """None when no request succeeded (yet)."""
    errors: Path | None
    """None when no request failed."""
    message: str = ""
    """One sentence when there is less than one would expect, else empty."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Both files, as far as they exist."""
        return tuple(path for path in (self.output, self.errors) if path is not None)


class Collector:
    """Downloads the files of batches.

    Args:
        kit: The parts shared by all actions.
        folder: Where results are kept that nobody chose a place for; may be thrown away at any time.
    """

    def __init__(self, kit: Kit, folder: Path) -> None:
        self._kit = kit
        self._folder = folder

    async def collect(
        self,
        batch_id: str,
        directory: Path | None = None,
        *,
        overwrite: bool = False,
        on_progress: OnProgress | None = None,
    ) -> Collected:
        """Fetch the output and the error file of a batch.

        Args:
            batch_id: Any batch: expired and cancelled ones have output too, and it was paid for.
            directory: Where to, as ``NAME_output.jsonl`` and ``NAME_errors.jsonl``; None for the cache.
            overwrite: True to replace files of these names in ``directory``.
            on_progress: Told of each file's bytes.

        Raises:
            ServiceError: A file can't be had; a part of it stays for the next try.
            TransferStalledError: No byte came, for as long as it was tried.
            OutputFileError: A file can't be written, or exists.
        """
        batch = await self._fetch(batch_id)
        paths: list[Path | None] = []
        for word, file_id in (("output", batch.output_file_id), ("errors", batch.error_file_id)):
            path = None
            if file_id:
                path = self._place(batch, word, file_id, directory)
                is_cached = directory is None and batch.is_terminal and await asyncio.to_thread(path.is_file)
                if not is_cached:
                    may_replace = overwrite or directory is None
                    await self._download(file_id, path, overwrite=may_replace, on_progress=on_progress)
            paths.append(path)
        collected = Collected(batch, paths[0], paths[1], _message(batch))
        self._note(collected, directory)
        return collected

    async def first_results(self, batch: Batch, count: int = 100) -> FirstResults:
        """The first rows of what a batch brought back, long before a large file is here as a whole.

        Raises:
            NotFoundError: The batch names no file.
            ServiceError: A file can't be had.
            TransferStalledError: No byte came.
            OutputFileError: The cache can't be written.
        """
        return await self.first_of((batch,), count)

    async def first_of(self, batches: Sequence[Batch], count: int = 100) -> FirstResults:
        """The first rows of what several batches brought back, as one: the parts of a group, then its retries.

        Raises: as :meth:`first_results`.
        """
        return await first_results(self._kit, self.folder_of, batches, count)

    def folder_of(self, batch: Batch) -> Path:
        """Where the cache keeps the files of a batch."""
        return self._folder / directory_name(batch.id)

    def local_results(self, batch: Batch) -> Collected | None:
        """What was collected into the cache before; None when that isn't all there is."""
        if not batch.is_terminal:
            return None
        ids = (("output", batch.output_file_id), ("errors", batch.error_file_id))
        paths = [self._place(batch, word, file_id, None) if file_id else None for word, file_id in ids]
        if not all(path is None or path.is_file() for path in paths):
            return None
        return Collected(batch, paths[0], paths[1], _message(batch))

    def input_path(self, batch: Batch) -> Path | None:
        """The local input of a batch submitted from here; None when it isn't known, or isn't the same any more.

        Blocking: it reads the whole file to compare it with what was sent. It knows the batches of earlier runs
        once the journal was loaded; :meth:`fetch_input` sees to both.
        """
        operation = self._submit_of(batch)
        if operation is None:
            return None
        path = Path(operation.path)
        try:
            if path.stat().st_size != operation.size:
                return None
            with path.open("rb") as handle:
                is_same = hashlib.file_digest(handle, "sha256").hexdigest() == operation.sha256
        except OSError:
            return None
        return path if is_same else None

    async def fetch_input(self, batch: Batch, *, on_progress: OnProgress | None = None) -> Path:
        """The input of a batch: the local file it came from, else a download of it, kept in the cache.

        Raises:
            NotFoundError: The service has no such file any more.
            ServiceError: It can't be had.
            TransferStalledError: No byte came, for as long as it was tried.
            OutputFileError: It can't be written.
        """
        await self._kit.journal.ensure_loaded()
        local = await asyncio.to_thread(self.input_path, batch)
        if local is not None:
            return local
        if not batch.input_file_id:
            raise NotFoundError(f"{printable(batch.name)} names no input file; give the local one.")
        path = self._place(batch, "input", batch.input_file_id, None)
        if not await asyncio.to_thread(path.is_file):
            await self._download(batch.input_file_id, path, overwrite=True, on_progress=on_progress)
        return path

    def _submit_of(self, batch: Batch) -> SubmitOperation | None:
        operation = self._kit.journal.get(batch.metadata.get(INTENT_KEY, ""))
        if isinstance(operation, SubmitOperation):
            return operation
        return self._kit.journal.submit_of(batch.id)

    async def _fetch(self, batch_id: str) -> Batch:
        """The batch as it is now: the files are named only at the end, and sometimes a little later."""
        waits = iter(_LAGGING_DELAYS)
        while True:
            batch = await patiently(self._kit, lambda: self._kit.service.retrieve_batch(batch_id))
            self._kit.store.apply([batch])
            wait = next(waits, None) if _lacks_output(batch) else None
            if wait is None:
                return batch
            await self._kit.sleep(wait)

    def _place(self, batch: Batch, word: str, file_id: str, directory: Path | None) -> Path:
        if directory is not None:
            return directory / f"{safe_component(batch.name)}_{word}.jsonl"
        folder = self.folder_of(batch)
        if word != "input" and not batch.is_terminal:
            return folder / f"partial_{word}.jsonl"  # some servers let it grow: never taken for the whole
        return folder / f"{word}_{directory_name(file_id)}.jsonl"

    async def _download(
        self,
        file_id: str,
        path: Path,
        *,
        overwrite: bool,
        on_progress: OnProgress | None,
    ) -> None:
        async with self._kit.journal.claim(_lock_name(path)) as is_ours:
            if not is_ours:
                raise OutputFileError(f"{printable(path.name)} is being downloaded already.")
            await asyncio.to_thread(_make_directory, path.parent)
            file = await self._facts(file_id)
            await self._while_it_moves(file, path, overwrite=overwrite, on_progress=on_progress)

    async def _facts(self, file_id: str) -> RemoteFile:
        try:
            return await patiently(self._kit, lambda: self._kit.service.retrieve_file(file_id), delays=READ_DELAYS)
        except UnsupportedError:
            return RemoteFile(file_id)  # a server that only serves the content: no size to compare with
        except NotFoundError as error:
            raise NotFoundError(
                f"The service has no file {printable(file_id, 60)} any more: deleted, or expired.",
                effect=error.effect,
                status=error.status,
                code=error.code,
            ) from error

    async def _while_it_moves(
        self,
        file: RemoteFile,
        path: Path,
        *,
        overwrite: bool,
        on_progress: OnProgress | None,
    ) -> None:
        """Try again from where it broke as long as tries bring new bytes; give up after a while without any."""
        meter = _Meter(on_progress)
        waits = iter(DOWNLOAD_DELAYS)
        while True:
            farthest = meter.farthest
            try:
                async with self._kit.gate.transfer():
                    await self._kit.service.download_file(file, path, overwrite=overwrite, on_progress=meter.note)
                    return
            except (ServiceError, TransferStalledError) as error:
                if is_hopeless(error):
                    raise
                if meter.farthest > farthest or isinstance(error, RateLimitedError):
                    waits = iter(DOWNLOAD_DELAYS)
                wait = next(waits, None)
                if wait is None:
                    raise
            await self._kit.sleep(wait)

    def _note(self, collected: Collected, directory: Path | None) -> None:
        batch_id = collected.batch.id
        names = " and ".join(str(path) for path in collected.files)
        command = f"batch-tui download {batch_id}" + (f" -o {directory}" if directory else "")
        text = f"Saved {names}." if names else collected.message or "There was nothing to save."
        self._kit.events.record("collect", text, batch_id=batch_id, command=command)


class _Meter(Struct):
    """How far a download has come over all its tries."""

    tell: OnProgress | None
    farthest: int = 0

    def note(self, progress: Progress) -> None:
        self.farthest = max(self.farthest, progress.done)
        if self.tell is not None:
            self.tell(progress)


def safe_component(text: str) -> str:
    """One harmless path component for a name from outside: letters, digits, ``._-`` and spaces."""
    kept = "".join(char if char.isalnum() or char in "._- " else "_" for char in printable(text, 400))
    short = kept.encode("utf-8", "replace")[:_NAME_BYTES].decode("utf-8", "ignore").strip(" .-")
    return short or "batch"


def _lock_name(path: Path) -> str:
    """The name under which one destination is claimed: two instances never write one part file."""
    return "download-" + hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:32]


def _make_directory(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its name holds a NUL"
        raise OutputFileError(f"Can't make {printable(directory)}: {reason}.") from error


def _lacks_output(batch: Batch) -> bool:
    """True for an ended batch whose counts promise a file that it doesn't name."""
    if not batch.is_terminal:
        return False
    return (batch.counts.completed > 0 and not batch.output_file_id) or (
        batch.counts.failed > 0 and not batch.error_file_id and not batch.output_file_id
    )


def _message(batch: Batch) -> str:
    """One sentence on what there is less of than one would expect; empty when all is well."""
    counts = batch.counts
    if not batch.is_terminal:
        return f"It is still {printable(batch.raw_status or batch.status.value, 40)}; results are not complete."
    if batch.status is BatchStatus.FAILED:
        reason = printable(batch.errors[0].message, 300) if batch.errors else "the service says no more"
        return f"It failed before any request ran: {reason}"
    if not batch.output_file_id:
        where = "; the reasons are in the error file." if batch.error_file_id else ", and there is no error file."
        return f"0 of {grouped(counts.total)} requests succeeded{where}"
    if counts.unfinished > 0:
        return f"{grouped(counts.unfinished)} of {grouped(counts.total)} requests never ran."
    return ""
