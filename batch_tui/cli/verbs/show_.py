"""``show``: one batch in full."""

from __future__ import annotations

import argparse
import time

from batch_tui.cli import overview
from batch_tui.cli.arguments import add_json, add_profile
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.session import open_cockpit, record, run_async
from batch_tui.cli.verbs.groups_ import show_groups
from batch_tui.domain.lineage import is_group_name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which batch."""
    parser.add_argument("id", metavar="ID", help="a batch, or a group as the verb groups shows it")
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Print the batch."""
    return run_async(lambda: _show(args, console))


async def _show(args: argparse.Namespace, console: Console) -> int:
    if is_group_name(args.id):
        return await show_groups(args, console)
    async with open_cockpit(args, console) as cockpit:
        batch = await cockpit.service.retrieve_batch(args.id)
        cockpit.store.apply([batch])
        if console.is_json:
            await cockpit.memory.start_pace(keeps=False)
            console.json(record(cockpit, batch, time.time()))
        else:
            for word, value in overview.describe(batch):
                console.data(f"{word:<12} {value}")
    return Exit.CLEAN
