"""The part of a download on disk: hidden beside its destination, locked, and whole before it gets the final name.

Blocking calls throughout: they run in a thread. A sidecar (``.part.json``) remembers which version of the file
the bytes belong to; without a strong ETag nobody can tell, so a part without one is never continued.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TypeGuard

from msgspec import Struct

from batch_tui.domain.errors import OutputExistsError, OutputFileError
from batch_tui.domain.formatting import size as size_text
from batch_tui.domain.text import printable

NAME_BYTES = 240
"""Longest name of a part; file systems allow 255."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})


class Origin(Struct, frozen=True):
    """Which bytes a part holds."""

    etag: str | None = None
    """The strong ETag of the reply they came from, or None."""
    total: int | None = None
    """Bytes of the whole file, or None when nobody said."""


class Part:
    """One partial download; use :meth:`open` in a thread, then :meth:`close` whatever happened.

    Args:
        destination: Where the whole file is to stand.
        file_id: The remote file, part of the hidden name, so that two files never share a part.
    """

    def __init__(self, destination: Path, file_id: str) -> None:
        self.destination = destination
        self.path = destination.with_name(part_name(destination.name, file_id))
        self.sidecar = self.path.with_name(self.path.name + ".json")
        self.label = printable(destination.name, 80)
        self.descriptor = -1
        self.origin = Origin()

    @property
    def size(self) -> int:
        """Bytes on disk so far."""
        return os.fstat(self.descriptor).st_size

    @property
    def resume_from(self) -> int:
        """Offset at which the download can go on; 0 when it has to start over."""
        return self.size if self.origin.etag is not None else 0

    def open(self) -> None:
        """Open or make the part and lock it.

        Raises:
            OutputFileError: It can't be made, is no plain file, or another process is at it.
        """
        try:
            self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
            self._lock()
        except OSError as error:
            raise output_error(error, self.label) from error
        facts = os.fstat(self.descriptor)
        if not stat.S_ISREG(facts.st_mode) or facts.st_nlink != 1:
            raise OutputFileError(f"{printable(self.path.name, 120)} is in the way: remove it.")
        self.origin = self._read_origin()

    def is_whole(self, expected: int | None) -> bool:
        """Whether all bytes of one version are here already (the program ended just before the renaming)."""
        total = self.origin.total
        known = self.origin.etag is not None and total is not None and total == self.size
        return known and expected in {None, total}

    def start(self, origin: Origin) -> None:
        """Throw away what is there and note what is to come."""
        try:
            os.ftruncate(self.descriptor, 0)
            self.origin = origin
            self._write_origin()
        except OSError as error:
            raise output_error(error, self.label) from error

    def drop(self) -> None:
        """Give up what is there: the next try starts over."""
        self.origin = Origin()
        with suppress(OSError):
            os.ftruncate(self.descriptor, 0)
        with suppress(OSError):
            self.path.unlink()
        with suppress(OSError):
            self.sidecar.unlink()

    def finish(self, *, overwrite: bool) -> Path:
        """Sync the part and give it its final name.

        Raises:
            OutputFileError: The destination came into being meanwhile, or the disk failed; the part stays.
        """
        try:
            os.fsync(self.descriptor)
            require_free(self.destination, overwrite=overwrite)
            self._name(overwrite=overwrite)
            _sync_directory(self.destination.parent)
        except OSError as error:
            raise output_error(error, self.label) from error
        with suppress(OSError):
            self.sidecar.unlink()
        return self.destination

    def close(self) -> None:
        """Close and unlock; twice is harmless. A part without a byte leaves nothing behind."""
        if self.descriptor < 0:
            return
        descriptor, self.descriptor = self.descriptor, -1
        with suppress(OSError):
            if os.fstat(descriptor).st_size == 0 and os.path.samestat(os.fstat(descriptor), self.path.stat()):
                self.path.unlink()
                self.sidecar.unlink(missing_ok=True)
        os.close(descriptor)

    def _lock(self) -> None:
        """Take the lock, and make sure that the locked file is still the one under the name."""
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._let_go()
            raise self._taken() from error
        except OSError as error:
            if error.errno not in {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS}:
                raise  # a file system without locks must do without
        try:
            same = os.path.samestat(os.fstat(self.descriptor), self.path.stat(follow_symlinks=False))
        except FileNotFoundError:
            same = False
        if not same:
            self._let_go()
            raise self._taken()

    def _taken(self) -> OutputFileError:
        return OutputFileError(f"{self.label} is being downloaded by another batch-tui: wait for it.")

    def _let_go(self) -> None:
        """Close what belongs to somebody else, without cleaning up."""
        os.close(self.descriptor)
        self.descriptor = -1

    def _name(self, *, overwrite: bool) -> None:
        """Rename; without ``overwrite`` through a link, which fails when the name is taken."""
        if overwrite:
            self.path.replace(self.destination)
            return
        try:
            os.link(self.path, self.destination, follow_symlinks=False)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            self.path.rename(self.destination)
        else:
            self.path.unlink()

    def _read_origin(self) -> Origin:
        """The sidecar's words; nothing known when it is missing, broken or foreign."""
        try:
            descriptor = os.open(self.sidecar, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as source:
                found: object = json.loads(source.read(4096))
        except (OSError, ValueError, RecursionError):
            return Origin()
        if not _is_object(found):
            return Origin()
        etag, total = found.get("etag"), found.get("total")
        return Origin(
            etag if isinstance(etag, str) and etag else None,
            total if isinstance(total, int) and not isinstance(total, bool) else None,
        )

    def _write_origin(self) -> None:
        if self.origin.etag is None:
            self.sidecar.unlink(missing_ok=True)
            return
        text = json.dumps({"etag": self.origin.etag, "total": self.origin.total})
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(self.sidecar, flags, 0o666), "w", encoding="utf-8") as target:
            target.write(text)


def part_name(name: str, file_id: str) -> str:
    """``.NAME.FILE_ID.part``, one component of bounded length whatever the id holds."""
    clean = "".join(char if char.isascii() and (char.isalnum() or char in "-_") else "_" for char in file_id)
    full = f".{name}.{clean}.part"
    if clean == file_id and len(os.fsencode(full)) <= NAME_BYTES:
        return full
    digest = hashlib.sha256(f"{name}\0{file_id}".encode("utf-8", "surrogateescape")).hexdigest()[:24]
    stem = os.fsdecode(os.fsencode(name)[: NAME_BYTES - 40])
    return f".{stem}.{digest}.part"


def require_free(destination: Path, *, overwrite: bool) -> None:
    """Raise ``OutputFileError`` unless a file may be put there: not through a symlink, not over one unasked."""
    label = printable(destination.name, 80)
    try:
        found = _in_the_way(destination)
        is_taken = not overwrite and destination.exists()
    except OSError as error:
        raise output_error(error, label) from error
    if found:
        raise OutputFileError(f"{label} {found}")
    if is_taken:
        raise _exists(label)


def _exists(label: str) -> OutputExistsError:
    return OutputExistsError(f"{label} exists already: choose another name, or overwrite it.")


def _in_the_way(destination: Path) -> str:
    """The rest of a sentence that begins with the file's name; empty when nothing is in the way."""
    if "\0" in str(destination):
        return "holds a NUL in its name."
    if destination.is_symlink():
        return "is a symbolic link: nothing is written through it."
    if destination.is_dir():
        return "is a directory."
    if not destination.parent.is_dir():
        return f"can't be put in {printable(str(destination.parent), 120)}, which is no directory: make it first."
    return ""


def output_error(error: OSError, label: str, missing: int | None = None) -> OutputFileError:
    """The sentence for a disk that fails.

    Args:
        error: What the operating system said.
        label: The file's name, fit to show.
        missing: Bytes still to be written, when known.
    """
    if error.errno in _FULL:
        more = f" {size_text(missing)} more are needed;" if missing is not None else ""
        return OutputFileError(f"The disk is full:{more} the part of {label} is kept, free some room and go on.")
    if isinstance(error, FileExistsError):
        return _exists(label)
    if error.errno == errno.ELOOP:
        return OutputFileError(f"A symbolic link is in the way of {label}: nothing is written through it.")
    return OutputFileError(f"{label} can't be written: {error.strerror or type(error).__name__}.")


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _sync_directory(directory: Path) -> None:
    """Make the new name durable; file systems that can't sync a directory do it themselves."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
