"""Listing by our own cursor: each batch once, and an end to every list a server can send.

The SDK's pages trust the server. Servers shift rows between pages, repeat a cursor for ever, say ``has_more``
with nothing in the page, or name no cursor: a listing here stops at each, and says that it may be incomplete.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext

from msgspec import Struct

from batch_tui.domain.batch import Batch, BatchPage
from batch_tui.engine.ports import Polled

PAGE_SIZE = 100
"""Most batches the service gives at once."""
MAX_PAGES = 1_000
"""Pages after which a listing gives up: 100,000 batches."""

Turn = Callable[[], AbstractAsyncContextManager[None]]
"""Asks for the right to send one request: the rate gate."""
OnPage = Callable[[tuple[Batch, ...]], None]


class Listing(Struct, frozen=True):
    """All batches a service has told of."""

    batches: tuple[Batch, ...]
    is_complete: bool
    """False when the list ended in a way that may hide further batches."""


class Pager:
    """Walks the pages of the list of batches, one request per ``next``.

    Args:
        service: Who is asked.
        limit: Batches per page, 1 to 100.
        max_pages: Pages after which it stops.
        turn: Entered around each request.
    """

    def __init__(
        self,
        service: Polled,
        *,
        limit: int = PAGE_SIZE,
        max_pages: int = MAX_PAGES,
        turn: Turn = nullcontext,
    ) -> None:
        self._service = service
        self._limit = limit
        self._max_pages = max_pages
        self._turn = turn
        self._cursor: str | None = None
        self._seen: set[str] = set()
        self._cursors: set[str] = set()
        self.pages = 0
        """Pages received."""
        self.is_done = max_pages <= 0
        """True when there is nothing more to ask for."""
        self.is_complete = False
        """True when the service itself said that the list is over."""
        self.server_time: int | None = None
        """The server's clock at the last page, Unix seconds; None when it doesn't say."""

    async def next(self) -> tuple[Batch, ...]:
        """The batches of the next page that no earlier page held; empty at the end.

        Raises:
            ServiceError: The request failed; calling again asks for the same page.
        """
        if self.is_done:
            return ()
        async with self._turn():
            page = await self._service.list_batches(after=self._cursor, limit=self._limit)
        self.server_time = page.server_time
        fresh = tuple({batch.id: batch for batch in page.batches if batch.id not in self._seen}.values())
        self._seen.update(batch.id for batch in fresh)
        self._advance(page, has_fresh=bool(fresh))
        return fresh

    @property
    def seen(self) -> int:
        """How many batches the pages held so far."""
        return len(self._seen)

    def has_seen(self, batch_id: str) -> bool:
        """True when a page held this batch."""
        return batch_id in self._seen

    def _advance(self, page: BatchPage, *, has_fresh: bool) -> None:
        self.pages += 1
        if not page.has_more:
            self.is_done = self.is_complete = True
            return
        cursor = page.last_id or (page.batches[-1].id if page.batches else None)
        if cursor is None or cursor in self._cursors or not has_fresh or self.pages >= self._max_pages:
            self.is_done = True
            return
        self._cursors.add(cursor)
        self._cursor = cursor


async def list_all(
    service: Polled,
    *,
    limit: int = PAGE_SIZE,
    on_page: OnPage | None = None,
    max_pages: int = MAX_PAGES,
    turn: Turn = nullcontext,
) -> Listing:
    """All batches, page by page, each once, in the service's order.

    Args:
        service: Who is asked.
        limit: Batches per page, 1 to 100.
        on_page: Told the new batches of each page as it comes.
        max_pages: Pages after which the listing gives up.
        turn: Entered around each request.

    Raises:
        ServiceError: A page could not be had.
    """
    pager = Pager(service, limit=limit, max_pages=max_pages, turn=turn)
    found: list[Batch] = []
    while not pager.is_done:
        page = await pager.next()
        found.extend(page)
        if on_page is not None:
            on_page(page)
    return Listing(tuple(found), pager.is_complete)
