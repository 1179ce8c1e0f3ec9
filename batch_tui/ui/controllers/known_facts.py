"""What is known about batches beyond the service's words, at hand for ten thousand of them at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from itertools import islice

from batch_tui.domain.batch import Batch
from batch_tui.domain.groups import Group
from batch_tui.ui.desk import Desk
from batch_tui.ui.panes.columns import BatchFacts, group_facts

_HOLDS = 1.0
"""Seconds for which what was worked out about a running batch holds: keys typed in a row ask for the same."""
_SLICE = 40
"""Batches read ahead at a time: a key that comes meanwhile waits for a millisecond."""
_BREATH = 0.01
"""Seconds between two slices, left to keys and paints."""


class KnownFacts:
    """Facts by batch. Those about an ended batch are kept: sorting and filtering ask for all of them.

    What isn't known (any more) is read ahead while nothing else is to be done, so that no key waits for it.

    Args:
        desk: For the engine, and the notes on rows.
        groups: Gives the groups of batches, by id.
        now: Unix seconds by the server's clock.
    """

    def __init__(self, desk: Desk, *, groups: Callable[[], Mapping[str, Group]], now: Callable[[], float]) -> None:
        self._desk = desk
        self._groups = groups
        self._now = now
        self._is_gone = desk.cockpit.store.is_gone
        self._ended: dict[str, BatchFacts] = {}
        self._running: dict[str, tuple[float, BatchFacts]] = {}
        self._unread: dict[str, None] = {}
        self._is_due = asyncio.Event()
        self._alarmed: frozenset[str] = frozenset()

    def of(self, batch: Batch) -> BatchFacts:
        """What is known about a batch, or a group as if it were one."""
        known = self._ended.get(batch.id)
        if known is not None and known.batch is batch and known.is_gone == self._is_gone(batch.id):
            return known
        group = self._groups().get(batch.id)
        if group is not None:
            return group_facts(batch, [self.of(one) for one in group.batches])
        if batch.is_terminal:
            known = self._ended[batch.id] = self._read(batch)
            return known
        return self._of_running(batch)

    def forget(self, ids: Iterable[str]) -> None:
        """Something else may be known about these."""
        for batch_id in ids:
            self._ended.pop(batch_id, None)
            self._running.pop(batch_id, None)
            self._unread[batch_id] = None
        self._is_due.set()

    async def read_ahead(self) -> None:
        """Read what was forgotten, a few batches at a time, until the end of the program."""
        while True:
            await self._is_due.wait()
            self._is_due.clear()
            while self._unread:
                await asyncio.sleep(_BREATH)
                self._read_slice()

    def mark_alarmed(self, ids: frozenset[str]) -> frozenset[str]:
        """These batches break a rule of the guard, and no others; gives those of which that is news."""
        news, self._alarmed = ids ^ self._alarmed, ids
        self.forget(news)
        return news

    def _read_slice(self) -> None:
        store = self._desk.cockpit.store
        for batch_id in [*islice(self._unread, _SLICE)]:
            del self._unread[batch_id]
            batch = store.get(batch_id)
            if batch is not None and batch.is_terminal:
                self.of(batch)

    def _of_running(self, batch: Batch) -> BatchFacts:
        now = self._now()
        at, known = self._running.get(batch.id, (now, None))
        is_current = known is not None and known.batch is batch and 0 <= now - at < _HOLDS
        if known is None or not is_current or known.is_gone != self._is_gone(batch.id):
            known = self._read(batch)
            self._running[batch.id] = (now, known)
        return known

    def _read(self, batch: Batch) -> BatchFacts:
        cockpit = self._desk.cockpit
        cost = cockpit.costs.cost(batch)
        return BatchFacts(
            batch,
            pace=cockpit.history.pace(batch, self._now()),
            cost=None if cost is None else cost.batch,
            is_cancelling=batch.id in self._desk.notes,
            is_gone=self._is_gone(batch.id),
            is_alarmed=batch.id in cockpit.patrol.guard.alarmed,
        )
