"""Notices the end of an outage without asking for the list.

While lists fail, they are asked for once a minute. In between the service is looked for every 3 to 4 seconds with
a question that costs it nothing (``BatchService.is_reachable``), and the list is asked for the moment it is back.
A look tells something only when it changes: a server whose edge answers while the list behind it fails looks
well all the time. Then looking stops until the next list has failed, and each time it was wrong it waits longer
before it looks again. Of such a server the end of the outage is noticed by the next list alone, up to a minute
late: asking more often would be a load on a service that struggles.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from msgspec import Struct

from batch_tui.engine.gate import RateGate
from batch_tui.engine.looking import until_next_look
from batch_tui.engine.ports import Polled

_QUIET = (1.0, 5.0, 20.0)
"""Seconds without a look after a failed list: the more often looking misled, the more."""
_BLIND_SLICE = 5.0


class Slice(Struct, frozen=True):
    """A piece of the time between two lists."""

    seconds: float
    has_look: bool
    """True when the service is looked for at its beginning; the look has until its end."""


class Lookout:
    """Looks for a service whose list failed, from ``begin`` to ``end``.

    Args:
        service: Who is looked for.
        gate: While it is closed nobody looks.
        jitter: Between 0 and 1, anew with each call.
    """

    def __init__(
        self,
        service: Polled,
        gate: RateGate,
        *,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._service = service
        self._gate = gate
        self._jitter = jitter
        self._is_on = False
        self._is_away = False
        self._has_called = False
        self._is_blind = False
        self._misled = 0
        self._quiet = 0.0

    def begin(self) -> None:
        """A list failed: look out, after a moment, or after the pause the service asked for."""
        if not self._is_on:
            self._is_on, self._is_away, self._misled = True, True, 0
        elif self._has_called:
            self._misled += 1
        self._has_called = False
        self._is_blind = self._misled >= len(_QUIET)
        self._quiet = 0.0 if self._is_blind else max(_QUIET[self._misled], self._gate.closed_for())

    def end(self) -> None:
        """A list came, or waiting for one is no use."""
        self._is_on = False

    def next_slice(self) -> Slice:
        """How long to sleep next, and whether to look meanwhile."""
        if not self._is_on or self._is_blind:
            return Slice(_BLIND_SLICE, has_look=False)
        quiet, self._quiet = self._quiet, 0.0
        if quiet > 0:
            return Slice(quiet, has_look=False)
        return Slice(until_next_look(self._jitter), has_look=True)

    async def seen_again(self) -> None:
        """Look once; return when the service is back, else never: the caller ends it with its slice."""
        if self._gate.closed_for() > 0:
            await asyncio.Event().wait()
        was_away, self._is_away = self._is_away, True  # a look that is broken off has seen nothing
        if await self._service.is_reachable():
            self._is_away = False
            if was_away:
                self._has_called = True
                return
            self._is_blind = True
        await asyncio.Event().wait()
