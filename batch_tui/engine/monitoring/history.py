"""How each batch moved, recorded poll by poll: the source of rates, ends and sparklines, across restarts."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from batch_tui.domain.batch import Batch
from batch_tui.domain.pace import NO_PACE, Pace, Sample, pace_of, with_sample
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.configuration.paths import write_private

VERSION = 1
FILE_NAME = "history.json"
MAX_BATCHES = 1_000
"""Batches remembered on disk, those that moved last."""


class _File(Struct, frozen=True):
    version: int
    batches: dict[str, tuple[tuple[float, int], ...]]


_DECODER = msgspec.json.Decoder(_File)


class History:
    """Samples of every batch that was seen moving.

    All times are Unix seconds by the server's clock, since a batch's own timestamps are.

    Args:
        directory: The profile's state directory; None remembers nothing across restarts.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._path = None if directory is None else directory / FILE_NAME
        self._samples: dict[str, tuple[Sample, ...]] = {}
        self._is_dirty = False

    def record(self, batch: Batch, at: float) -> None:
        """Remember where a batch stands; an ended one only adds the end of what was recorded."""
        known = self._samples.get(batch.id, ())
        if not known:
            if batch.is_terminal or batch.counts.total <= 0:
                return
            known = _beginning(batch, at)
        samples = with_sample(known, Sample(at, batch.counts.done))
        if batch.is_terminal and samples[-1].done == known[-1].done:
            return
        if samples is not self._samples.get(batch.id):
            self._samples[batch.id] = samples
            self._is_dirty = True

    def samples(self, batch_id: str) -> tuple[Sample, ...]:
        """What is recorded of a batch, oldest first."""
        return self._samples.get(batch_id, ())

    def pace(self, batch: Batch, now: float) -> Pace:
        """How a batch moves at a time."""
        samples = self._samples.get(batch.id)
        return NO_PACE if samples is None else pace_of(batch, samples, now)

    def forget(self, batch_id: str) -> None:
        """Drop what is recorded of a batch."""
        self._is_dirty = self._samples.pop(batch_id, None) is not None or self._is_dirty

    def save(self) -> bool:
        """Write what changed; False when the disk refuses. Blocking."""
        if self._path is None or not self._is_dirty:
            return True
        latest = sorted(self._samples.items(), key=lambda entry: -entry[1][-1].at)[:MAX_BATCHES]
        rows = {batch_id: tuple((s.at, s.done) for s in samples) for batch_id, samples in latest}
        try:
            write_private(self._path, msgspec.json.encode(_File(VERSION, rows)))
        except OSError:
            return False
        self._is_dirty = False
        return True

    def load(self) -> bool:
        """Read what was saved; False when the file was unusable and has been thrown away. Blocking."""
        if self._path is None:
            return True
        try:
            file = _DECODER.decode(self._path.read_bytes())
        except FileNotFoundError:
            return True
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self._discard(self._path)
        if file.version != VERSION:
            return self._discard(self._path)
        for batch_id, rows in file.batches.items():
            samples: tuple[Sample, ...] = ()
            for at, done in rows:
                samples = with_sample(samples, Sample(at, done))
            if samples:
                self._samples[batch_id] = samples
        return True

    def _discard(self, path: Path) -> bool:
        try:
            path.unlink(missing_ok=True)
        except OSError:
            return False
        return False


def _beginning(batch: Batch, at: float) -> tuple[Sample, ...]:
    """A first sample from the batch's own word on when it began, so that its average is known at once."""
    began = batch.times.in_progress
    if batch.status is BatchStatus.IN_PROGRESS and began is not None and began < at and batch.counts.done > 0:
        return (Sample(float(began), 0),)
    return (Sample(at, batch.counts.done),)
