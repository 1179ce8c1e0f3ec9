"""What one refresh asks the service for: one list call, and what that call can't tell.

A page holds a hundred batches, newest first. It is enough as long as every batch that may still change is on
it. An active batch further back is found by the cheaper of two ways: the pages up to it, or a call of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager

from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import NotFoundError
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.gate import RateGate
from batch_tui.engine.monitoring.listing import Pager
from batch_tui.engine.monitoring.store import NO_CHANGES, BatchStore, Changes
from batch_tui.engine.ports import Polled

MAX_REFRESH_PAGES = 10
"""List calls one refresh may take."""
MAX_RETRIEVALS = 10
"""Batches one refresh may ask for by id; the others come with the next ones in turn."""
NEW_BATCH_GRACE = 60.0
"""Seconds after its creation in which a 404 doesn't mean that a batch is gone (rule of the replicas)."""
_PAGER_PATIENCE = 3


class Poller:
    """Asks, applies to the store, and collects what changed until it is taken.

    Args:
        service: Who is asked.
        store: Where the answers go.
        gate: Asked before each request.
    """

    def __init__(self, service: Polled, store: BatchStore, gate: RateGate) -> None:
        self._service = service
        self._store = store
        self._gate = gate
        self._history: Pager | None = None
        self._history_failures = 0
        self._changes = NO_CHANGES
        self._unsettled: dict[str, int] = {}
        self._asked: dict[str, int] = {}
        self._round = 0
        self.is_complete = False
        """True when the store holds everything the service has."""

    @property
    def has_more_history(self) -> bool:
        """True while older pages are still to be listed."""
        return self._history is not None and not self._history.is_done

    @property
    def has_unsettled(self) -> bool:
        """True while a batch that just ended has yet to be asked again for its files."""
        return bool(self._unsettled)

    def start_over(self) -> None:
        """List everything anew with the next refresh when the service broke the list off."""
        if not self.is_complete and not self.has_more_history:
            self._history, self._history_failures = None, 0

    def note(self, changes: Changes) -> None:
        """Add changes somebody else made to the store, to be told with the next."""
        self._changes = self._changes.merge(changes)

    def take_changes(self) -> Changes:
        """What changed since the last call."""
        taken, self._changes = self._changes, NO_CHANGES
        return taken

    async def refresh(self, now: float) -> bool:
        """Bring every batch that may change up to date.

        Args:
            now: Unix seconds.

        Returns:
            True when something moved.

        Raises:
            ServiceError: A call failed; what came before it is applied.
        """
        self._round += 1
        if self._history is None and not self.is_complete:
            # Everything is listed: the first page now, the rest page by page between the refreshes.
            pager = Pager(self._service, turn=self._turn)
            await self._page(pager, now)
            self._history = pager
            self._note_end(pager)
        else:
            pager = await self._newest_pages(now)
        await self._retrieve(self._due(pager), now)
        return bool(self._changes)

    async def load_history(self, now: float) -> None:
        """List one more of the older pages.

        Raises:
            ServiceError: The call failed; after three failures in a row the rest is given up.
        """
        if self._history is None:
            return
        self._history_failures += 1
        if self._history_failures > _PAGER_PATIENCE:
            self._history.is_done = True
        else:
            await self._page(self._history, now)
            self._history_failures = 0
        self._note_end(self._history)

    async def _newest_pages(self, now: float) -> Pager:
        """The first page, and as many more as are needed to meet a known batch and the active ones."""
        pager = Pager(self._service, max_pages=MAX_REFRESH_PAGES, turn=self._turn)
        has_known = await self._page(pager, now)
        while not pager.is_done and (not has_known or self._pages_are_cheaper(pager)):
            has_known = await self._page(pager, now) or has_known
        if not has_known and not pager.is_complete:
            # More new batches than a refresh can list (a long sleep): only the whole list closes the gap.
            self.is_complete = False
            self._history, self._history_failures = Pager(self._service, turn=self._turn), 0
        return pager

    def _turn(self) -> AbstractAsyncContextManager[None]:
        return self._gate.turn("poll")

    def _note_end(self, pager: Pager) -> None:
        self.is_complete = self.is_complete or (pager.is_done and pager.is_complete)

    async def _page(self, pager: Pager, now: float) -> bool:
        """Take in one page; True when its last batch was known before, so that no new one hides behind it."""
        batches = await pager.next()
        if pager.server_time is not None:
            self._store.note_server_time(pager.server_time, now)
        has_known = not batches or batches[-1].id in self._store
        self._apply(batches)
        return has_known

    def _apply(self, batches: Iterable[Batch]) -> None:
        reads = tuple(batches)
        was_active = self._store.active_ids
        self.note(self._store.apply(reads))
        for read in reads:
            if read.id in was_active and lacks_files(read):
                self._unsettled.setdefault(read.id, self._round)

    def _missing(self, pager: Pager) -> list[str]:
        """Active batches that no page held; none while the older pages are still being listed."""
        if self.has_more_history:
            return []
        return [batch_id for batch_id in self._store.active_ids if not pager.has_seen(batch_id)]

    def _pages_are_cheaper(self, pager: Pager) -> bool:
        """True when listing on to the furthest missing batch costs no more calls than asking for each."""
        missing = set(self._missing(pager))
        if not missing:
            return False
        furthest = max(n for n, batch in enumerate(self._store.batches()) if batch.id in missing)
        page_size = max(1, pager.seen // pager.pages)
        pages = -((pager.seen - furthest - 1) // page_size)
        return 0 < pages <= len(missing)

    def _due(self, pager: Pager) -> list[str]:
        """Ids to ask for one by one, the longest unasked first.

        A batch that ended in this very round waits for the next: its files may be named a moment later.
        """
        ended = sorted(batch_id for batch_id, since in self._unsettled.items() if since < self._round)
        missing = sorted(self._missing(pager), key=lambda batch_id: (self._asked.get(batch_id, 0), batch_id))
        return [*ended, *missing][:MAX_RETRIEVALS]

    async def _retrieve(self, ids: Iterable[str], now: float) -> None:
        for batch_id in ids:
            self._asked[batch_id] = self._round
            try:
                async with self._turn():
                    batch = await self._service.retrieve_batch(batch_id)
            except NotFoundError:
                self._note_absent(batch_id, now)
            else:
                self._unsettled.pop(batch_id, None)
                self._apply((batch,))

    def _note_absent(self, batch_id: str, now: float) -> None:
        self._unsettled.pop(batch_id, None)
        known = self._store.get(batch_id)
        created = None if known is None else known.times.created
        if created is None or now + self._store.server_offset - created > NEW_BATCH_GRACE:
            self.note(self._store.mark_gone(batch_id))


def lacks_files(batch: Batch) -> bool:
    """True when an ended batch should have a file that isn't named (yet)."""
    if not batch.is_terminal or batch.status is BatchStatus.FAILED:
        return False
    if batch.counts.done == 0:
        return batch.output_file_id is None and batch.error_file_id is None
    lacks_output = batch.counts.completed > 0 and batch.output_file_id is None
    return lacks_output or (batch.counts.failed > 0 and batch.error_file_id is None)
