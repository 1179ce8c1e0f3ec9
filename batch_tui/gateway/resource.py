"""What the routes of every kind of object work with."""

from __future__ import annotations

from abc import ABC, abstractmethod

from starlette.routing import Route

from batch_tui.gateway.account import Account
from batch_tui.gateway.clock import Clock


class Resource(ABC):
    """The routes of one kind of object.

    Args:
        account: Where the objects are kept.
        clock: Time.
    """

    def __init__(self, account: Account, clock: Clock) -> None:
        self._account = account
        self._clock = clock

    @abstractmethod
    def routes(self) -> list[Route]:
        """What clients can ask for."""
