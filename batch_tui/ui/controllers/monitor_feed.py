"""The monitor's ticks, as the header and the panes show them."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

from msgspec.structs import replace

from batch_tui.domain import formatting
from batch_tui.engine.cockpit import Cockpit
from batch_tui.engine.monitoring.monitor import Condition, Tick
from batch_tui.engine.monitoring.store import NO_CHANGES, Changes
from batch_tui.ui.desk import Desk
from batch_tui.ui.first_frame import age_text
from batch_tui.ui.panes.batches import BatchesPane
from batch_tui.ui.text.cells import Tone
from batch_tui.ui.text.money import day_text
from batch_tui.ui.widgets.header import HeaderLine, Tally

_TONES = {
    Condition.LIVE: Tone.SUCCESS,
    Condition.LOADING: Tone.MUTED,
    Condition.PAUSED: Tone.WARNING,
}
_OLD = 30.0
"""Seconds after which what is shown while loading is told with its age."""
_AGES = 600.0
"""Seconds after which ages are drawn again though nothing changed: a still screen sends next to nothing."""
_AWAY_STEP = 10.0
"""Seconds from one word on an outage to the next: how old the screen is, and when it is tried again."""
_KEYS_TURNS = 16
"""Turns of the event loop between a key and the request it sends, counted in a trace, and a few more."""
_NEXT_STEPS = {
    Condition.LIVE: "⟦refresh⟧ lists it anew.",
    Condition.OFFLINE: "It is tried again; batch-tui doctor looks for the cause.",
    Condition.UNAUTHORIZED: "⟦refresh⟧ asks for the key anew where it comes from; batch-tui doctor tests it.",
    Condition.DENIED: "Take a key that may use batches; batch-tui doctor tests it.",
}
_BAD = frozenset({Condition.OFFLINE, Condition.LIMITED, Condition.UNAUTHORIZED, Condition.DENIED})
_GOOD = frozenset({Condition.LIVE, Condition.LOADING})
_TOLD = _BAD | {Condition.LIVE}
"""Conditions whose message is told: of a service that answers, that its list is not whole."""


class MonitorFeed:
    """Follows the monitor and shows what it brings; it decides nothing.

    Args:
        cockpit: The engine.
        desk: For the sentence that a bad condition comes with.
        header: The first line.
        batches: The list.
        clock: Unix seconds by this machine.
        after: Called at the end of every tick, with what it changed.
    """

    def __init__(
        self,
        cockpit: Cockpit,
        desk: Desk,
        header: HeaderLine,
        batches: BatchesPane,
        *,
        clock: Callable[[], float],
        after: Callable[[Changes], None],
    ) -> None:
        self._cockpit = cockpit
        self._desk = desk
        self._header = header
        self._batches = batches
        self._clock = clock
        self._after = after
        self._tally = Tally(is_ascii=batches.is_ascii)
        self._said = ""
        self._was_bad = False
        self._aged_at = clock()
        self._asked_at: float | None = None
        self._tick: Tick | None = None
        self._ticked_at = 0.0

    @property
    def is_live(self) -> bool:
        """True when what is shown has just been told by the service."""
        return self._tick is not None and self._tick.condition is Condition.LIVE

    def expect_answer(self) -> None:
        """The user asked the service: what it says is told, also when it is nothing new."""
        self._asked_at = self._clock()

    def recall(self) -> None:
        """Show what an earlier run knew, with its age, before anybody was asked."""
        known, at = self._cockpit.store.batches(), self._cockpit.monitor.last_good
        if known:
            changes = Changes(added=tuple(batch.id for batch in known))
            self.show(Tick(changes, Condition.LOADING, "", 0.0, at))

    async def reckon(self) -> None:
        """Load the prices, and show what they tell."""
        await self._cockpit.costs.warm()
        self._desk.redraw([batch.id for batch in self._cockpit.store.batches()])
        self._header.show(replace(self._header.facts, money=self._money()))

    async def run(self) -> None:
        """Show the rest of what an earlier run knew, then follow the monitor until the end."""
        if self._cockpit.memory.is_partial:
            await self._cockpit.memory.start()
            self.recall()
        waiting = asyncio.create_task(self._count_outage(), name="outage")
        try:
            async for tick in self._cockpit.ticks():
                self.show(tick)
                await _let_keys_pass()
        finally:
            waiting.cancel()

    def show(self, tick: Tick) -> None:
        """Show one tick."""
        store = self._cockpit.store
        before, self._tick, self._ticked_at = self._tick, tick, self._clock()
        self._desk.tick()
        self._count(tick.changes)
        self._batches.show(store.batches(), tick.changes)
        if not tick.changes:
            self._batches.table.emphasize(())
        is_asked = self._is_answer(tick)
        is_aged = is_asked or self._clock() - self._aged_at >= _AGES
        if is_aged:
            self._aged_at = self._clock()
            self._batches.redraw_rows()
        if not len(store):
            self._batches.table.set_empty(self._desk.name_keys(_emptiness(tick)))
        # How long the next wait is, is no news worth a line over a slow link.
        if is_aged or tick.changes or before is None or not before.condition is tick.condition is Condition.LIVE:
            self._show_header(tick, is_aged=is_aged)
        if is_asked:
            self._answer(tick)
        self._say_condition(tick)
        self._after(tick.changes)

    async def _count_outage(self) -> None:
        """While the service is away, tell anew how old the screen is and when it is tried again."""
        while True:
            await asyncio.sleep(_AWAY_STEP)
            tick = self._tick
            if tick is not None and tick.condition in _BAD:
                gone = self._clock() - self._ticked_at
                self._show_header(replace(tick, changes=NO_CHANGES, wait=max(0.0, tick.wait - gone)))

    def _is_answer(self, tick: Tick) -> bool:
        """True for the first tick that says how the service answered the user's question."""
        if self._asked_at is None or tick.condition in _BAD:
            return self._asked_at is not None
        return tick.at >= self._asked_at and tick.condition is not Condition.LOADING

    def _answer(self, tick: Tick) -> None:
        """Tell it, and bring what is said of the batches that may change up to date."""
        self._asked_at = None
        self._desk.redraw([*self._cockpit.store.active_ids])
        if tick.condition in _BAD:
            self._desk.warn(self._complaint(tick))
            return
        moved = len({*tick.changes.added, *tick.changes.updated, *tick.changes.removed})
        found = f"{formatting.plural(moved, 'batch')} changed" if moved else "nothing new"
        self._desk.say(f"Asked at {_clock_text(self._clock())}: {found}.")

    def _count(self, changes: Changes) -> None:
        for batch_id in (*changes.added, *changes.updated):
            batch = self._cockpit.store.get(batch_id)
            if batch is not None:
                self._tally.put(batch)
        for batch_id in changes.removed:
            self._tally.drop(batch_id)

    def _show_header(self, tick: Tick, *, is_aged: bool = False) -> None:
        facts = self._header.facts
        if tick.changes or not facts.as_of or (is_aged and tick.condition not in _BAD):
            moment = tick.at if tick.condition is Condition.LOADING and tick.at else self._clock()
            now = _clock_text(moment)
            facts = replace(facts, counts=self._tally.counts, as_of=now, money=self._money())
        tone = _TONES.get(tick.condition, Tone.ERROR)
        self._header.show(replace(facts, condition=condition_text(tick, self._clock()), tone=tone))

    def _money(self) -> str:
        store = self._cockpit.store
        return day_text(self._cockpit.costs.spent_today(store.batches(), self._clock() + store.server_offset))

    def _say_condition(self, tick: Tick) -> None:
        if tick.condition in _TOLD and tick.message:
            if tick.message != self._said:
                self._desk.warn(self._complaint(tick))
            self._said, self._was_bad = tick.message, tick.condition in _BAD
        elif self._said and tick.condition in (_GOOD if self._was_bad else {Condition.LIVE}):
            self._said = ""
            self._desk.say("Live again." if self._was_bad else "The list is whole now.")

    @staticmethod
    def _complaint(tick: Tick) -> str:
        """What is wrong, and what comes next."""
        return f"{tick.message} {_NEXT_STEPS.get(tick.condition, '')}".rstrip()


def _clock_text(at: float) -> str:
    return time.strftime("%H:%M", time.localtime(at))


async def _let_keys_pass() -> None:
    """Give way to what was pressed meanwhile: a page of a long list must not come before each step of a key.

    Where nothing was pressed these turns take no time.
    """
    for _ in range(_KEYS_TURNS):
        await asyncio.sleep(0)


def _emptiness(tick: Tick) -> str:
    if tick.condition is Condition.LOADING:
        return "Asking the service…"
    if tick.condition in _BAD:
        return tick.message or tick.condition.value
    return "No batches yet: choose a file in ⟦files⟧ Files and press ⟦new⟧."


def condition_text(tick: Tick, now: float) -> str:
    """How fresh the screen is, its age by whole units."""
    wait = "" if math.isinf(tick.wait) else formatting.duration(max(1.0, tick.wait))
    age = f"stale {age_text(int(max(0.0, now - tick.at)))} · " if tick.at else ""
    match tick.condition:
        case Condition.LOADING:
            return f"{age}loading…" if now - tick.at > _OLD else "loading…"
        case Condition.LIVE:
            return f"live {wait} · incomplete" if tick.message else f"live {wait}"
        case Condition.PAUSED:
            return "PAUSED"
        case Condition.OFFLINE:
            return f"{age}offline, retry {wait}" if wait else f"{age}offline"
        case Condition.LIMITED:
            return f"{age}told to wait {wait}"
        case Condition.UNAUTHORIZED:
            return f"{age}key refused"
        case Condition.DENIED:
            return f"{age}no batch access"
