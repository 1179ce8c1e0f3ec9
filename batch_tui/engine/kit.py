"""What every action of the engine works with, and how patient it is with the network."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol, TypeVar

from msgspec import Struct

from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import (
    BatchTuiError,
    Effect,
    ForbiddenError,
    NotFoundError,
    RateLimitedError,
    RefusedError,
    ServiceError,
    TransferStalledError,
    UnauthorizedError,
    UnreachableError,
    UnsupportedError,
)
from batch_tui.engine.events import EventLog
from batch_tui.engine.gate import RateGate
from batch_tui.engine.outage import Outage
from batch_tui.engine.ports import BatchService
from batch_tui.engine.submitting.journal import Journal

READ_DELAYS = (1.0, 2.0, 5.0, 10.0, 20.0)
"""Seconds between the tries of a call that costs nothing and changes nothing."""
LONGEST_FOR_A_STRANGER = 5.0
"""Seconds: a longer wait is not worth it for an address at which nobody was ever met."""
_ASK_AGAIN = 60.0
"""Seconds between the tries of what is waited for as long as it takes."""
_LIMITED_AT_MOST = 30
"""How often a call may be told 429 before it gives up; each waits as long as the service asked."""
_QUOTA_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
T = TypeVar("T")


class Batches(Protocol):
    """The store, as far as actions need it."""

    def apply(self, batches: Iterable[Batch]) -> object:
        """Take in what the service said."""
        ...

    def get(self, batch_id: str) -> Batch | None:
        """A batch that is known."""
        ...


class Kit(Struct, frozen=True):
    """The parts that the actions of one profile share."""

    service: BatchService
    store: Batches
    gate: RateGate
    journal: Journal
    events: EventLog
    clock: Callable[[], float]
    """Unix seconds, for display."""
    sleep: Callable[[float], Awaitable[None]]
    is_read_only: bool = False


def is_hopeless(error: BatchTuiError) -> bool:
    """True when the same call can't succeed by waiting: a refusal, a wrong key, a broken configuration."""
    if isinstance(error, RateLimitedError):
        return error.code in _QUOTA_CODES
    if isinstance(error, UnreachableError):
        return error.is_permanent
    if isinstance(error, TransferStalledError):
        return False
    hopeless = (UnauthorizedError, ForbiddenError, NotFoundError, RefusedError, UnsupportedError)
    return isinstance(error, hopeless) or not isinstance(error, ServiceError)


def is_nowhere(gate: RateGate, error: BatchTuiError) -> bool:
    """True when no connection came about, now or before: likelier a wrong address than a service that is away."""
    return isinstance(error, UnreachableError) and error.effect is Effect.NONE and not gate.was_reached


async def patiently(
    kit: Kit,
    call: Callable[[], Awaitable[T]],
    *,
    delays: tuple[float, ...] = READ_DELAYS,
    is_transfer: bool = False,
    outage: Outage | None = None,
) -> T:
    """Make a call that is harmless to repeat until it succeeds, is hopeless, or the delays are used up.

    Where nobody was ever met, it is told within seconds: that is for the user to mend.

    Args:
        kit: The parts shared by all actions.
        call: What is to be done.
        delays: Seconds between the tries.
        is_transfer: True for a file, which leaves the gate's places to short calls.
        outage: Sits out a service that is away, which uses up no delay; None: that is a failure like any.

    Raises:
        ServiceError: The last error.
        TransferStalledError: The last try stalled.
    """
    waits = iter(delays)
    limits = 0
    while True:
        try:
            async with kit.gate.transfer() if is_transfer else kit.gate.turn():
                return await call()
        except (ServiceError, TransferStalledError) as error:
            if is_hopeless(error):
                raise
            if isinstance(error, RateLimitedError) and limits < _LIMITED_AT_MOST:
                limits += 1  # the gate is closed for as long as the service asked
                continue
            is_stranger = is_nowhere(kit.gate, error)
            if not is_stranger and outage is not None and await outage.sit_out(error):
                continue
            wait = next(waits, None)
            if wait is None or (is_stranger and wait > LONGEST_FOR_A_STRANGER):
                raise
        await kit.sleep(wait)


async def persistently(kit: Kit, call: Callable[[], Awaitable[T]], *, told: Callable[[ServiceError], None]) -> T:
    """Make a call that is harmless to repeat until it succeeds or is hopeless, however long the service is away.

    Where nobody was ever met, it is told within seconds: that is for the user to mend.

    Args:
        kit: The parts shared by all actions.
        call: What is to be done.
        told: Called with the error that each wait begins with.

    Raises:
        ServiceError: The call is hopeless, or the address is nobody's.
    """
    while True:
        try:
            return await patiently(kit, call)
        except ServiceError as error:
            if is_hopeless(error) or not kit.gate.was_reached:
                raise
            told(error)
        await kit.sleep(_ASK_AGAIN)
