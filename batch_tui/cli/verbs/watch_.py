"""``watch``: live lines until the batches ended."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from functools import partial

from batch_tui.cli import overview
from batch_tui.cli.arguments import add_json, add_profile
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.session import open_cockpit, record, run_async
from batch_tui.domain.errors import Effect, ForbiddenError, ServiceError, UnauthorizedError
from batch_tui.domain.formatting import plural
from batch_tui.domain.groups import Group
from batch_tui.domain.guard import Rule
from batch_tui.domain.lineage import is_group_name
from batch_tui.domain.status import BatchStatus
from batch_tui.domain.text import printable
from batch_tui.engine.cockpit import Cockpit
from batch_tui.engine.monitoring.guard import Raised
from batch_tui.engine.monitoring.listing import list_all
from batch_tui.engine.monitoring.monitor import Condition, Tick
from batch_tui.engine.monitoring.patrol import LEFT_ALONE

_A_MOMENT = 0.05
"""Seconds past the end of a countdown: a timer may be early by a clock's tick."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which batches."""
    parser.add_argument(
        "ids", nargs="*", metavar="ID", help="batches or groups; default: every batch that hasn't ended"
    )
    parser.add_argument(
        "--guard",
        action="store_true",
        help="judge running batches by the rules of [guard] in the configuration, tell each alarm on stderr, and "
        "end with 1 when there was one; only what its cancel_on names is cancelled",
    )
    parser.add_argument(
        "--cancel-on",
        action="append",
        choices=[rule.value for rule in Rule],
        default=[],
        metavar="RULE",
        help="with --guard: cancel a batch that breaks this rule (failures, cost, stalled, expiring) when the "
        "configured countdown is over; may be given several times",
    )
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Print a line at every change; 1 when a watched batch ended with a failure, or the guard raised an alarm."""
    return run_async(lambda: _watch(args, console))


async def _watch(args: argparse.Namespace, console: Console) -> int:
    async with open_cockpit(args, console) as cockpit:
        if not (args.guard or args.cancel_on):
            return await follow(cockpit, list(args.ids), console)
        await cockpit.memory.start_pace()
        watch = GuardedWatch(cockpit, console, frozenset(Rule(word) for word in args.cancel_on))
        code = await follow(cockpit, list(args.ids), console, after=watch.after)
        return Exit.FAILURES if watch.has_alarms else code


class GuardedWatch:
    """Tells the guard's alarms, and cancels what it was told to cancel.

    Args:
        cockpit: The engine.
        console: Where alarms are told.
        cancel_on: Rules that act, beyond those of the configuration.
    """

    def __init__(self, cockpit: Cockpit, console: Console, cancel_on: frozenset[Rule]) -> None:
        self._cockpit = cockpit
        self._console = console
        self.has_alarms = False
        """True after the first alarm."""
        self._timed: set[str] = set()
        guard = cockpit.patrol.guard
        if cancel_on and not cockpit.settings.profile.read_only:
            guard.rules = guard.rules.acting_on(lambda own: own | cancel_on)

    async def after(self, wanted: Collection[str]) -> None:
        """After a tick: tell what is new about the watched batches, act on what is due."""
        patrol = self._cockpit.patrol
        for raised in patrol.take_raised():
            if raised.batch_id in wanted:
                self.has_alarms = True
                self._tell(raised)
        self._be_on_time()
        due = [countdown.batch_id for countdown in patrol.take_due() if countdown.batch_id in wanted]
        if due:
            await self._cancel(due)

    def _be_on_time(self) -> None:
        """Look again when the next countdown ends: the polls of a batch that stands still are far apart."""
        patrol = self._cockpit.patrol
        for countdown in patrol.guard.countdowns:
            if countdown.batch_id not in self._timed:
                self._timed.add(countdown.batch_id)
                wake = self._cockpit.monitor.refresh
                asyncio.get_running_loop().call_later(patrol.seconds_left(countdown) + _A_MOMENT, wake)

    async def _cancel(self, ids: list[str]) -> None:
        async for outcome in self._cockpit.canceller.cancel(ids):
            if outcome.is_final:
                said = outcome.message or f"cancel {outcome.state.value}"
                self._console.say(f"guard: {self._name(outcome.batch_id)}: {said}")

    def _name(self, batch_id: str) -> str:
        batch = self._cockpit.store.get(batch_id)
        return batch_id if batch is None else printable(f"{batch.name} ({batch_id})")

    def _tell(self, raised: Raised) -> None:
        patrol = self._cockpit.patrol
        found = (countdown for countdown in patrol.guard.countdowns if countdown.batch_id == raised.batch_id)
        countdown = next(found, None)
        end = f"; {LEFT_ALONE}" if patrol.is_left_alone(raised) else ""
        if countdown:
            end = f"; cancelling in {patrol.seconds_left(countdown):.0f} s"
        self._console.say(f"guard: {self._name(raised.batch_id)}: {raised.alarm.message}{end}")
        if self._console.is_json:
            alarm = {"batch_id": raised.batch_id, "rule": raised.alarm.rule.value, "message": raised.alarm.message}
            self._console.json({"alarm": alarm})


async def _nothing(_wanted: Collection[str]) -> None:
    """What a watch without a guard does after a tick."""


async def follow(
    cockpit: Cockpit,
    ids: list[str],
    console: Console,
    *,
    after: Callable[[Collection[str]], Awaitable[None]] = _nothing,
) -> int:
    """Follow these batches (or all active ones) to their end; the exit code tells how it went.

    Args:
        cockpit: The engine.
        ids: The batches and groups; empty for all active ones.
        console: Where changes are told.
        after: Called after each tick with the ids that are followed.
    """
    groups = await _groups_among(cockpit, ids, console)
    wanted = {batch_id: None for batch_id in ids if batch_id not in groups}  # a set that keeps its order
    await _look_up(cockpit, wanted, console)
    shown: dict[str, str] = {}
    _tell_waiting(cockpit, groups, console)
    async for tick in cockpit.ticks():
        if tick.condition is Condition.OFFLINE and not cockpit.gate.was_reached:
            await cockpit.ask(cockpit.service.list_batches, told=partial(_tell_error, console))
            cockpit.monitor.refresh()
            continue
        _tell(tick, console)
        wanted |= dict.fromkeys(await _batches_of(cockpit, groups))
        if not ids:
            wanted |= dict.fromkeys(batch.id for batch in cockpit.store.batches() if not batch.is_terminal)
        for batch_id in wanted:
            _show_change(cockpit, batch_id, shown, console)
        await after(wanted)
        is_waiting = any(group.waiting for group in _found(cockpit, groups))
        if tick.condition is Condition.LIVE and not is_waiting and _all_ended(cockpit, wanted):
            break
    of_groups = await _batches_of(cockpit, groups)
    if not wanted and not groups:
        console.say("No batch is running.")
    found = _found(cockpit, groups)
    # A group that is no more was taken out of the queue before anything of it was sent.
    has_failures = len(found) < len(groups) or any(map(_has_failed, found))
    return Exit.FAILURES if has_failures else outcome(cockpit, wanted.keys() - of_groups)


async def _look_up(cockpit: Cockpit, ids: Collection[str], console: Console) -> None:
    """Get what isn't known yet: a batch that was just created may not be there to be asked for."""
    for batch_id in ids:
        if cockpit.store.get(batch_id) is None:
            ask = partial(cockpit.service.retrieve_batch, batch_id)
            cockpit.store.apply([await cockpit.ask(ask, told=partial(_tell_error, console))])


async def _groups_among(cockpit: Cockpit, names: list[str], console: Console) -> list[str]:
    """Which of these names are groups; only for them the account's whole list is read."""
    if not any(map(is_group_name, names)):
        return []
    listing = await cockpit.ask(partial(list_all, cockpit.service), told=partial(_tell_error, console))
    cockpit.store.apply(listing.batches)
    await cockpit.queue_runner.look()
    return [name for name in names if is_group_name(name) and cockpit.groups.get(name) is not None]


def _found(cockpit: Cockpit, names: list[str]) -> list[Group]:
    return [group for name in names if (group := cockpit.groups.get(name)) is not None]


async def _batches_of(cockpit: Cockpit, names: list[str]) -> list[str]:
    """The batches that groups have by now: parts leave the queue, and retries are made, while one waits."""
    if not names:
        return []
    await cockpit.queue_runner.look()
    return [batch.id for group in _found(cockpit, names) for batch in group.batches]


def _tell_waiting(cockpit: Cockpit, names: list[str], console: Console) -> None:
    for group in _found(cockpit, names):
        if group.waiting:
            parts = plural(len(group.waiting), "part")
            console.say(
                f"{group.name}: {parts} of {group.size} in the queue; submit --queue or the screen sends them."
            )


def _has_failed(group: Group) -> bool:
    """True unless every request of the file has succeeded, be it in a retry."""
    return group.status is not BatchStatus.COMPLETED or group.counts.failed > 0


def outcome(cockpit: Cockpit, ids: Collection[str]) -> int:
    """0 when each completed with no failed request, else 1."""
    batches = [cockpit.store.get(batch_id) for batch_id in ids]
    clean = all(batch is not None and batch.status == "completed" and not batch.has_failures for batch in batches)
    return Exit.CLEAN if clean else Exit.FAILURES


def _show_change(cockpit: Cockpit, batch_id: str, shown: dict[str, str], console: Console) -> None:
    batch = cockpit.store.get(batch_id)
    if batch is None:
        return
    line = overview.line(batch)
    if shown.get(batch_id) == line:
        return
    shown[batch_id] = line
    if console.is_json:
        console.json(record(cockpit, batch, time.time()))
    else:
        console.data(line)


def _tell(tick: Tick, console: Console) -> None:
    if tick.condition is Condition.UNAUTHORIZED:
        raise UnauthorizedError(tick.message or "The service does not accept the key.")
    if tick.condition is Condition.DENIED:
        raise ForbiddenError(tick.message, effect=Effect.NONE)
    if tick.message:
        console.say(tick.message)


def _tell_error(console: Console, error: ServiceError) -> None:
    console.say(str(error))


def _all_ended(cockpit: Cockpit, ids: Collection[str]) -> bool:
    batches = [cockpit.store.get(batch_id) for batch_id in ids]
    return all(batch is not None and (batch.is_terminal or cockpit.store.is_gone(batch.id)) for batch in batches)
