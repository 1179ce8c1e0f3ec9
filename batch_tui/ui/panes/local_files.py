"""The workspace as rows: a tree whose folders open, request files first. Blocking: run it in a thread."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_MOST = 5_000
"""Entries shown of one folder."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file or folder in sight."""

    path: Path
    depth: int
    is_folder: bool
    size: int
    changed: int
    """When it changed, in nanoseconds: tells whether a verdict is still about it."""

    @property
    def id(self) -> str:
        """The row's id."""
        return str(self.path)

    @property
    def is_request_file(self) -> bool:
        """True when its name says that it may hold requests."""
        return not self.is_folder and self.path.suffix in {".jsonl", ".ndjson"}


def scan(root: Path, opened: frozenset[Path]) -> tuple[Entry, ...]:
    """The entries of a folder and of its opened folders; what can't be read is left out."""
    found: list[Entry] = []
    _add(root, 0, opened, found)
    return tuple(found)


def _add(folder: Path, depth: int, opened: frozenset[Path], found: list[Entry]) -> None:
    for entry in _listing(folder, depth):
        found.append(entry)
        if entry.is_folder and entry.path in opened:
            _add(entry.path, depth + 1, opened, found)


def _listing(folder: Path, depth: int) -> list[Entry]:
    entries: list[Entry] = []
    try:
        with os.scandir(folder) as listing:
            for item in listing:
                if item.name.startswith(".") or len(entries) >= _MOST:
                    continue
                entry = _entry(item, depth)
                if entry is not None:
                    entries.append(entry)
    except OSError:
        return []
    return sorted(entries, key=_order)


def _entry(item: os.DirEntry[str], depth: int) -> Entry | None:
    try:
        facts = item.stat()
        is_folder = item.is_dir()
    except OSError:
        return None
    return Entry(Path(item.path), depth, is_folder, facts.st_size, facts.st_mtime_ns)


def _order(entry: Entry) -> tuple[int, str]:
    kind = 0 if entry.is_request_file else 1 if entry.is_folder else 2
    return kind, entry.path.name.casefold()
