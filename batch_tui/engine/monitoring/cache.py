"""The last known batches on disk, so that the next start shows them before the network answers.

One file of JSON lines: a header, then a batch a line, newest first, so that who needs only a screenful reads
only a screenful. It may be thrown away at any time, and is whenever anything about it is odd: another version,
another service, a cut line. It is never larger than can be read back in a blink: of an account that has more to
tell, the newest batches are kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, TypeGuard

import msgspec
from msgspec import Struct

from batch_tui.domain.batch import Batch
from batch_tui.engine.configuration.paths import write_private

VERSION = 1
FILE_NAME = "batches.jsonl"
MAX_BYTES = 64 * 1024 * 1024
"""Size of the file: some 60,000 batches of the usual length."""
MAX_FIRST_BYTES = 4 * 1024 * 1024
"""Bytes that are read of it for a first picture, and of its longest line."""


class Snapshot(Struct, frozen=True):
    """What was known at a time."""

    batches: tuple[Batch, ...]
    """Newest first; without the server's raw text."""
    at: float
    """Unix seconds of the last good answer, by this machine's clock."""
    is_complete: bool
    """True when the service had no more batches than these."""
    server_offset: float = 0.0
    """Seconds the server's clock was ahead."""
    is_partial: bool = False
    """True when the file holds older batches too."""


class _Header(Struct, frozen=True):
    version: int
    service: str
    at: float
    is_complete: bool
    server_offset: float
    count: int


_HEADER = msgspec.json.Decoder(_Header)
_BATCHES = msgspec.json.Decoder(Batch)


class SnapshotFile:
    """The snapshot of one profile. All methods block: for start-up, the end, and threads.

    Args:
        directory: The profile's cache directory.
        service: Whose batches they are (base URL, organization, project): a snapshot of another is not read.
    """

    def __init__(self, directory: Path, *, service: str) -> None:
        self.path = directory / FILE_NAME
        self._service = service

    def save(self, snapshot: Snapshot) -> bool:
        """Write it in one step, readable for this user alone; False when the disk refuses (nothing is lost)."""
        lines = list(_fitting(map(_ENCODER.encode, map(_slim, snapshot.batches))))
        header = _Header(
            version=VERSION,
            service=self._service,
            at=snapshot.at,
            is_complete=snapshot.is_complete and len(lines) == len(snapshot.batches),
            server_offset=snapshot.server_offset,
            count=len(lines),
        )
        try:
            write_private(self.path, b"\n".join((_ENCODER.encode(header), *lines)) + b"\n")
        except OSError:
            return False
        return True

    def load(self, *, limit: int | None = None) -> Snapshot | None:
        """Read it back; None when there is none that can be trusted, and a bad one is removed.

        Args:
            limit: Read only this many batches, the newest, or fewer that are long; the snapshot then counts as
                incomplete.
        """
        try:
            return self._read(limit)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            with suppress(OSError):
                self.path.unlink(missing_ok=True)
            return None

    def _read(self, limit: int | None) -> Snapshot:
        with self.path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > MAX_BYTES:
                raise msgspec.DecodeError("Larger than any that is written.")
            header = _HEADER.decode(file.readline())
            wanted = header.count if limit is None else min(limit, header.count)
            if (header.version, header.service) != (VERSION, self._service):
                raise msgspec.DecodeError("Written by another version, or for another service.")
            lines = file.read().split(b"\n") if limit is None else _first_lines(file, wanted)
        batches = tuple(_BATCHES.decode(line) for line in lines if line)
        if limit is not None and sum(map(len, lines)) >= MAX_FIRST_BYTES:
            wanted = len(batches)
        if len(batches) != wanted:
            raise msgspec.DecodeError("Cut, or grown.")
        is_partial = wanted < header.count
        return Snapshot(
            batches, header.at, header.is_complete and not is_partial, header.server_offset, is_partial
        )


def _fitting(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines until the file is full."""
    room = MAX_BYTES - MAX_FIRST_BYTES  # the header, and what is left is never looked for
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            return
        yield line


def _first_lines(file: BinaryIO, count: int) -> list[bytes]:
    """Lines until there are enough of them, or enough bytes."""
    lines: list[bytes] = []
    room = MAX_FIRST_BYTES
    while len(lines) < count and room > 0:
        lines.append(file.readline())
        room -= len(lines[-1])
    return lines


def _plain(value: object) -> object:
    """What the encoder doesn't know: the read-only view around metadata."""
    if _is_view(value):
        return dict(value)
    raise NotImplementedError


def _is_view(value: object) -> TypeGuard[MappingProxyType[str, str]]:
    return isinstance(value, MappingProxyType)


def _slim(batch: Batch) -> Batch:
    return replace(batch, raw="") if batch.raw else batch


_ENCODER = msgspec.json.Encoder(enc_hook=_plain)
