"""Verdicts on local files kept between runs, so that a file is checked once and not at each start.

A verdict holds as long as the file's path, size and time of change are those it was made for. The cache may be
thrown away at any time, and is whenever it was written by another version or for other limits.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import msgspec
from msgspec import Struct

from batch_tui.domain.limits import Limits
from batch_tui.domain.problems import Report
from batch_tui.engine.configuration.paths import write_private

VERSION = 1
FILE_NAME = "verdicts.json"
_MOST = 500
"""Verdicts kept, the newest."""
_PROBLEMS = 200
"""Problems kept of one file: as many as the screen lists."""


class FileState(Struct, frozen=True):
    """What tells one content of a file from another without reading it."""

    size: int
    """Bytes."""
    changed: int
    """Time of change, in nanoseconds."""

    @classmethod
    def of(cls, path: Path) -> FileState | None:
        """How a file stands now; None when it can't be asked. Blocking."""
        try:
            facts = path.stat()
        except OSError:
            return None
        return cls(facts.st_size, facts.st_mtime_ns)


class _Kept(Struct, frozen=True):
    state: FileState
    report: Report


class _Book(Struct, frozen=True):
    version: int
    limits: str
    verdicts: dict[str, _Kept]


class Verdicts:
    """The verdicts of one profile.

    Args:
        directory: The profile's cache directory.
        limits: What files are checked against: a verdict for other limits is none.
    """

    def __init__(self, directory: Path, limits: Limits) -> None:
        self.path = directory / FILE_NAME
        self._limits = repr(limits)
        self._kept: dict[str, _Kept] = {}

    def get(self, path: Path, state: FileState) -> Report | None:
        """The verdict on a file as it stands, or None."""
        kept = self._kept.get(_key(path))
        return replace(kept.report, path=str(path)) if kept is not None and kept.state == state else None

    def put(self, path: Path, state: FileState, report: Report) -> None:
        """Keep a verdict on what the file held when it stood so."""
        key = _key(path)
        self._kept.pop(key, None)  # the newest stand last
        self._kept[key] = _Kept(state, replace(report, path="", problems=report.problems[:_PROBLEMS]))

    def load(self) -> None:
        """Read what earlier runs found; a file that is odd in any way is removed. Blocking."""
        try:
            book = _DECODER.decode(self.path.read_bytes())
        except FileNotFoundError:
            return
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            with suppress(OSError):
                self.path.unlink(missing_ok=True)
            return
        if (book.version, book.limits) == (VERSION, self._limits):
            self._kept = book.verdicts | self._kept

    def save(self) -> bool:
        """Write it in one step; False when the disk refuses (nothing is lost). Blocking."""
        newest: Mapping[str, _Kept] = dict([*self._kept.items()][-_MOST:])
        try:
            write_private(self.path, _ENCODER.encode(_Book(VERSION, self._limits, dict(newest))))
        except OSError:
            return False
        return True


def _key(path: Path) -> str:
    """Any path as text that JSON can hold: names need not be UTF-8."""
    return os.fsencode(path.absolute()).decode("latin-1")


_DECODER = msgspec.json.Decoder(_Book)
_ENCODER = msgspec.json.Encoder()
