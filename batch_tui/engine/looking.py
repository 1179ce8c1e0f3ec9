"""Looking for a service that doesn't answer: how often, and for how long.

A look is a question that costs the service nothing (``BatchService.is_reachable``).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Protocol

_SHORTEST, _SPREAD = 3.0, 1.0
"""Seconds from look to look, and how far they are spread: many clients must not look in step."""


class Reachable(Protocol):
    """What can be looked for."""

    async def is_reachable(self) -> bool:
        """Whether it is there at all; may take as long as it likes."""
        ...


def until_next_look(jitter: Callable[[], float] = random.random) -> float:
    """Seconds from one look to the next.

    Args:
        jitter: Between 0 and 1, anew with each call.
    """
    return _SHORTEST + _SPREAD * jitter()


async def is_seen(
    service: Reachable,
    seconds: float,
    sleep: Callable[[float], Awaitable[None]],
    *,
    on_miss: Callable[[], None] | None = None,
) -> bool:
    """Look once; a look that finds nothing, or nobody answers, lasts its whole time.

    Args:
        service: Who is looked for.
        seconds: The time of the look.
        sleep: Waits for seconds.
        on_miss: Called when nothing was found, before the rest of the time is waited for.
    """
    looking = asyncio.ensure_future(service.is_reachable())
    pausing = asyncio.ensure_future(sleep(seconds))
    try:
        await asyncio.wait((looking, pausing), return_when=asyncio.FIRST_COMPLETED)
        if not (looking.done() and looking.result()):
            if on_miss is not None:
                on_miss()
            await pausing
        return looking.done() and looking.result()
    finally:
        looking.cancel()
        pausing.cancel()
