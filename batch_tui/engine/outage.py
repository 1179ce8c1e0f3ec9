"""Sits out the time in which a service is away, for work that goes on by itself when it is back."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from functools import partial

from batch_tui.domain.errors import BatchTuiError
from batch_tui.engine.looking import is_seen, until_next_look
from batch_tui.engine.ports import BatchService

_TRY_AGAIN = 60.0
"""Seconds after which the work itself is tried, unseen: a server may answer everything but a look."""
_LONGEST = 1800.0
"""Seconds of absence that one piece of work sits out in all."""


class Outage:
    """What one piece of work met of a service that is away.

    Args:
        service: Who is looked for, with a question that costs it nothing.
        sleep: Waits for seconds.
        told: Called with the error that a wait begins with.
        jitter: Between 0 and 1, anew with each call.
    """

    def __init__(
        self,
        service: BatchService,
        sleep: Callable[[float], Awaitable[None]],
        *,
        told: Callable[[BatchTuiError], None],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._service = service
        self._sleep = sleep
        self._told = told
        self._jitter = jitter
        self._left = _LONGEST

    async def sit_out(self, error: BatchTuiError) -> bool:
        """Wait until the service is seen, for a minute at most; then the work is to be tried again.

        Args:
            error: What the work ended with.

        Returns:
            False when the service is there, so that waiting for it is no cure, or was away for too long.
        """
        waited = 0.0
        while waited < _TRY_AGAIN and self._left > 0:
            slice_ = until_next_look(self._jitter)
            on_miss = partial(self._told, error) if waited == 0 else None
            if await is_seen(self._service, slice_, self._sleep, on_miss=on_miss):
                return waited > 0
            waited += slice_
            self._left -= slice_
        return self._left > 0
