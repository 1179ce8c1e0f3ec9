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

_REMEMBERED = 12
"""Filters whose rows are remembered: what a letter hid, its backspace shows again."""


class _Kept(Struct, frozen=True):
    """What a filter left, and of what."""

    version: int
    order: Order
    conditions: tuple[Condition, ...]
    places: Sequence[int]


class Lineup:
    """Filters and orders the rows.

    Their fields are read once and kept; an order is kept until a field of a row changes; a filter that only gets
    narrower, as with each letter typed, looks only at what it left before, and a backspace at nothing.

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
        self._kept: list[_Kept] = []
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
        """Those places that a filter keeps, in their order; with the group of a batch that it keeps."""
        count, owners = len(self._tops), self._owners
        places = self._left(ordered, order, conditions, now)
        if not owners:
            return places
        inside = len(places)
        while inside and places[inside - 1] >= count:
            inside -= 1
        tops = places[:inside]
        groups = {owners[place - count] for place in places[inside:]}.difference(tops)
        if not groups:
            return tops
        groups.update(tops)
        return [place for place in ordered if place in groups]

    def _left(
        self, ordered: Sequence[int], order: Order, conditions: tuple[Condition, ...], now: float
    ) -> Sequence[int]:
        """Those places that meet the conditions, of batches in groups too; looked for where they can be."""
        from batch_tui.ui.panes.conditions import narrows, select  # noqa: PLC0415 - not at the start

        version, count = self._readings.version, len(self._tops)
        same = [kept for kept in self._kept if kept.version == version and kept.order == order][-_REMEMBERED:]
        wider = [kept for kept in same if narrows(conditions, kept.conditions)]
        known = next((kept for kept in wider if kept.conditions == conditions), None)
        if known is None:
            every = (*ordered, *range(count, count + len(self._owners))) if self._owners else ordered
            begin = min((kept.places for kept in wider), key=len, default=every)
            known = _Kept(version, order, conditions, tuple(select(begin, conditions, self._readings, now)))
            same.append(known)
        self._kept = same
        return known.places
