"""The one owner of the batches: only it is written to, and only through ``apply``.

Reads arrive from list pages, single retrievals and answers to actions, in any order and from replicas that lag
behind. The store lets each of them in once, says what really changed, and keeps what must not be undone: a
batch that ended stays ended, and its file ids stay known.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from msgspec import Struct

from batch_tui.domain.batch import Batch
from batch_tui.domain.lineage import parent_of
from batch_tui.domain.status import BatchStatus

_OFFSET_TOLERANCE = 2.0
"""Seconds the server's clock may seem to move before it is believed: its Date header has whole seconds."""
_SortKey = tuple[int, str]


class Changes(Struct, frozen=True):
    """Which batches an ``apply`` touched; ids, each in one of the three. False when nothing did."""

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.updated or self.removed)

    def merge(self, later: Changes) -> Changes:
        """These changes and later ones as one step."""
        before, after = _kinds(self), _kinds(later)
        for batch_id, kind in after.items():
            earlier = before.get(batch_id)
            if earlier == "added":
                kind = "none" if kind == "removed" else "added"  # noqa: PLW2901 - seen from before both
            elif earlier == "removed" and kind == "added":
                kind = "updated"  # noqa: PLW2901
            before[batch_id] = kind
        return Changes(
            added=tuple(i for i, kind in before.items() if kind == "added"),
            updated=tuple(i for i, kind in before.items() if kind == "updated"),
            removed=tuple(i for i, kind in before.items() if kind == "removed"),
        )


NO_CHANGES = Changes()


class BatchStore:
    """All known batches of one profile, newest first. Not thread-safe: it lives on the event loop."""

    def __init__(self) -> None:
        self._batches: dict[str, Batch] = {}
        self._order: list[_SortKey] = []
        self._sorted: list[Batch] = []
        self._gone: set[str] = set()
        self._active: set[str] = set()
        self._retried: set[str] = set()
        self._tally: Counter[BatchStatus] = Counter()
        self._view: tuple[Batch, ...] | None = ()
        self._offset = 0.0
        self._has_offset = False

    def __len__(self) -> int:
        return len(self._batches)

    def __contains__(self, batch_id: object) -> bool:
        return batch_id in self._batches

    @property
    def server_offset(self) -> float:
        """Seconds the server's clock is ahead of this machine's; 0.0 until an answer told it."""
        return self._offset

    @property
    def active_ids(self) -> frozenset[str]:
        """Ids of the batches that may still change and aren't gone."""
        return frozenset(self._active - self._gone)

    @property
    def tally(self) -> Mapping[BatchStatus, int]:
        """How many batches are in each status; statuses without any are left out."""
        return {status: count for status, count in self._tally.items() if count}

    def get(self, batch_id: str) -> Batch | None:
        """One batch, or None when it isn't known."""
        return self._batches.get(batch_id)

    def batches(self) -> tuple[Batch, ...]:
        """All batches, newest first (by creation, then id); those without a creation time come last."""
        if self._view is None:
            self._view = tuple(self._sorted)
        return self._view

    def is_gone(self, batch_id: str) -> bool:
        """True when the service no longer knows a batch that is still shown."""
        return batch_id in self._gone

    def has_retries(self, batch_id: str) -> bool:
        """True when a known batch sends requests of this one again: asked for at each step of a cursor."""
        return batch_id in self._retried

    def apply(self, batches: Iterable[Batch]) -> Changes:
        """Take in reads, oldest first; applying them once more changes nothing.

        Returns:
            What changed in the end: a batch read several times counts once, one that is as it was doesn't.
        """
        fresh: dict[str, Batch] = {}
        for read in batches:
            known = fresh.get(read.id) or self._batches.get(read.id)
            fresh[read.id] = read if known is None else settled(known, read)
        added: list[str] = []
        updated: list[str] = []
        for batch_id, batch in fresh.items():
            known = self._batches.get(batch_id)
            if known is None:
                added.append(batch_id)
            elif known != batch or batch_id in self._gone:
                updated.append(batch_id)
            else:
                continue
            self._gone.discard(batch_id)
            self._put(known, batch)
        return Changes(added=tuple(added), updated=tuple(updated))

    def mark_gone(self, batch_id: str) -> Changes:
        """The service denies a batch: it stays, marked, until it's dismissed or read again."""
        if batch_id not in self._batches or batch_id in self._gone:
            return NO_CHANGES
        self._gone.add(batch_id)
        return Changes(updated=(batch_id,))

    def dismiss(self, batch_id: str) -> Changes:
        """Forget a batch that is gone; others stay."""
        if batch_id not in self._gone:
            return NO_CHANGES
        batch = self._batches.pop(batch_id)
        self._gone.discard(batch_id)
        self._active.discard(batch_id)
        self._tally[batch.status] -= 1
        self._take_out(batch)
        self._view = None
        return Changes(removed=(batch_id,))

    def note_server_time(self, server: float, local: float) -> None:
        """Learn the server's clock from an answer; both in Unix seconds."""
        offset = server - local
        if not self._has_offset or abs(offset - self._offset) > _OFFSET_TOLERANCE:
            self._offset, self._has_offset = offset, True

    def _put(self, known: Batch | None, batch: Batch) -> None:
        if known is None:
            self._retried.add(parent_of(batch) or "")
        else:
            self._tally[known.status] -= 1
        self._put_in_order(known, batch)
        self._tally[batch.status] += 1
        self._batches[batch.id] = batch
        if batch.is_terminal:
            self._active.discard(batch.id)
        else:
            self._active.add(batch.id)
        self._view = None

    def _put_in_order(self, known: Batch | None, batch: Batch) -> None:
        key = _sort_key(batch)
        if known is not None and _sort_key(known) == key:
            self._sorted[bisect_left(self._order, key)] = batch
            return
        if known is not None:
            self._take_out(known)
        place = bisect_left(self._order, key)
        self._order.insert(place, key)
        self._sorted.insert(place, batch)

    def _take_out(self, batch: Batch) -> None:
        place = bisect_left(self._order, _sort_key(batch))
        del self._order[place], self._sorted[place]


def settled(known: Batch, read: Batch) -> Batch:
    """What to believe of a batch after one more read of it: an end is final, and so are the files it named."""
    if not known.is_terminal:
        return read
    if not read.is_terminal:
        return known
    return replace(
        read,
        output_file_id=read.output_file_id or known.output_file_id,
        error_file_id=read.error_file_id or known.error_file_id,
    )


def _sort_key(batch: Batch) -> _SortKey:
    return -(batch.times.created or 0), batch.id


def _kinds(changes: Changes) -> dict[str, str]:
    kinds = dict.fromkeys(changes.added, "added")
    kinds.update(dict.fromkeys(changes.updated, "updated"))
    kinds.update(dict.fromkeys(changes.removed, "removed"))
    return kinds
