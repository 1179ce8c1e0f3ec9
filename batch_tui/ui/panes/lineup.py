"""Which rows of Batches are shown, and in which order: worked out anew only as far as something changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from msgspec import Struct

from batch_tui.domain.batch import Batch
from batch_tui.ui.panes.batch_rows import BatchRows, Shown
from batch_tui.ui.panes.columns import BatchFacts
from batch_tui.ui.panes.narrowing import Narrowing
from batch_tui.ui.panes.ordering import Order
from batch_tui.ui.widgets.picked import Picked

if TYPE_CHECKING:
    from batch_tui.ui.panes.conditions import Condition
    from batch_tui.ui.panes.row_readings import RowReadings

_SLICE = 100
"""Rows read ahead at a time: a key that comes meanwhile waits for a millisecond."""
_BREATH = 0.01
"""Seconds between two slices, left to keys and paints."""
_REST = 0.25
"""Seconds left to the start, and without news before rows are ordered: not for each page of a long list."""


class _Kept(Struct, frozen=True):
    """What a filter left the last time, and of what."""

    version: int
    order: Order
    conditions: tuple[Condition, ...]
    places: Sequence[int]


class Lineup:
    """Filters and orders the rows.

    Their fields are read once and kept; an order is kept until a field of a row changes; a filter that only gets
    narrower, as with each letter typed, looks only at what it left before.

    Args:
        rows: The batches and groups.
        facts_of: What is known about a batch now.
        columns: Ids of the columns that rows can be ordered by.
    """

    def __init__(self, rows: BatchRows, facts_of: Callable[[Batch], BatchFacts], columns: Iterable[str]) -> None:
        self._rows = rows
        self._facts_of = facts_of
        self._columns = tuple(columns)
        self._known: RowReadings | None = None
        self._tops: tuple[Batch, ...] = ()
        self._owners: tuple[int, ...] = ()
        self._orders: dict[Order, tuple[int, Sequence[int]]] = {}
        self._kept: _Kept | None = None
        self._is_due = asyncio.Event()

    def shown(self, order: Order, narrowing: Narrowing, first: frozenset[str], now: float) -> Shown:
        """The rows; a group is shown when one of its batches is kept, or the whole.

        Args:
            order: How they are sorted.
            narrowing: What hides some.
            first: Batches that stand on top, whatever the order.
            now: Unix seconds by the server's clock.
        """
        tops, ids = self._rows.tops, self._rows.top_ids
        if order.is_usual and not narrowing.is_on and not first:
            return self._rows.listed(Shown(ids, tops))
        self._align()
        places = self._ordered(order)
        if narrowing.is_on:
            places = self._select(places, order, narrowing.conditions, now)
        if first:
            on_top = self._rows.with_groups(first)
            above = [place for place in places if ids[place] in on_top]
            places = [*above, *(place for place in places if ids[place] not in on_top)]
        return self._rows.listed(Shown(Picked(ids, places), Picked(tops, places)))

    def forget(self, ids: Iterable[str]) -> None:
        """More or less is known about these rows, though the service may say the same of them."""
        if self._known is not None:
            self._known.forget(self._rows.with_groups(ids))
        self._is_due.set()

    async def read_ahead(self, settled: Callable[[int], None]) -> None:
        """Read and order the rows while nothing else is to be done, so that no key waits for it; never ends.

        Args:
            settled: Told how many rows there are, whenever all are read and none comes.
        """
        while True:
            await self._is_due.wait()
            self._is_due.clear()
            await asyncio.sleep(_REST)
            import_module("batch_tui.ui.panes.filter_language")  # or the first key of a filter waits for it
            self._align()
            while self._readings.read_ahead(self._columns, _SLICE):
                await asyncio.sleep(_BREATH)
                self._align()
            await asyncio.sleep(_REST)
            if not self._is_due.is_set():
                settled(len(self._tops))
            for column in self._columns:
                if self._is_due.is_set():
                    break
                self._align()
                self._ordered(Order(column))
                await asyncio.sleep(_BREATH)

    @property
    def _readings(self) -> RowReadings:
        if self._known is None:
            from batch_tui.ui.panes.row_readings import RowReadings  # noqa: PLC0415 - not at the start

            self._known = RowReadings(self._facts_of)
        return self._known

    def _align(self) -> None:
        """The rows as they are now, those in groups behind those that stand in the list."""
        tops = self._rows.tops
        if tops is self._tops:
            return
        members = self._rows.members
        places = {batch.id: place for place, batch in enumerate(tops)} if members else {}
        self._tops = tops
        self._owners = tuple(places[group_id] for group_id, _ in members)
        self._readings.set_rows((*tops, *(batch for _, batch in members)) if members else tops)

    def _ordered(self, order: Order) -> Sequence[int]:
        """The places of all rows that stand in the list, sorted."""
        readings, count = self._readings, len(self._tops)
        if order.is_usual:
            return range(count)
        version, places = self._orders.get(order, (-1, ()))
        if version != readings.version or readings.is_volatile(order.column):
            turned = self._orders.get(order.reversed(), (-1, ()))
            begin = turned[1] if turned[0] == readings.version else range(count)
            places = readings.sorted(begin, order.column, is_reversed=order.is_falling)
            self._orders[order] = (readings.version, places)
        return places

    def _select(
        self, ordered: Sequence[int], order: Order, conditions: tuple[Condition, ...], now: float
    ) -> Sequence[int]:
        """Those places that a filter keeps, in their order."""
        from batch_tui.ui.panes.conditions import narrows, select  # noqa: PLC0415 - not at the start

        readings, count, owners, last = self._readings, len(self._tops), self._owners, self._kept
        begin: Iterable[int] = (*ordered, *range(count, count + len(owners))) if owners else ordered
        is_same = last is not None and last.version == readings.version and last.order == order
        if last is not None and is_same and narrows(conditions, last.conditions):
            begin = last.places
        places = tuple(select(begin, conditions, readings, now))
        self._kept = _Kept(readings.version, order, conditions, places)
        if not owners:
            return places
        kept = {place if place < count else owners[place - count] for place in places}
        return [place for place in ordered if place in kept]
