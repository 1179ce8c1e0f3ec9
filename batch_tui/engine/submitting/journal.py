"""Operations on disk: one small file each, whole or absent, so that one that is damaged loses only itself.

A file is written beside its place, synced, renamed, and its directory synced: what :meth:`Journal.save` has
returned for survives a crash of the machine. A lock is held for one operation only, so several instances
share a directory without ever working on the same operation.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec import Struct

from batch_tui.domain.errors import StateError
from batch_tui.domain.text import printable

if TYPE_CHECKING:
    from batch_tui.domain.operation import CancelOperation, Operation, SubmitOperation

_VERSION = 1
_KEPT_SECONDS = 60 * 86_400
"""How long an ended operation is remembered: twice the life of an input file at the service."""
_ASIDE = "unreadable"
_HEX = "\x00hex:"
T = TypeVar("T")


class _Record(Struct, frozen=True):
    version: int
    kind: str
    operation: msgspec.Raw


class Journal:
    """The operations of one profile.

    Args:
        folder: Where the files are; made when the first one is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._operations: dict[str, Operation] = {}
        self._is_loaded = False
        self._untold: tuple[str, ...] = ()

    def submits(self) -> tuple[SubmitOperation, ...]:
        """All submits that are known, oldest first."""
        from batch_tui.domain.operation import SubmitOperation  # noqa: PLC0415 - not at the start

        found = [o for o in self._operations.values() if isinstance(o, SubmitOperation)]
        return tuple(sorted(found, key=lambda o: (o.created_at, o.intent)))

    def cancels(self) -> tuple[CancelOperation, ...]:
        """All cancellations that are known, oldest first."""
        from batch_tui.domain.operation import CancelOperation  # noqa: PLC0415 - not at the start

        found = [o for o in self._operations.values() if isinstance(o, CancelOperation)]
        return tuple(sorted(found, key=lambda o: (o.created_at, o.intent)))

    def get(self, intent: str) -> Operation | None:
        """An operation as this process knows it."""
        return self._operations.get(intent)

    def submit_of(self, batch_id: str) -> SubmitOperation | None:
        """The submit that made a batch, or None."""
        return next((o for o in self.submits() if o.batch_id == batch_id), None)

    async def load(self) -> tuple[str, ...]:
        """Read what is on disk; what can't be read is moved aside.

        Returns:
            One sentence for each operation that was lost, for the user.
        """
        operations, notes = await asyncio.to_thread(self._load)
        self._operations |= operations
        self._is_loaded = True
        untold, self._untold = self._untold, ()
        return (*untold, *notes)

    async def ensure_loaded(self) -> None:
        """Read what is on disk unless that was done; what was lost is told by the next :meth:`load`."""
        if not self._is_loaded:
            self._untold = await self.load()

    async def read(self, intent: str) -> Operation | None:
        """One operation as it is on disk now: another instance may have moved it on."""
        with contextlib.suppress(StateError):  # damaged meanwhile: what this process knows is still true
            operation = await asyncio.to_thread(self._read, self._path(intent))
            if operation is not None:
                self._operations[intent] = operation
        return self._operations.get(intent)

    async def save(self, operation: Operation) -> None:
        """Make an operation durable; when this returns it survives a crash, even if the caller is cancelled.

        Raises:
            StateError: It can't be written. What it would have announced must not be done.
        """
        try:
            await finish(asyncio.to_thread(self._write, operation))
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise StateError(f"Can't write to {printable(self._folder)}: {reason}.") from error
        self._operations[operation.intent] = operation

    def keep_in_memory(self, operation: Operation) -> None:
        """Know an operation in this process only: for the user who insists although nothing can be written."""
        self._operations[operation.intent] = operation

    @asynccontextmanager
    async def claim(self, intent: str) -> AsyncGenerator[bool, None]:
        """Be the only one, over all instances, to work on an operation while the block runs.

        Gives:
            False when somebody else works on it right now; then leave it alone.
        """
        try:
            handle = await self._locked(intent)
        except OSError:
            # Where no lock can be made no operation can be written either; saving will say so.
            yield True
            return
        try:
            yield handle is not None
        finally:
            if handle is not None:
                await finish(asyncio.to_thread(self._unlock, intent, handle))

    async def _locked(self, intent: str) -> int | None:
        locking = asyncio.ensure_future(asyncio.to_thread(self._lock, intent))
        try:
            return await asyncio.shield(locking)
        except asyncio.CancelledError:
            # The thread can't be stopped: what it locks now, nobody would ever unlock.
            await asyncio.wait([locking])
            if locking.exception() is None and (handle := locking.result()) is not None:
                await finish(asyncio.to_thread(self._unlock, intent, handle))
            raise

    def _path(self, intent: str) -> Path:
        return self._folder / f"{intent}.json"

    def _write(self, operation: Operation) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        record = _encoded(operation)
        place = self._path(operation.intent)
        beside = place.with_suffix(f".{os.getpid()}.tmp")
        try:
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as handle:
                handle.write(record)
                handle.flush()
                os.fsync(handle.fileno())
            beside.replace(place)
        except OSError:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
            raise
        _sync_directory(self._folder)

    def _load(self) -> tuple[dict[str, Operation], tuple[str, ...]]:
        operations: dict[str, Operation] = {}
        notes: list[str] = []
        try:
            paths = sorted(self._folder.glob("*.json"))
        except OSError:
            return {}, (f"Can't read {printable(self._folder)}.",)
        for path in paths:
            try:
                operation = self._read(path)
            except StateError as error:
                notes.append(str(error))
                continue
            if operation is not None and not self._is_forgotten(operation, path):
                operations[operation.intent] = operation
        return operations, tuple(notes)

    def _read(self, path: Path) -> Operation | None:
        try:
            return _decoded(path.read_bytes(), path.stem)
        except FileNotFoundError:
            return None
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise StateError(self._set_aside(path)) from error
        except OSError as error:
            raise StateError(f"Can't read {printable(path)}: {error.strerror}.") from error

    def _set_aside(self, path: Path) -> str:
        shelf = self._folder / _ASIDE
        try:
            shelf.mkdir(mode=0o700, exist_ok=True)
            target = shelf / f"{path.name}.{time.time_ns()}"
            path.replace(target)
        except OSError:
            return f"A journal file can't be read: {printable(path)}."
        return (
            f"A journal file could not be read and was moved to {printable(target)}; "
            "if it was a submit, look for its batch before you submit again."
        )

    def _is_forgotten(self, operation: Operation, path: Path) -> bool:
        if operation.is_open:
            return False
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _KEPT_SECONDS:
                path.unlink()
                return True
        return False

    def _lock(self, intent: str) -> int | None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = self._path(intent).with_suffix(".lock")
        while True:
            handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_same_file(handle, place):
                    return handle
            except BlockingIOError:
                os.close(handle)
                return None
            # Its last owner removed the file between our open and our lock: this lock guards nothing.
            os.close(handle)

    def _unlock(self, intent: str, handle: int) -> None:
        with contextlib.suppress(OSError):
            self._path(intent).with_suffix(".lock").unlink(missing_ok=True)
        os.close(handle)


async def finish(work: Coroutine[object, object, T]) -> T:
    """Await work that must not be left half-way: a cancellation waits for its end, then goes on."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio doesn't report it as forgotten
        raise


def _decoded(text: bytes, intent: str) -> Operation:
    from batch_tui.domain.operation import CancelOperation  # noqa: PLC0415 - not at the start

    record = msgspec.json.decode(text, type=_Record)
    if record.version != _VERSION:
        raise ValueError("written by another version")
    shapes: dict[str, Callable[[], Operation]] = {
        "submit": lambda: _submit_from(record.operation),
        "cancel": lambda: msgspec.json.decode(record.operation, type=CancelOperation),
    }
    operation = shapes[record.kind]() if record.kind in shapes else None
    if operation is None or operation.intent != intent:
        raise ValueError("not an operation, or another one's")
    return operation


def _encoded(operation: Operation) -> bytes:
    from batch_tui.domain.operation import SubmitOperation  # noqa: PLC0415 - not at the start

    kind = "cancel"
    if isinstance(operation, SubmitOperation):
        kind = "submit"
        operation = replace(operation, path=_as_text(operation.path), metadata=dict(operation.metadata))
    body = msgspec.json.encode(operation)
    return msgspec.json.encode(_Record(_VERSION, kind, msgspec.Raw(body)))


def _submit_from(text: msgspec.Raw) -> SubmitOperation:
    from batch_tui.domain.operation import SubmitOperation  # noqa: PLC0415 - not at the start

    operation = msgspec.json.decode(text, type=SubmitOperation)
    if not operation.path.startswith(_HEX):
        return operation
    return replace(operation, path=os.fsdecode(bytes.fromhex(operation.path.removeprefix(_HEX))))


def _as_text(path: str) -> str:
    """A path as JSON can hold it: a name may be any bytes, and no path has a NUL."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return _HEX + os.fsencode(path).hex()
    return path


def _sync_directory(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _is_same_file(handle: int, place: Path) -> bool:
    try:
        there = place.stat()
    except FileNotFoundError:
        return False
    here = os.fstat(handle)
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)
