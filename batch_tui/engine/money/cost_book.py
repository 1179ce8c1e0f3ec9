"""What each batch costs, at hand for a screen that asks many times; the prices are loaded off the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from itertools import takewhile
from typing import TYPE_CHECKING

from msgspec import Struct

from batch_tui.domain.batch import Batch
from batch_tui.domain.money import NOTHING, Bill, Cost
from batch_tui.engine.money.costs import about_so_far, cost_so_far, projected
from batch_tui.engine.money.prices import PriceList

if TYPE_CHECKING:
    from batch_tui.domain.operation import SubmitOperation


class DaySpent(Struct, frozen=True):
    """What some batches have cost: those of a day, of a group."""

    cost: Cost
    """Of those whose cost is known."""
    unknown: int
    """Batches that have cost something nobody knows."""


class CostBook:
    """Costs by batch.

    Args:
        prices: The price list. Its data take a quarter of a second to load: until :meth:`warm` was awaited, no
            cost is known.
    """

    def __init__(self, prices: PriceList) -> None:
        self._prices = prices
        self._is_warm = False
        self._costs: dict[str, tuple[Batch, Cost | None]] = {}
        self._bills: dict[str, Cost] = {}

    async def warm(self) -> None:
        """Load the prices, beside the event loop."""
        await asyncio.to_thread(self._prices.knows, "gpt-4o-mini")
        self._is_warm = True
        self._costs.clear()

    def note_bill(self, batch_id: str, bill: Bill) -> None:
        """Take what the answers themselves tell of an ended batch: each priced by its own model and tier."""
        if bill.lines and bill.total is not None:
            self._bills[batch_id] = bill.total

    def cost(self, batch: Batch) -> Cost | None:
        """What a batch has cost so far, or in all; None when nobody knows."""
        billed = self._bills.get(batch.id)
        if billed is not None or not self._is_warm:
            return billed
        known = self._costs.get(batch.id)
        if known is None or known[0] is not batch:
            known = (batch, cost_so_far(batch, self._prices))
            self._costs[batch.id] = known
        return known[1]

    def projected(self, batch: Batch) -> Cost | None:
        """What a running batch will have cost if it goes on as it began; None without a base for it."""
        return projected(batch, self._prices) if self._is_warm and not batch.is_terminal else None

    def about(self, batch: Batch, submit: SubmitOperation | None, batches: Iterable[Batch]) -> Cost | None:
        """About what a running batch has cost, where the service doesn't tell; None without a base for it.

        Args:
            batch: The batch.
            submit: Its submit, as the journal has it: it knows model and tokens.
            batches: The account's, newest first.
        """
        model = batch.model or (submit.model if submit is not None else None)
        if not self._is_warm or submit is None or not model:
            return None
        return about_so_far(batch, self._prices, model=model, input_tokens=submit.input_tokens, batches=batches)

    def spent_today(self, batches: Iterable[Batch], now: float) -> DaySpent | None:
        """What the batches made since midnight have cost; None when there are none, or no cost of them is known.

        Args:
            batches: The account's, newest first: those of before aren't looked at.
            now: Unix seconds by the service's clock.
        """
        midnight = time.mktime((*time.localtime(now)[:3], 0, 0, 0, 0, 0, -1))
        return self.spent(takewhile(lambda batch: (batch.times.created or 0) >= midnight, batches))

    def spent(self, batches: Iterable[Batch]) -> DaySpent | None:
        """What some batches have cost together; None when there are none, or no cost of them is known."""
        costs = [self.cost(batch) for batch in batches]
        known = [cost for cost in costs if cost is not None]
        if not known:
            return None
        return DaySpent(sum(known, NOTHING), len(costs) - len(known))
