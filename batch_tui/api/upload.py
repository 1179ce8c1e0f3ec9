"""Uploading: an open handle that counts, hashes and watches the very bytes it hands to the SDK.

The SDK streams an open handle piece by piece (a path or bytes would be read whole). The handle sees each byte
once, so progress is exact and the hash is of what was sent. The last piece is held back until size, time and
hash agree: a file that changed meanwhile ends the request before the service has all of it.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import stat
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import openai
from msgspec import Struct
from openai import omit
from openai.resources.files import AsyncFilesWithRawResponse

from batch_tui.api.errors import translated
from batch_tui.api.replies import Call
from batch_tui.api.transfers import Meter, OnProgress, StallGuard, Timeouts
from batch_tui.domain.errors import Effect, FileChangedError, InputFileError, UnreachableError
from batch_tui.domain.formatting import size
from batch_tui.domain.text import printable

NAME_LIMIT = 200
"""Characters of a name that is told to the service."""
_READ_AHEAD = 4 * 1024 * 1024
_PIECE = 256 * 1024
"""Bytes of a piece on a quick line. The SDK asks for 64 kB, and each piece costs it more than its bytes do."""
_WARM_UP = 4 * 1024 * 1024
"""Bytes that say nothing about the line: the kernel takes so many at once."""
_QUICK = 0.05
"""Seconds between two pieces of a quick line. On a slow one a large piece would look like a stall."""


class UploadOrder(Struct, frozen=True):
    """What to send, and how."""

    path: Path
    name: str
    """Already safe: see :func:`safe_name`."""
    sha256: str | None = None
    """What the bytes must hash to, in hexadecimal; None accepts any."""
    expires_after: int | None = None
    """Seconds the service keeps the file, or None for its default."""


class Sent(Struct, frozen=True):
    """What came of an upload."""

    reply: httpx2.Response
    """Not looked at yet."""
    is_whole: bool
    """False when the service answered before it had been given every byte."""


class SourceFile(io.FileIO):
    """A regular file, read once from front to end; raises when it isn't what it was.

    Args:
        path: The file; a FIFO, a device or a directory is refused without blocking.
        sha256: What the bytes must hash to, or None.
        on_read: Told how many bytes each read gave.

    Raises:
        InputFileError: It can't be opened, or is no regular file.
    """

    def __init__(self, path: Path, sha256: str | None, on_read: Callable[[int], None]) -> None:
        super().__init__(_descriptor(path), "rb")
        facts = os.fstat(self.fileno())
        self.size = facts.st_size
        self.sent = 0
        self._facts = (facts.st_size, facts.st_mtime_ns)
        self._label = printable(path.name, 80)
        self._expected = sha256.lower() if sha256 else None
        self._hash = hashlib.sha256()
        self._on_read = on_read
        self._read_at = 0.0

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move; to the front, which is all the SDK does, counting and hashing start anew."""
        if (offset, whence) == (0, os.SEEK_SET):
            self.sent = 0
            self._hash = hashlib.sha256()
        return super().seek(offset, whence)

    def read(self, size: int | None = -1, /) -> bytes:
        """Up to ``size`` of the bytes the file had when it was opened, more on a quick line; empty at their end.

        Raises:
            FileChangedError: It shrank, or after the last byte its size, time or hash aren't what they were.
            InputFileError: The disk can't give the bytes.
        """
        left = self.size - self.sent
        if left <= 0:
            return b""
        self._read_ahead()
        try:
            chunk = super().read(left if size is None or size < 0 else min(self._piece(size), left))
        except OSError as error:
            raise InputFileError(f"{self._label} can't be read: {error.strerror}.") from error
        if not chunk:
            raise self._changed()
        self._hash.update(chunk)
        self.sent += len(chunk)
        if self.sent == self.size:
            self._verify()
        self._on_read(len(chunk))
        return chunk

    def _piece(self, asked: int) -> int:
        now = time.monotonic()
        is_quick = now - self._read_at < _QUICK
        self._read_at = now
        return max(asked, _PIECE) if is_quick and self.sent >= _WARM_UP else asked

    @property
    def is_sent(self) -> bool:
        """True when every byte was handed over."""
        return self.sent == self.size

    def _verify(self) -> None:
        facts = os.fstat(self.fileno())
        if (facts.st_size, facts.st_mtime_ns) != self._facts:
            raise self._changed()
        if self._expected is not None and self._hash.hexdigest() != self._expected:
            raise FileChangedError(
                f"{self._label} changed after it was checked: check it again. Nothing was created."
            )

    def _changed(self) -> FileChangedError:
        return FileChangedError(f"{self._label} changed while uploading: check it again. Nothing was created.")

    def _read_ahead(self) -> None:
        """Have the kernel fetch what comes next, so that a read on the event loop seldom waits for the disk."""
        if self.sent % (_READ_AHEAD // 2) == 0 and hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self.fileno(), self.sent, _READ_AHEAD, os.POSIX_FADV_WILLNEED)


def safe_name(name: str) -> str:
    """A file name any service takes: one path component, visible ASCII or letters, ending in ``.jsonl``."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    kept = "".join(char if char.isalnum() or char in " ._-+=@()[]," else "_" for char in last)
    stem = kept[: -len(".jsonl")] if kept.lower().endswith(".jsonl") else kept
    return (stem[:NAME_LIMIT].strip(" .") or "batch") + ".jsonl"


async def send(
    files: AsyncFilesWithRawResponse,
    order: UploadOrder,
    call: Call,
    *,
    timeouts: Timeouts,
    on_progress: OnProgress | None = None,
) -> Sent:
    """Send one file with one POST.

    Raises:
        FileChangedError: See :class:`SourceFile`; the service never got all of it.
        InputFileError: The file can't be read.
        TransferStalledError: No byte moved for the stall time.
        ServiceError: The service refused, failed, or could not be reached.
    """
    meter = Meter(on_progress, None)
    guard = StallGuard(printable(order.path.name, 80), timeouts.stall)
    answering = asyncio.timeout(None)

    def on_read(count: int) -> None:
        guard.moved(count)
        meter.moved(count)
        if meter.done == meter.total:
            guard.release()
            answering.reschedule(asyncio.get_running_loop().time() + timeouts.upload_reply + timeouts.connect)

    with SourceFile(order.path, order.sha256, on_read) as source:
        meter.total = source.size
        async with guard:
            if source.size == 0:
                guard.release()
            with _broken_off(source, call), translated(call):
                async with answering:
                    reply = await files.create(
                        file=(order.name, source, "application/jsonl"),
                        purpose="batch",
                        expires_after=omit
                        if order.expires_after is None
                        else {"anchor": "created_at", "seconds": order.expires_after},
                        timeout=httpx2.Timeout(
                            timeouts.upload_reply,
                            connect=timeouts.connect,
                            write=timeouts.upload_write,
                            pool=timeouts.connect,
                        ),
                    )
        sent = Sent(reply.http_response, source.is_sent)
    meter.end()
    return sent


@contextmanager
def _broken_off(source: SourceFile, call: Call) -> Generator[None]:
    """Say how far an upload came whose connection broke: the answer of who broke it off is lost with it."""
    try:
        yield
    except UnreachableError as error:
        was_connected = error.effect is Effect.UNKNOWN
        if source.is_sent or not was_connected or isinstance(error.__cause__, openai.APITimeoutError):
            raise
        raise UnreachableError(
            f"The connection to {call.host} was lost after {size(source.sent)} of {size(source.size)}: "
            "a server or proxy that finds the file too large may break off like that.",
            effect=error.effect,
        ) from error


def _descriptor(path: Path) -> int:
    """An open descriptor of a regular file; a FIFO without a writer must not block."""
    label = printable(path.name, 80)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise InputFileError(f"{label} does not exist.") from error
    except PermissionError as error:
        raise InputFileError(f"{label} can't be read: permission denied.") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its name holds a NUL"
        raise InputFileError(f"{label} can't be opened: {reason}.") from error
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    kind = "a directory" if stat.S_ISDIR(mode) else "a pipe or a device"
    raise InputFileError(f"{label} is {kind}, not a file.")
