"""What a file will cost, before anybody says yes to it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from batch_tui.domain.errors import BatchTuiError
from batch_tui.domain.money import Estimate
from batch_tui.engine.cockpit import Cockpit
from batch_tui.engine.money.costs import estimate_of


async def estimated(cockpit: Cockpit, path: Path) -> Estimate | None:
    """What the requests of a file will cost; None when the file can't be read."""
    try:
        demands = await cockpit.workshop.demand(path)
    except BatchTuiError:
        return None
    return await asyncio.to_thread(estimate_of, demands, cockpit.prices, cockpit.store.batches())


def amount_to_type(cockpit: Cockpit, estimate: Estimate | None) -> int | None:
    """The whole dollars to be typed for a cost over the profile's ``confirm_above``; None when a yes is enough."""
    return None if estimate is None else estimate.dollars_to_type(cockpit.settings.profile.confirm_above)
