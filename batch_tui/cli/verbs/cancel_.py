"""``cancel``: stop batches, believed only when the service says so."""

from __future__ import annotations

import argparse

from batch_tui.cli.arguments import add_json, add_profile
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.session import open_cockpit, require_writable, run_async
from batch_tui.cli.verbs.list_ import matches
from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.formatting import plural
from batch_tui.domain.lineage import GROUP_KEY, family_of, is_group_name
from batch_tui.domain.queueing import QueueEntry
from batch_tui.engine.cancel import CancelOutcome, CancelState
from batch_tui.engine.cockpit import Cockpit
from batch_tui.engine.monitoring.listing import list_all

_DONE = frozenset({CancelState.CONFIRMED, CancelState.NOTHING_TO_DO})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which batches."""
    parser.add_argument("ids", nargs="*", metavar="ID", help="a batch, or a group as --group takes it")
    parser.add_argument("--active", action="store_true", help="every batch that hasn't ended")
    parser.add_argument(
        "--match", metavar="TEXT", help="with --active: only those whose id, name or metadata holds TEXT"
    )
    parser.add_argument("--group", metavar="G", help="every part and retry of a group, and what of it still waits")
    parser.add_argument("--yes", action="store_true", help="don't ask")
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Cancel each; a line per batch; 3 when one isn't confirmed."""
    if sum((bool(args.ids), args.active, bool(args.group))) != 1:
        raise ConfigurationError("Name the batches to cancel, or give --group, or --active for all that run.")
    return run_async(lambda: _cancel(args, console))


async def _cancel(args: argparse.Namespace, console: Console) -> int:
    async with open_cockpit(args, console) as cockpit:
        require_writable(cockpit, "nothing is cancelled")
        ids, groups = await _meant(cockpit, args)
        waiting = await _waiting(cockpit, groups)
        if waiting and (args.yes or console.ask(f"Drop {plural(len(waiting), 'part')} still in the queue? [y/N]")):
            dropped = await cockpit.queue.drop(waiting)
            console.say(f"{plural(len(dropped), 'part')} dropped from the queue.")
        if not ids:
            console.say("Nothing to cancel.")
            await _confirm_earlier(cockpit, console)
            return Exit.CLEAN
        if not args.yes and not console.ask(
            f"Cancel {plural(len(ids), 'batch')}? Finished requests are kept and billed. [y/N]"
        ):
            console.say("Nothing was cancelled. To cancel without being asked: --yes")
            return Exit.USAGE
        results = [_show(outcome, console) async for outcome in cockpit.canceller.cancel(ids)]
        last = {outcome.batch_id: outcome.state for outcome in results}
        if CancelState.UNCONFIRMED not in last.values():  # or the earlier ones would fare no better
            await _confirm_earlier(cockpit, console)
    return Exit.CLEAN if all(state in _DONE for state in last.values()) else Exit.SERVICE


async def _confirm_earlier(cockpit: Cockpit, console: Console) -> None:
    """Go on with what an earlier run sent and could not confirm."""
    async for outcome in cockpit.canceller.recover():
        what = outcome.state.replace("_", " ")
        console.say(f"From an earlier run: {outcome.batch_id}  {what}  {outcome.message}".rstrip())


async def _active(cockpit: Cockpit, match: str | None) -> list[str]:
    listing = await list_all(cockpit.service)
    return [b.id for b in listing.batches if not b.is_terminal and (not match or matches(b, match))]


async def _meant(cockpit: Cockpit, args: argparse.Namespace) -> tuple[list[str], list[str]]:
    """The batches to cancel, and the groups that were named, whose batches are among them."""
    names: list[str] = [args.group] if args.group else list(args.ids)
    if not names:
        return await _active(cockpit, args.match), []
    groups = names if args.group else await _groups_among(cockpit, names)
    ids = [name for name in names if name not in groups]
    batches = (await list_all(cockpit.service)).batches if groups else ()
    running = [b.id for group in groups for b in family_of(group, batches) if not b.is_terminal]
    return [*ids, *running], groups


async def _groups_among(cockpit: Cockpit, names: list[str]) -> list[str]:
    """Which names are groups: nobody but the account's list and the queue can tell."""
    if not any(map(is_group_name, names)):
        return []
    cockpit.store.apply((await list_all(cockpit.service)).batches)
    await cockpit.queue_runner.look()
    known = {group.id for group in cockpit.groups.all()}
    return [name for name in names if name in known]


async def _waiting(cockpit: Cockpit, groups: list[str]) -> list[QueueEntry]:
    """Parts of the groups that were not sent yet."""
    if not groups:
        return []
    return [entry for entry in await cockpit.queue.entries() if entry.metadata.get(GROUP_KEY) in groups]


def _show(outcome: CancelOutcome, console: Console) -> CancelOutcome:
    if not outcome.is_final:
        console.say(f"{outcome.batch_id}  {outcome.message or 'cancel on its way'}")
    elif console.is_json:
        status = outcome.batch.status if outcome.batch else None
        console.json(
            {"id": outcome.batch_id, "state": outcome.state, "status": status, "message": outcome.message}
        )
    else:
        console.data(f"{outcome.batch_id}  {outcome.state.replace('_', ' ')}  {outcome.message}".rstrip())
    return outcome
