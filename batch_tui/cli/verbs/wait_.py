"""``wait``: until the batches ended; the exit code tells the outcome."""

from __future__ import annotations

import argparse
import asyncio

from batch_tui.cli.arguments import add_json, add_profile, seconds
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.session import open_cockpit, run_async
from batch_tui.cli.verbs.watch_ import follow


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which batches, and for how long."""
    parser.add_argument("ids", nargs="+", metavar="ID", help="batches or groups")
    parser.add_argument(
        "--timeout", type=seconds, metavar="T", help="give up after this time (90s, 15m, 2h); exit code 124"
    )
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Wait; 0 when all completed with no failed request, 1 otherwise."""
    return run_async(lambda: _wait(args, console))


async def _wait(args: argparse.Namespace, console: Console) -> int:
    async with open_cockpit(args, console) as cockpit:
        try:
            async with asyncio.timeout(args.timeout):
                return await follow(cockpit, list(args.ids), console)
        except TimeoutError:
            console.say("Timed out; the batches go on. Wait again with the same command.")
            return Exit.TIMED_OUT
