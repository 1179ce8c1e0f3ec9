"""A cost above what the profile sets is confirmed by typing it, before anything is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.money import estimate_words
from batch_tui.domain.formatting import money
from batch_tui.domain.money import Demand
from batch_tui.engine.cockpit import Cockpit
from batch_tui.engine.money.costs import estimate_of


async def too_costly(cockpit: Cockpit, paths: Sequence[Path], console: Console, *, is_meant: bool) -> Exit | None:
    """Estimate what is to be sent, and ask when it's more than the profile's ``confirm_above``.

    Args:
        cockpit: The engine.
        paths: The input files, together.
        console: Where it is asked.
        is_meant: True when the user said yes beforehand.

    Returns:
        None when it may be sent; else the exit code of the verb, everything said.
    """
    above = cockpit.settings.profile.confirm_above
    if above is None or is_meant or not paths:
        return None
    demands: list[Demand] = []
    for path in paths:
        hook = console.progress(f"counting {path.name}")
        demands += await cockpit.workshop.demand(path, on_progress=hook)
    estimate = await asyncio.to_thread(estimate_of, demands, cockpit.prices, cockpit.store.batches())
    dollars = estimate.dollars_to_type(above)
    if dollars is None:
        return None
    console.say(f"Cost: {estimate_words(estimate)}; the profile asks about more than {money(above)}.")
    if console.ask(f"Type {dollars} to send it:", answer=str(dollars)):
        return None
    console.say("Nothing was sent. To send it without being asked: --yes")
    return Exit.USAGE
