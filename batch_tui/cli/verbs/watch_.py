"""``watch``: live lines until the batches ended."""

from __future__ import annotations

import argparse
import time

from batch_tui.cli import overview
from batch_tui.cli.arguments import add_json, add_profile
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.session import open_cockpit, record, run_async
from batch_tui.domain.errors import UnauthorizedError
from batch_tui.engine.cockpit import Cockpit
from batch_tui.engine.monitor import Condition, Tick


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which batches."""
    parser.add_argument("ids", nargs="*", metavar="ID", help="default: every batch that hasn't ended")
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Print a line at every change; 1 when a watched batch ended with a failure."""
    return run_async(lambda: _watch(args, console))


async def _watch(args: argparse.Namespace, console: Console) -> int:
    async with open_cockpit(args, console) as cockpit:
        return await follow(cockpit, list(args.ids), console)


async def follow(cockpit: Cockpit, ids: list[str], console: Console) -> int:
    """Follow these batches (or all active ones) to their end; the exit code tells how it went."""
    for batch_id in ids:
        cockpit.store.apply([await cockpit.service.retrieve_batch(batch_id)])
    shown: dict[str, str] = {}
    wanted = set(ids)
    async for tick in cockpit.monitor.ticks():
        _tell(tick, console)
        if not ids:
            wanted |= {batch.id for batch in cockpit.store.batches() if not batch.is_terminal}
        for batch_id in wanted:
            _show_change(cockpit, batch_id, shown, console)
        if tick.condition is Condition.LIVE and _all_ended(cockpit, wanted):
            break
    return outcome(cockpit, wanted)


def outcome(cockpit: Cockpit, ids: set[str]) -> int:
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
    if tick.message:
        console.say(tick.message)


def _all_ended(cockpit: Cockpit, ids: set[str]) -> bool:
    batches = [cockpit.store.get(batch_id) for batch_id in ids]
    return all(batch is not None and (batch.is_terminal or cockpit.store.is_gone(batch.id)) for batch in batches)
