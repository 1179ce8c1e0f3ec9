"""Batches the guard was told to leave alone: a decision that later runs keep, and those beside it."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from batch_tui.engine.configuration.paths import write_private

_FORGOTTEN_AFTER = 30 * 86_400.0
"""Seconds after which a decision about a batch that was never seen again is dropped: no batch runs as long."""


class Spared:
    """One small file for each such batch, which ends with it.

    Only what is about to be cancelled is asked for, and only decisions are written: that is so seldom, and so
    little, that it is done in the event loop.

    Args:
        folder: Where the files are; made when the first is written. None remembers nothing across restarts.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._known: set[str] = set()

    def __contains__(self, batch_id: str) -> bool:
        """Whether this run, or another one, was told to leave a batch alone."""
        if batch_id not in self._known and self._folder is not None:
            with suppress(OSError):
                if self._path(self._folder, batch_id).exists():
                    self._known.add(batch_id)
        return batch_id in self._known

    def add(self, batch_id: str) -> bool:
        """Leave a batch alone; False when the disk refuses and the decision holds for this run only."""
        self._known.add(batch_id)
        if self._folder is None:
            return True
        try:
            write_private(self._path(self._folder, batch_id), batch_id.encode("utf-8", "replace"))
            self._forget_old(self._folder)
        except OSError:
            return False
        return True

    def discard(self, batch_id: str) -> None:
        """A batch has ended: there is nothing to decide about it any more."""
        if batch_id in self._known:
            self._known.discard(batch_id)
            if self._folder is not None:
                with suppress(OSError):
                    self._path(self._folder, batch_id).unlink(missing_ok=True)

    @staticmethod
    def _path(folder: Path, batch_id: str) -> Path:
        from hashlib import sha256  # noqa: PLC0415 - hardly ever needed

        # An id is whatever the service says: no name for a file.
        return folder / sha256(batch_id.encode("utf-8", "replace")).hexdigest()[:32]

    @staticmethod
    def _forget_old(folder: Path) -> None:
        before = time.time() - _FORGOTTEN_AFTER
        for path in folder.iterdir():
            if path.stat().st_mtime < before:
                path.unlink(missing_ok=True)
