"""``list``: the batches of the account."""

from __future__ import annotations

import argparse
import time

from batch_tui.cli import overview
from batch_tui.cli.arguments import add_json, add_profile, positive
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.session import open_cockpit, record, run_async
from batch_tui.domain.batch import Batch
from batch_tui.domain.status import BatchStatus, StatusWord
from batch_tui.engine.monitoring.listing import Pager


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which of them."""
    parser.add_argument("--active", action="store_true", help="only batches that haven't ended")
    parser.add_argument("--status", metavar="S", help="only batches in this state")
    parser.add_argument("--match", metavar="TEXT", help="only batches whose id, name or metadata holds TEXT")
    parser.add_argument("--limit", type=positive, metavar="N", help="at most N, newest first")
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Print the batches, newest first."""
    return run_async(lambda: _list(args, console))


async def _list(args: argparse.Namespace, console: Console) -> int:
    async with open_cockpit(args, console) as cockpit:
        pager = Pager(cockpit.service)
        batches: list[Batch] = []
        while not pager.is_done and (args.limit is None or len(batches) < args.limit):
            page = await pager.next()
            cockpit.store.apply(page)
            batches += [batch for batch in page if is_wanted(batch, args)]
        batches = batches[: args.limit]
        now = time.time()
        if console.is_json:
            await cockpit.memory.start_pace(keeps=False)
            for batch in batches:
                console.json(record(cockpit, batch, now))
        elif batches:
            console.table(overview.HEADER, [overview.row(batch, now) for batch in batches])
        else:
            console.say(f"No batch.{_unknown_status(args.status)}")
        if pager.is_done and not pager.is_complete:
            console.say("The list is incomplete: the service's paging did not come to an end.")
    return Exit.CLEAN


def is_wanted(batch: Batch, args: argparse.Namespace) -> bool:
    """True when the batch passes every filter that was given."""
    if args.active and batch.is_terminal:
        return False
    if args.status and not _stands_so(batch, args.status):
        return False
    return not args.match or matches(batch, args.match)


def _stands_so(batch: Batch, word: str) -> bool:
    """True when a word, in any spelling a server uses, is the batch's state."""
    status = StatusWord.parse(word).status
    return word.lower() == batch.raw_status.lower() or (
        batch.status is status and status is not BatchStatus.UNKNOWN
    )


def _unknown_status(word: str | None) -> str:
    """What there is instead of a state that is none of the API's; empty when it is one."""
    if word is None or StatusWord.parse(word).status is not BatchStatus.UNKNOWN:
        return ""
    known = ", ".join(status for status in BatchStatus if status is not BatchStatus.UNKNOWN)
    return f" {word} is none of the API's states: {known}."


def matches(batch: Batch, text: str) -> bool:
    """True when the id, the name or a metadata value holds the text, in any case."""
    haystack = "\n".join((batch.id, batch.name, *batch.metadata.values()))
    return text.casefold() in haystack.casefold()
