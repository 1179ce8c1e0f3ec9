"""The account: every object in memory, each change on disk before whoever asked for it is answered."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from batch_tui.gateway import disk
from batch_tui.gateway.clock import Clock
from batch_tui.gateway.records import (
    BatchObject,
    FileObject,
    StoredBatch,
    StoredFile,
    StoredUpload,
)


class Account:
    """Files, batches and uploads of the one account the gateway serves.

    Args:
        root: The data directory.
        clock: Tells when files expire.
    """

    def __init__(self, root: Path, clock: Clock) -> None:
        self.layout = disk.Layout(root)
        self.attempts: Counter[str] = Counter()
        """How often each custom_id has failed that was told to pass later."""
        self._clock = clock
        self._files: dict[str, StoredFile] = {}
        self._batches: dict[str, StoredBatch] = {}
        self._uploads: dict[str, StoredUpload] = {}
        self._sequence = 0
        self._bell = asyncio.Event()
        self._writing = asyncio.Lock()
        self._saves: set[asyncio.Task[None]] = set()

    def load(self) -> None:
        """Read the state from disk; blocks."""
        self.layout.prepare()
        files = list(disk.read_records(self.layout.files, StoredFile))
        batches = list(disk.read_records(self.layout.batches, StoredBatch))
        files.sort(key=lambda stored: stored.sequence)
        batches.sort(key=lambda stored: stored.sequence)
        self._files = {stored.file.id: stored for stored in files}
        self._batches = {stored.batch.id: stored for stored in batches}
        self._uploads = {
            stored.upload.id: stored for stored in disk.read_records(self.layout.uploads, StoredUpload)
        }
        self._forget_results()
        self._forget_parts()
        numbers = [stored.sequence for stored in files] + [stored.sequence for stored in batches]
        self._sequence = max(numbers, default=0)
        if self.layout.attempts.exists():
            self.attempts = Counter(self.layout.attempts.read_text(encoding="utf-8").splitlines())

    def _forget_results(self) -> None:
        """Delete the journals that an interrupted end left behind."""
        for directory in self.layout.batches.iterdir():
            stored = self._batches.get(directory.name)
            if directory.is_dir() and (stored is None or stored.batch.is_ended):
                disk.remove(directory)

    def _forget_parts(self) -> None:
        """Delete the parts of uploads that can't be completed any more."""
        now = self._clock.now()
        alive = [s for s in self._uploads.values() if s.upload.status == "pending" and s.upload.expires_at > now]
        wanted = {part for stored in alive for part in stored.parts}
        for path in self.layout.uploads.glob("part_*"):
            if path.name not in wanted:
                disk.remove(path)

    def next_sequence(self) -> int:
        """The next place in the order of creation."""
        self._sequence += 1
        return self._sequence

    def changed(self) -> Awaitable[object]:
        """Wait until any object changes; from the call on, not from when the waiting begins."""
        return self._bell.wait()

    def _ring(self) -> None:
        self._bell.set()
        self._bell = asyncio.Event()

    @property
    def batches(self) -> Mapping[str, StoredBatch]:
        """Every batch by its id, oldest first."""
        return MappingProxyType(self._batches)

    def batch(self, batch_id: str) -> BatchObject:
        """A batch that is known to exist."""
        return self._batches[batch_id].batch

    def show_batch(self, batch: BatchObject) -> None:
        """Let clients see a change that needs no place on disk: the results on disk already tell it."""
        self._batches[batch.id] = replace(self._batches[batch.id], batch=batch)
        self._ring()

    async def put_batch(self, stored: StoredBatch) -> None:
        """Add or replace a batch; it's on disk when this returns."""
        is_new = stored.batch.id not in self._batches
        self._batches[stored.batch.id] = stored
        try:
            await self._save(self.layout.batches / f"{stored.batch.id}.json", stored)
        except OSError:
            if is_new:  # its client is told that it doesn't exist
                del self._batches[stored.batch.id]
            raise

    async def save_batch(self, batch: BatchObject) -> None:
        """Replace a batch; it's on disk when this returns."""
        await self.put_batch(replace(self._batches[batch.id], batch=batch))

    @property
    def files(self) -> Mapping[str, StoredFile]:
        """Every file that hasn't expired, by its id, oldest first."""
        return {key: stored for key, stored in self._files.items() if not self._is_over(stored.file)}

    def file(self, file_id: str) -> FileObject | None:
        """A file, unless it isn't there or has expired."""
        stored = self._files.get(file_id)
        return None if stored is None or self._is_over(stored.file) else stored.file

    def content(self, file_id: str) -> Path:
        """Where a file's content stands."""
        return self.layout.files / file_id

    async def adopt_file(self, file: FileObject, content: Path) -> FileObject:
        """Make a complete local file the content of a new file object."""
        await asyncio.to_thread(content.replace, self.content(file.id))
        stored = StoredFile(self.next_sequence(), file)
        self._files[file.id] = stored
        try:
            await self._save(self.layout.files / f"{file.id}.json", stored)
        except OSError:  # its client is told that it doesn't exist
            del self._files[file.id]
            await asyncio.to_thread(disk.remove, self.content(file.id))
            raise
        return file

    async def drop_file(self, file_id: str) -> None:
        """Delete a file; a transfer that is reading it goes on."""
        del self._files[file_id]
        await asyncio.to_thread(disk.remove, self.layout.files / f"{file_id}.json")
        await asyncio.to_thread(disk.remove, self.content(file_id))
        self._ring()

    def _is_over(self, file: FileObject) -> bool:
        return file.expires_at is not None and file.expires_at <= self._clock.now()

    def upload(self, upload_id: str) -> StoredUpload | None:
        """An upload in parts, or None."""
        return self._uploads.get(upload_id)

    async def put_upload(self, stored: StoredUpload) -> None:
        """Add or replace an upload."""
        self._uploads[stored.upload.id] = stored
        await self._save(self.layout.uploads / f"{stored.upload.id}.json", stored)

    async def aclose(self) -> None:
        """Wait until everything that was to be saved is on disk."""
        await asyncio.gather(*self._saves)

    async def _save(self, path: Path, record: object) -> None:
        """Write a record; once begun it's finished, also when the one who asked for it is cancelled."""
        self._ring()
        save = asyncio.get_running_loop().create_task(self._write(path, record), name=f"save {path.name}")
        self._saves.add(save)
        save.add_done_callback(self._saves.discard)
        await asyncio.shield(save)

    async def _write(self, path: Path, record: object) -> None:
        async with self._writing:
            await asyncio.to_thread(disk.write_record, path, record)
