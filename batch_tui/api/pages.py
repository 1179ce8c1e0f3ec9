"""Pages of batches, read again only where they changed.

A poll asks for the same hundred batches every few seconds, and nearly all of them are what they were: an entry
whose bytes were seen before is the same immutable ``Batch`` again, for a tenth of the price of reading it.
"""

from __future__ import annotations

from collections.abc import Iterable

import httpx2
import msgspec

from batch_tui.api.long_batches import LONG_BATCH, read_long_batch
from batch_tui.api.replies import Call, decode, encode, other_object, read_json, require_body, server_time
from batch_tui.domain.batch import Batch, BatchPage
from batch_tui.domain.normalise import batch_from_wire, is_page, page_of

MAX_KEPT = 20_000
"""Batches that are remembered; beyond it all are forgotten."""


class _Envelope(msgspec.Struct):
    """The usual shape of a list, entries unread; any other shape is read the slow way."""

    data: list[msgspec.Raw]
    has_more: bool
    last_id: str
    object: str | None = None


class PageReader:
    """Reads pages of batches and remembers their entries."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], Batch] = {}
        self._latest: dict[str, tuple[int, int]] = {}

    def read(self, response: httpx2.Response, call: Call, limit: int) -> BatchPage:
        """The page a reply holds.

        Args:
            response: The reply, its body read.
            call: What was asked for.
            limit: How many batches were asked for.

        Raises:
            NotTheApiError: It is no list.
            ServerFaultError: It is cut, or not JSON.
        """
        require_body(response, call)
        page = self._usual(response.content)
        if page is None:
            raw = read_json(response, call)
            if not is_page(raw):
                raise other_object(call)
            entries, has_more, last_id = page_of(raw, limit=limit)
            found = (batch_from_wire(entry, text=encode(entry)) for entry in entries)
            page = _present(found), has_more, last_id
        return BatchPage(*page, server_time(response))

    def _usual(self, content: bytes) -> tuple[tuple[Batch, ...], bool, str | None] | None:
        """Read a page of the usual shape, entry by entry; None for every other shape."""
        try:
            page = msgspec.json.decode(content, type=_Envelope)
            batches = _present(self._batch(bytes(entry)) for entry in page.data)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return None
        return (batches, page.has_more, page.last_id) if page.last_id else None

    def _batch(self, entry: bytes) -> Batch | None:
        """One entry; the same object as long as its bytes stay the same."""
        # Python's hash is keyed by a secret of this process: nobody can make two entries collide.
        key = (hash(entry), len(entry))
        known = self._known.get(key)
        if known is not None:
            return known
        is_long = len(entry) > LONG_BATCH
        batch = read_long_batch(entry) if is_long else batch_from_wire(decode(entry), text=_compact(entry))
        if batch is not None:
            self._remember(key, batch)
        return batch

    def _remember(self, key: tuple[int, int], batch: Batch) -> None:
        if len(self._known) >= MAX_KEPT:
            self._known.clear()
            self._latest.clear()
        older = self._latest.get(batch.id)
        if older is not None:
            self._known.pop(older, None)
        self._latest[batch.id] = key
        self._known[key] = batch


def _present(batches: Iterable[Batch | None]) -> tuple[Batch, ...]:
    """Without the entries that are no batches."""
    return tuple(batch for batch in batches if batch is not None)


def _compact(entry: bytes) -> str:
    return msgspec.json.format(entry, indent=-1).decode()
