"""Small JSON files, each whole or absent, and where they stand. Everything here blocks: call it in a thread."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Layout:
    """The places under the data directory."""

    root: Path

    @property
    def files(self) -> Path:
        """``ID.json`` and the content as ``ID``."""
        return self.root / "files"

    @property
    def batches(self) -> Path:
        """``ID.json``, and while a batch runs its input and the results so far in ``ID/``."""
        return self.root / "batches"

    @property
    def uploads(self) -> Path:
        """``ID.json`` and the parts' content as ``PART_ID``."""
        return self.root / "uploads"

    @property
    def incoming(self) -> Path:
        """Bodies being received; nothing here outlives a restart."""
        return self.root / "incoming"

    @property
    def attempts(self) -> Path:
        """A custom_id per line for each time a request failed that shall pass later."""
        return self.root / "attempts.log"

    def prepare(self) -> None:
        """Make the directories, and forget bodies that were never received whole."""
        shutil.rmtree(self.incoming, ignore_errors=True)
        for directory in (self.files, self.batches, self.uploads, self.incoming):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file so that a reader, also after a crash, sees the old content or the new one."""
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("wb") as sink:
        sink.write(content)
        sink.flush()
        os.fsync(sink.fileno())
    temporary.replace(path)


def write_record(path: Path, record: object) -> None:
    """Keep one record as JSON."""
    write_whole(path, msgspec.json.encode(record))


def read_records(directory: Path, shape: type[T]) -> Iterator[T]:
    """The records of a directory; a file that isn't one is set aside as ``NAME.broken``."""
    for path in sorted(directory.glob("*.json")):
        try:
            yield msgspec.json.decode(path.read_bytes(), type=shape)
        except msgspec.MsgspecError:
            path.replace(path.with_name(path.name + ".broken"))


def hold(source: Path, destination: Path) -> None:
    """Give a file's content a second name that outlives the first; a copy where the disk has no links.

    Raises:
        FileNotFoundError: Neither of them is there.
    """
    if destination.exists():
        return
    try:
        os.link(source, destination)
    except OSError:
        temporary = destination.with_name(f".{destination.name}.new")
        shutil.copyfile(source, temporary)
        temporary.replace(destination)


def remove(path: Path) -> None:
    """Delete a file or a directory if it's there."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
        return
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
