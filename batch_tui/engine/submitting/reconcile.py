"""Looking for the batch of an intent whose reply was lost."""

from __future__ import annotations

from batch_tui.domain.batch import Batch, BatchPage
from batch_tui.domain.operation import SubmitOperation
from batch_tui.engine.kit import Kit

_MAX_PAGES = 20
_MARGIN = 3600
"""Seconds by which two machines of one service may disagree."""


async def find_batch_of(kit: Kit, operation: SubmitOperation) -> Batch | None:
    """List the newest batches until the one this intent made turns up, or only older ones follow.

    "Older" goes by the service's own clock: the time it gave to the input file.

    Raises:
        ServiceError: The list can't be read, so nothing is known.
    """
    after: str | None = None
    cursors: set[str] = set()
    for _ in range(_MAX_PAGES):
        async with kit.gate.turn():
            page = await kit.service.list_batches(after=after)
        found = next((batch for batch in page.batches if operation.made(batch)), None)
        if found is not None:
            return found
        after = page.last_id
        if after is None or after in cursors or not page.has_more or _is_before(page, operation.server_time):
            return None
        cursors.add(after)
    return None


def _is_before(page: BatchPage, server_time: int | None) -> bool:
    """True when every batch of the page is older than the intent can be."""
    if server_time is None or not page.batches:
        return False
    times = [batch.times.created for batch in page.batches]
    return all(created is not None and created < server_time - _MARGIN for created in times)
