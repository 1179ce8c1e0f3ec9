"""What batches have cost, as exactly as can be known without fetching more than is wanted.

Where the answers are on this machine each is priced by its own model, tier and length. Else the service's sum for
the batch is, which tells one model and no tier. Where neither is there the cost is not known.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from batch_tui.domain.batch import Batch, Usage
from batch_tui.domain.money import Bill, Cost
from batch_tui.domain.spending import Expense
from batch_tui.engine.money.costs import bill_of, cost_so_far
from batch_tui.engine.money.prices import PriceList
from batch_tui.engine.ports import OnProgress
from batch_tui.engine.results.collect import Collected, Collector
from batch_tui.jsonl.results.joined import JoinedResults


class JoinBench(Protocol):
    """Who reads big result files: the worker process."""

    async def join(
        self, results: Sequence[Sequence[Path]], *, on_progress: OnProgress | None = None
    ) -> JoinedResults:
        """Join result files."""
        ...


class Spending:
    """The expenses of one profile.

    Args:
        profile: Its name.
        collector: Fetches results, or finds them in its cache.
        bench: Reads them.
        prices: The price list.
    """

    def __init__(self, profile: str, collector: Collector, bench: JoinBench, prices: PriceList) -> None:
        self._profile = profile
        self._collector = collector
        self._bench = bench
        self._prices = prices

    async def of(
        self, batch: Batch, *, may_fetch: bool = False, on_progress: OnProgress | None = None
    ) -> tuple[Expense, ...]:
        """What a batch has cost (so far), by model.

        Args:
            batch: The batch.
            may_fetch: True to fetch the answers when they are not here.
            on_progress: Told of the bytes that are fetched.

        Raises:
            ServiceError: The answers can't be had.
            TransferStalledError: No byte came.
            InputFileError: They can't be read.
            OutputFileError: The cache can't be written.
        """
        bill = await self._bill(batch, may_fetch=may_fetch, on_progress=on_progress)
        if bill is None or not bill.lines:
            usage = batch.usage or Usage()
            told = batch.counts.completed if batch.usage is not None else 0
            cost = cost_so_far(batch, self._prices)
            return (self._expense(batch, batch.model or "", max(0, told), usage, cost),)
        return tuple(self._expense(batch, one.model, one.requests, one.usage, one.cost) for one in bill.lines)

    def _expense(self, batch: Batch, model: str, requests: int, usage: Usage, cost: Cost | None) -> Expense:
        created = batch.times.created or 0
        day = time.strftime("%Y-%m-%d", time.localtime(created)) if created else ""
        return Expense(self._profile, batch.id, created, day, model, requests, usage, cost)

    async def _bill(self, batch: Batch, *, may_fetch: bool, on_progress: OnProgress | None) -> Bill | None:
        """What the answers themselves tell; None without them."""
        if not batch.is_terminal or not (batch.output_file_id or batch.error_file_id):
            return None
        collected: Collected | None = await asyncio.to_thread(self._collector.local_results, batch)
        if collected is None and may_fetch:
            collected = await self._collector.collect(batch.id, on_progress=on_progress)
        if collected is None:
            return None
        with await self._bench.join([collected.files], on_progress=on_progress) as joined:
            return await asyncio.to_thread(bill_of, joined.usage_groups, self._prices)
