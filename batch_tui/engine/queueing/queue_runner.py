"""The queue sent from inside a program that stays open: its entries at hand, and what moves as events.

It never ends by itself: with nothing to send it waits for the next entry, beside another process it watches, and
an outage it sits out. What it says is for a screen; the work is :class:`~batch_tui.engine.queueing.queue.Queue`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from batch_tui.domain.errors import BatchTuiError
from batch_tui.domain.queueing import QueueEntry, QueueStage
from batch_tui.domain.text import printable
from batch_tui.engine.queueing.queue import Queue, QueueTakenError
from batch_tui.engine.queueing.queue_store import waiting_line
from batch_tui.engine.submitting.submission import SubmitOrder

REST = 30.0
"""Seconds until it looks again by itself: another process may have added, or left off sending."""


class RunnerState(StrEnum):
    """What the runner does."""

    IDLE = "idle"
    """Nothing waits."""
    SENDING = "sending"
    """It sends what there is room for, and holds the rest."""
    ELSEWHERE = "elsewhere"
    """Another process sends this queue."""
    HELD = "held"
    """Something waits that only the user or the network can help; the last message says why."""


class QueueEvent(Struct, frozen=True):
    """Something moved."""

    state: RunnerState
    entry: QueueEntry | None = None
    """The entry that moved, as it now stands; None when only the state did."""
    message: str = ""
    """One sentence; empty when there is nothing to say."""


class QueueRunner:
    """Sends the queue while the program is open.

    Args:
        queue: The queue.
        sleep: Waits for seconds.
        is_read_only: True for a profile that may send nothing: entries are shown, none is sent.
    """

    def __init__(
        self, queue: Queue, *, sleep: Callable[[float], Awaitable[None]], is_read_only: bool = False
    ) -> None:
        self._queue = queue
        self._sleep = sleep
        self._is_read_only = is_read_only
        self._entries: dict[str, QueueEntry] = {}
        self._failed: dict[str, QueueEntry] = {}
        self._bell = asyncio.Event()
        self._said: tuple[RunnerState, str] | None = None
        self._is_stuck = False
        self.state = RunnerState.IDLE
        """What it does now."""

    @property
    def entries(self) -> tuple[QueueEntry, ...]:
        """The queue as last seen, oldest first; what can't be sent stays until it is dismissed."""
        shown = {**self._failed, **self._entries}
        return tuple(sorted(shown.values(), key=lambda entry: (entry.created_at, entry.id)))

    async def look(self) -> tuple[QueueEntry, ...]:
        """Read the queue anew; gives :attr:`entries`."""
        found = await self._queue.entries()
        self._entries = {entry.id: entry for entry in found if entry.stage is not QueueStage.TAKEN}
        return self.entries

    async def add(self, orders: Iterable[SubmitOrder]) -> tuple[QueueEntry, ...]:
        """Put orders into the queue and have them sent when there is room.

        Raises:
            StateError: An entry can't be written; those before it are in the queue.
        """
        try:
            return await self._queue.add(orders)
        finally:
            await self.look()
            self.wake()

    async def drop(self, entries: Sequence[QueueEntry]) -> tuple[QueueEntry, ...]:
        """Take out what was not sent; gives what was taken out."""
        dropped = await self._queue.drop(entries)
        for entry in entries:
            self.dismiss(entry.id)
        await self.look()
        return dropped

    def dismiss(self, entry_id: str) -> None:
        """Show an entry that can't be sent no longer."""
        self._failed.pop(entry_id, None)

    def wake(self) -> None:
        """Have a look now instead of after the usual rest."""
        self._bell.set()

    async def events(self) -> AsyncGenerator[QueueEvent, None]:
        """Send the queue for as long as this is iterated; closing it stops the sending, nothing is lost.

        What goes wrong with the service, the state on disk or a file is an event too.
        """
        while True:
            self._bell.clear()
            waiting = [entry for entry in await self.look() if entry.is_open]
            if not waiting:
                event = self._turned(RunnerState.IDLE)
            elif self._is_read_only:
                event = self._turned(RunnerState.HELD, "This profile is read-only: the queue is not sent.")
            else:
                async for moved in self._run():
                    yield moved
                event = self._rested()
            if event is not None:
                yield event
            await self._rest()

    async def _run(self) -> AsyncGenerator[QueueEvent, None]:
        """One run of the queue, which ends when nothing is left that it can send."""
        events: asyncio.Queue[QueueEvent | None] = asyncio.Queue()

        def started() -> None:
            if not self._is_stuck:
                event = self._turned(RunnerState.SENDING)
                if event is not None:
                    events.put_nowait(event)

        def moved(entry: QueueEntry) -> None:
            self._is_stuck = False
            self._turned(RunnerState.SENDING)
            self._note(entry)
            events.put_nowait(QueueEvent(self.state, entry, waiting_line(entry)))

        run = asyncio.ensure_future(self._queue.run(on_change=moved, on_start=started))
        run.add_done_callback(lambda _: events.put_nowait(None))
        try:
            while (event := await events.get()) is not None:
                yield event
            await run
        except BatchTuiError as error:
            state = RunnerState.ELSEWHERE if isinstance(error, QueueTakenError) else RunnerState.HELD
            turned = self._turned(state, str(error))
            if turned is not None:
                yield turned
        finally:
            run.cancel()
            with suppress(asyncio.CancelledError, BatchTuiError):
                await run

    def _note(self, entry: QueueEntry) -> None:
        self._entries.pop(entry.id, None)
        match entry.stage:
            case QueueStage.TAKEN:
                self._failed.pop(entry.id, None)
            case QueueStage.FAILED:
                self._failed[entry.id] = entry
            case _:
                self._entries[entry.id] = entry

    def _rested(self) -> QueueEvent | None:
        """What to say after a run: it ends with open entries only when the user must decide."""
        if self.state is not RunnerState.SENDING and not self._is_stuck:
            return None
        held = next((entry for entry in self._entries.values() if entry.is_open), None)
        self._is_stuck = held is not None
        if held is None:
            return self._turned(RunnerState.IDLE)
        name = printable(held.name or Path(held.path).name)
        return self._turned(
            RunnerState.HELD, f"{name} was maybe submitted, but isn't found: submit it again, or dismiss it."
        )

    def _turned(self, state: RunnerState, message: str = "") -> QueueEvent | None:
        """The event for another state; None when it was said already."""
        self.state = state
        if self._said == (state, message):
            return None
        self._said = (state, message)
        return QueueEvent(state, None, message)

    async def _rest(self) -> None:
        """Until somebody rings, or long enough."""
        bell = asyncio.ensure_future(self._bell.wait())
        nap = asyncio.ensure_future(self._sleep(REST))
        try:
            await asyncio.wait({bell, nap}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in (bell, nap):
                waiter.cancel()
            await asyncio.gather(bell, nap, return_exceptions=True)
