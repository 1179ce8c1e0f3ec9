"""What one profile's screen remembers: filled in at the start, kept up with each tick, left on disk at the end.

A headless run that starts nothing here writes nothing: its few batches must not replace what the screen knew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from batch_tui.engine.monitoring.cache import Snapshot, SnapshotFile
from batch_tui.engine.monitoring.history import History
from batch_tui.engine.monitoring.monitor import Condition, Monitor, Tick
from batch_tui.engine.monitoring.store import BatchStore

SAVE_EVERY = 60.0
"""Seconds between two writes while something changes."""


class Memory:
    """Ties store, history and their files together.

    Args:
        store: Filled from the snapshot, and its source.
        monitor: Told at the start what needn't be listed again.
        history: Fed with each tick.
        snapshots: The profile's snapshot file.
        clock: Unix seconds.
    """

    def __init__(
        self,
        store: BatchStore,
        monitor: Monitor,
        history: History,
        snapshots: SnapshotFile,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._monitor = monitor
        self._history = history
        self._snapshots = snapshots
        self._clock = clock
        self._saved_at = clock()
        self._is_dirty = False
        self._keeps_pace = self._keeps_batches = self._is_partial = False

    def restore(self, *, limit: int | None = None) -> bool:
        """Fill store and history from disk, before the first tick; True when there was a snapshot. Blocking.

        Args:
            limit: Only this many batches, the newest: enough for a first picture. ``start`` brings the others.
        """
        snapshot = self._load(limit)
        self._is_partial = snapshot is not None and snapshot.is_partial
        return self._adopt(snapshot)

    @property
    def is_partial(self) -> bool:
        """True while older batches are still to be read from disk; nothing is written before."""
        return self._is_partial

    async def start(self) -> bool:
        """As :meth:`restore`, reading everything off the event loop."""
        snapshot = await asyncio.to_thread(self._load)
        self._is_partial = False
        return self._adopt(snapshot)

    async def start_pace(self, *, keeps: bool = True) -> None:
        """Only know how batches moved, for a run that needs no list: its end leaves the snapshot alone.

        Args:
            keeps: False when the run looks once and has nothing to add.
        """
        await asyncio.to_thread(self._history.load)
        self._keeps_pace = keeps

    async def note(self, tick: Tick) -> None:
        """Take in one tick; writes now and then, off the event loop."""
        self.record(tick)
        if self._is_dirty and self._clock() - self._saved_at >= SAVE_EVERY:
            self._saved_at, self._is_dirty = self._clock(), False
            await self.write()

    def record(self, tick: Tick) -> None:
        """Remember what a tick told of movement, without writing.

        A batch that stands still is recorded too, but only when a whole refresh came: then it was really read.
        """
        now = self._clock() + self._store.server_offset
        ids = {*tick.changes.added, *tick.changes.updated}
        self._is_dirty = self._is_dirty or bool(tick.changes)
        if tick.condition is Condition.LIVE:
            ids |= self._store.active_ids
        for batch_id in ids:
            batch = self._store.get(batch_id)
            if batch is not None:
                self._history.record(batch, now)
        for batch_id in tick.changes.removed:
            self._history.forget(batch_id)

    def save(self) -> bool:
        """Write everything; False when the disk refuses. Blocking: for an end that has no event loop."""
        return self._write(self._snapshot())

    async def write(self) -> bool:
        """As :meth:`save`, writing off the event loop."""
        return await asyncio.to_thread(self._write, self._snapshot())

    def _load(self, limit: int | None = None) -> Snapshot | None:
        self._history.load()
        return self._snapshots.load(limit=limit)

    def _adopt(self, snapshot: Snapshot | None) -> bool:
        self._keeps_pace, self._keeps_batches = True, not self._is_partial
        if snapshot is None:
            return False
        now = self._clock()
        self._store.note_server_time(now + snapshot.server_offset, now)
        self._store.apply(snapshot.batches)
        self._monitor.start_from(at=snapshot.at, is_complete=snapshot.is_complete)
        return True

    def _write(self, snapshot: Snapshot) -> bool:
        """What was never read isn't replaced, and a run that never had an answer leaves the snapshot alone."""
        is_listed = self._keeps_batches and snapshot.at > 0.0
        is_kept = not is_listed or self._snapshots.save(snapshot)
        return (not self._keeps_pace or self._history.save()) and is_kept

    def _snapshot(self) -> Snapshot:
        return Snapshot(
            batches=tuple(batch for batch in self._store.batches() if not self._store.is_gone(batch.id)),
            at=self._monitor.last_good,
            is_complete=self._monitor.is_complete,
            server_offset=self._store.server_offset,
        )
