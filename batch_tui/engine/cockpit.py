"""The engine of one profile, put together: what both front ends hold."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from batch_tui.domain.formatting import named
from batch_tui.engine.events import EventLog
from batch_tui.engine.gate import RateGate
from batch_tui.engine.kit import Kit, persistently
from batch_tui.engine.money.cost_book import CostBook
from batch_tui.engine.money.forecast import Forecast
from batch_tui.engine.money.prices import PriceList
from batch_tui.engine.monitoring.asker import Asker
from batch_tui.engine.monitoring.cache import SnapshotFile
from batch_tui.engine.monitoring.guard import Guard
from batch_tui.engine.monitoring.history import History
from batch_tui.engine.monitoring.memory import Memory
from batch_tui.engine.monitoring.monitor import Condition, Monitor, Tick
from batch_tui.engine.monitoring.patrol import Patrol
from batch_tui.engine.monitoring.spared import Spared
from batch_tui.engine.monitoring.store import BatchStore, Changes
from batch_tui.engine.submitting.journal import Journal

if TYPE_CHECKING:
    from batch_tui.domain.batch import Batch
    from batch_tui.domain.errors import ServiceError
    from batch_tui.engine.cancel import Canceller
    from batch_tui.engine.configuration.settings import Settings
    from batch_tui.engine.ports import BatchService
    from batch_tui.engine.queueing.groups import Groups
    from batch_tui.engine.queueing.parts import PartMaker
    from batch_tui.engine.queueing.queue import Queue
    from batch_tui.engine.queueing.queue_runner import QueueRunner
    from batch_tui.engine.queueing.queue_store import LimitMemory
    from batch_tui.engine.results.collect import Collector
    from batch_tui.engine.results.comparing import Comparer
    from batch_tui.engine.results.generations import Generations
    from batch_tui.engine.results.resubmit import Resubmitter
    from batch_tui.engine.submitting.submission import OnStep, Submission
    from batch_tui.engine.submitting.submit import Submitter
    from batch_tui.jsonl.worker.workshop import Workshop

T = TypeVar("T")

_NAMED = 3
"""Batches that a sentence names; of more it tells the number."""


class _Chronicle:
    """The store as actions see it: what they learn reaches history, events and the next tick too."""

    def __init__(
        self,
        store: BatchStore,
        history: History,
        events: EventLog,
        clock: Callable[[], float],
        *,
        tell: Callable[[Changes], None],
    ) -> None:
        self._store = store
        self._tell = tell
        self._history = history
        self._events = events
        self._clock = clock
        self._statuses: dict[str, str] = {}

    def apply(self, batches: Iterable[Batch]) -> Changes:
        changes = self._store.apply(batches)
        self.note(changes)
        self._tell(changes)
        return changes

    def get(self, batch_id: str) -> Batch | None:
        return self._store.get(batch_id)

    def note(self, changes: Changes) -> list[Batch]:
        """Note what changed, and give the batches as they now are."""
        known = (self._store.get(batch_id) for batch_id in (*changes.added, *changes.updated))
        batches = [batch for batch in known if batch is not None]
        now = self._clock() + self._store.server_offset
        for batch in batches:
            self._history.record(batch, now)
            self._note_status(batch)
        return batches

    def _note_status(self, batch: Batch) -> None:
        """An event for each change of status that was watched; what a batch was before is nobody's news."""
        word = batch.raw_status or batch.status.value
        before = self._statuses.get(batch.id)
        self._statuses[batch.id] = word
        if before is not None and before != word:
            self._events.record("status", f"{before} → {word}", batch_id=batch.id)


class Cockpit:
    """Everything a front end may do with one profile's batches; nothing runs before it is asked for.

    Parts that only actions need are made, and their modules loaded, when they are first asked for.

    A front end that stays open awaits :meth:`start` once, iterates ``canceller.recover()``, and follows
    :meth:`ticks`. Before it ends it calls :meth:`begin_close`, and at the very end awaits :meth:`aclose`.

    Args:
        settings: The profile and its places.
        service: The provider.
        clock: Unix seconds.
        monotonic: Seconds that never jump.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        settings: Settings,
        service: BatchService,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        paths, profile = settings.paths, settings.profile
        self.settings = settings
        self.service = service
        self.store = BatchStore()
        self.gate = RateGate(clock=monotonic, sleep=sleep)
        self.events = EventLog(paths.state / "events.jsonl", clock=clock, secrets=[profile.api_key])
        self.journal = Journal(paths.state / "operations")
        self.history = History(paths.state)
        asker = Asker(service, self.gate, clock=monotonic, sleep=sleep)
        self.monitor = Monitor(asker, self.store, self.gate, clock=clock, sleep=sleep)
        self._chronicle = _Chronicle(self.store, self.history, self.events, clock, tell=self.monitor.announce)
        place = f"{profile.base_url} {profile.organization} {profile.project}"
        snapshots = SnapshotFile(paths.cache, service=place)
        self.memory = Memory(self.store, self.monitor, self.history, snapshots, clock=clock)
        self.patrol = _patrol(self, clock)
        self.prices = PriceList(profile.prices)
        self.costs = CostBook(self.prices)
        self._kit = Kit(
            service=service,
            store=self._chronicle,
            gate=self.gate,
            journal=self.journal,
            events=self.events,
            clock=clock,
            sleep=sleep,
            is_read_only=profile.read_only,
        )

    @cached_property
    def workshop(self) -> Workshop:
        """Work on whole files, in a process of its own."""
        from batch_tui.jsonl.worker.workshop import Workshop  # noqa: PLC0415 - 25 modules

        return Workshop()

    @cached_property
    def submitter(self) -> Submitter:
        """Submits files, and takes up what was interrupted."""
        from batch_tui.engine.submitting.submit import Submitter  # noqa: PLC0415

        return Submitter(self._kit, limits=self.settings.profile.limits)

    @cached_property
    def canceller(self) -> Canceller:
        """Cancels batches."""
        from batch_tui.engine.cancel import Canceller  # noqa: PLC0415

        return Canceller(self._kit)

    @cached_property
    def collector(self) -> Collector:
        """Fetches what came back."""
        from batch_tui.engine.results.collect import Collector  # noqa: PLC0415

        return Collector(self._kit, self.settings.paths.cache / "results")

    @cached_property
    def resubmitter(self) -> Resubmitter:
        """Sends again what did not succeed."""
        from batch_tui.engine.results.resubmit import Resubmitter  # noqa: PLC0415

        return Resubmitter(
            self._kit,
            collector=self.collector,
            submitter=self.submitter,
            workbench=self.workshop,
            limits=self.settings.profile.limits,
        )

    @cached_property
    def parts(self) -> PartMaker:
        """Splits files over the limits."""
        from batch_tui.engine.queueing.parts import PartMaker  # noqa: PLC0415

        limits = self.settings.profile.limits
        return PartMaker(self.workshop, self.settings.paths.state / "parts", limits=limits)

    @cached_property
    def token_limits(self) -> LimitMemory:
        """What refusals taught about the account's limits."""
        from batch_tui.engine.queueing.queue_store import LimitMemory  # noqa: PLC0415

        limits = self.settings.profile.limits
        return LimitMemory(self.settings.paths.state / "token_limits.json", limits.enqueued_tokens)

    @cached_property
    def queue(self) -> Queue:
        """Files that wait for room at the service."""
        from batch_tui.engine.queueing.queue import Queue  # noqa: PLC0415
        from batch_tui.engine.queueing.queue_store import QueueStore  # noqa: PLC0415

        return Queue(
            self._kit,
            submitter=self.submitter,
            checker=self.workshop,
            store=QueueStore(self.settings.paths.state / "queue"),
            memory=self.token_limits,
            limits=self.settings.profile.limits,
        )

    @cached_property
    def queue_runner(self) -> QueueRunner:
        """Sends the queue while the program is open."""
        from batch_tui.engine.queueing.queue_runner import QueueRunner  # noqa: PLC0415

        return QueueRunner(self.queue, sleep=self._kit.sleep, is_read_only=self._kit.is_read_only)

    @cached_property
    def generations(self) -> Generations:
        """Collects batches with all that sent their requests again."""
        from batch_tui.engine.results.generations import Generations  # noqa: PLC0415

        return Generations(self.collector, self.workshop)

    @cached_property
    def groups(self) -> Groups:
        """Split files, each as one."""
        from batch_tui.engine.queueing.groups import Groups  # noqa: PLC0415

        return Groups(
            self.store,
            runner=self.queue_runner,
            canceller=self.canceller,
            collector=self.collector,
            generations=self.generations,
            bench=self.workshop,
            resubmitter=self.resubmitter,
            submitter=self.submitter,
            parts=self.parts,
        )

    @cached_property
    def comparer(self) -> Comparer:
        """Holds two batches against each other."""
        from batch_tui.engine.results.comparing import Comparer  # noqa: PLC0415

        return Comparer(self.collector, self.groups, self.workshop)

    async def start(self, *, resume: bool = True, on_step: OnStep | None = None) -> tuple[Submission, ...]:
        """Read what earlier runs left, and take up their submits; may wait for the network.

        Args:
            resume: True to also send what was interrupted before its create.
            on_step: Told of every change of a submit.

        Returns:
            One submission for each that was open.
        """
        await self.events.load()
        await self.memory.start()
        return await self.submitter.recover(resume=resume, on_step=on_step)

    async def ticks(self) -> AsyncGenerator[Tick, None]:
        """The monitor's ticks, each already in memory and in the events, lost submits found in it settled."""
        async for tick in self.monitor.ticks():
            await self.memory.note(tick)
            batches = self._chronicle.note(tick.changes)
            if batches:
                await self.submitter.notice(batches)
            self.patrol.review(tick.changes, is_current=tick.condition is Condition.LIVE)
            yield tick

    async def ask(self, call: Callable[[], Awaitable[T]], *, told: Callable[[ServiceError], None]) -> T:
        """Ask the service something; see :func:`~batch_tui.engine.kit.persistently`."""
        return await persistently(self._kit, call, told=told)

    async def renew_key(self) -> bool:
        """Ask for the key anew where it comes from, then ask the service; False when it is the same key.

        Raises:
            ConfigurationError: There is no key any more, or one that can't be used.
        """
        from batch_tui.engine.ports import RenewsKey  # noqa: PLC0415

        key = await self.service.renew_key() if isinstance(self.service, RenewsKey) else None
        if key is not None:
            self.events.keep_out(key)
        self.monitor.refresh()
        return key is not None

    def begin_close(self) -> None:
        """The program is about to end: what is cancelled from now on is taken up by the next start."""
        self.submitter.begin_close()

    def unconfirmed(self) -> tuple[str, ...]:
        """One sentence for each submit and cancellation whose outcome isn't known: to be told at the exit."""
        submits = [f"maybe submitted: {o.path}" for o in self.submitter.pending() if o.may_exist]
        return (*submits, *_cancels_words([o.batch_id for o in self.canceller.unconfirmed()]))

    async def aclose(self) -> None:
        """End the worker process, close the connections, and leave what is known on disk."""
        self.begin_close()
        if "workshop" in self.__dict__:
            await self.workshop.aclose()
        await self.service.aclose()
        await self.memory.write()
        await self.events.flush()


def _cancels_words(ids: Sequence[str]) -> Iterable[str]:
    """One sentence on all cancellations that nobody confirmed."""
    if ids:
        which = named(ids, _NAMED)
        yield f"cancel sent, not confirmed: {which}; batch-tui cancel {ids[0]} goes on with all of them"


def _patrol(cockpit: Cockpit, clock: Callable[[], float]) -> Patrol:
    """The guard over a cockpit's batches; one that may change nothing only marks."""
    rules, prices = cockpit.settings.guard, PriceList(cockpit.settings.profile.prices)
    if cockpit.settings.profile.read_only:
        rules = rules.acting_on(lambda _: frozenset())

    def forecast() -> Forecast:
        return Forecast(prices, cockpit.store.batches, cockpit.journal.submits)

    guard = Guard(rules, Spared(cockpit.settings.paths.state / "spared"))
    return Patrol(guard, cockpit.store, cockpit.history, forecast, cockpit.events, clock=clock)
