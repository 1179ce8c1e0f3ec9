"""Files that appear whole or not at all: written beside their place, synced, then moved there."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Generator
from io import FileIO
from pathlib import Path

from batch_tui.domain.errors import OutputExistsError, OutputFileError
from batch_tui.domain.text import printable


@contextlib.contextmanager
def new_file(
    destination: Path, *, overwrite: bool = False, is_synced: bool = True
) -> Generator[FileIO, None, None]:
    """Give an unbuffered handle whose bytes become ``destination`` when the block ends without an error.

    The bytes go to a hidden file beside it, which is removed when the block fails: a destination is never
    half-written, never overwritten unasked, and never written through a symbolic link.

    Args:
        destination: The file to make; its directory must exist.
        overwrite: True to replace an existing regular file.
        is_synced: False to leave it to the system when the bytes reach the disk: for what can be made again
            from its source, where waiting for a gigabyte would be most of the work.

    Raises:
        OutputFileError: It exists, is a symlink or a directory, can't be written, or the disk is full.
    """
    refuse_destination(destination, overwrite=overwrite)
    part = destination.with_name(f".{destination.name[:200]}.{secrets.token_hex(4)}.part")
    try:
        with FileIO(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666), "w") as handle:
            yield handle
            if is_synced:
                os.fsync(handle.fileno())
        if overwrite:
            part.replace(destination)
        else:
            # A link fails when somebody else made the destination meanwhile; a rename would overwrite it.
            _link(part, destination)
    except OSError as error:
        raise _translated(error, destination) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    if is_synced:
        _sync_directory(destination.parent)


def refuse_destination(destination: Path, *, overwrite: bool = False) -> None:
    """Refuse a place that can't take a file, before any work is done.

    Raises:
        OutputFileError: It exists (unless it may be overwritten), or is a symlink or a directory.
    """
    name = printable(destination)
    if destination.is_symlink():
        raise OutputFileError(f"{name} is a symbolic link, and nothing is written through one; name another file.")
    if destination.is_dir():
        raise OutputFileError(f"{name} is a directory; name a file in it.")
    if not overwrite and destination.exists():
        raise OutputExistsError(f"{name} exists already and is not overwritten; name another file.")


def write_all(handle: FileIO, block: bytes | bytearray | memoryview) -> None:
    """Write the whole block: an unbuffered handle may take less than it's given."""
    written = handle.write(block)
    while written < len(block):
        with memoryview(block) as view, view[written:] as rest:
            written += handle.write(rest)


def _link(part: Path, destination: Path) -> None:
    try:
        os.link(part, destination)
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.ENOTSUP, errno.EMLINK}:
            raise
        # A file system without hard links (FAT, some shares): look once more, then rename.
        refuse_destination(destination)
        part.rename(destination)


def _sync_directory(directory: Path) -> None:
    # Best effort: some file systems refuse to sync a directory, and the file itself is safe already.
    with contextlib.suppress(OSError):
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _translated(error: OSError, destination: Path) -> OutputFileError:
    name = printable(destination)
    match error.errno:
        case errno.EEXIST:
            return OutputExistsError(f"{name} exists already and is not overwritten; name another file.")
        case errno.ENOENT | errno.ENOTDIR:
            return OutputFileError(f"The directory of {name} does not exist; make it first.")
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return OutputFileError(f"{name} may not be written ({error.strerror}); name a place that is yours.")
        case errno.ENOSPC | errno.EDQUOT:
            return OutputFileError(f"The disk is full: {name} was not written; make room and try again.")
        case errno.ENAMETOOLONG:
            return OutputFileError(f"{name} is too long a name; name a shorter one.")
        case _:
            return OutputFileError(f"{name} can't be written ({printable(error.strerror or error, 200)}).")
