"""``merge``: one final output over a batch and all its retries."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from batch_tui.cli.arguments import add_json, add_profile
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.session import open_cockpit, run_async
from batch_tui.cli.verbs.results_ import cause_lines
from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.formatting import plural
from batch_tui.engine.generations import Family, Generations
from batch_tui.engine.listing import list_all
from batch_tui.jsonl.join import join_results
from batch_tui.jsonl.merge import Merged, merge_results


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to merge, to where."""
    parser.add_argument(
        "id", nargs="?", metavar="ID", help="a batch or a group; parts and retries are found by metadata"
    )
    parser.add_argument("--input", type=Path, metavar="F", help="local input file, with --results")
    parser.add_argument(
        "--results",
        action="append",
        nargs="+",
        type=Path,
        default=[],
        metavar="F",
        help="local output and error files of one try; again for the next try, oldest first",
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT", help="the merged file")
    parser.add_argument("--force", action="store_true", help="overwrite it if it exists")
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Write one result line for each request; 1 when some never succeeded."""
    if bool(args.id) == bool(args.results):
        raise ConfigurationError("Name a batch, or local files with --input and --results; not both.")
    if args.results:
        with join_results(args.results, input_path=args.input, on_progress=console.progress("reading")) as joined:
            merged = merge_results(
                joined, args.output, overwrite=args.force, on_progress=console.progress("merging")
            )
        return _show(merged, console)
    return run_async(lambda: _merge(args, console))


async def _merge(args: argparse.Namespace, console: Console) -> int:
    async with open_cockpit(args, console) as cockpit:
        listing = await list_all(cockpit.service)
        generations = Generations(cockpit.collector, cockpit.workshop)
        family = await generations.collect(args.id, listing.batches, on_progress=console.progress("downloading"))
        await asyncio.to_thread(args.output.parent.mkdir, parents=True, exist_ok=True)
        merged = await generations.merge(
            family, args.output, overwrite=args.force, on_progress=console.progress("merging")
        )
        console.say(f"{plural(len(family.batches), 'batch')} merged.")
    return max(_show(merged, console), _tell_missing(family, console))


def _tell_missing(family: Family, console: Console) -> int:
    if not family.missing_parts:
        return Exit.CLEAN
    numbers = ", ".join(map(str, family.missing_parts[:10]))
    console.say(f"Not in it: part {numbers} of the file, for which there is no batch (yet).")
    return Exit.FAILURES


def _show(merged: Merged, console: Console) -> int:
    left = merged.requests - merged.succeeded
    if console.is_json:
        record = {"path": str(merged.path), "requests": merged.requests, "succeeded": merged.succeeded}
        console.json(record)
    else:
        console.data(str(merged.path))
    if left:
        console.say(f"{plural(left, 'request')} of {merged.requests:,} never succeeded:")
        for cause in merged.causes:
            for line in cause_lines(cause):
                console.say(line)
    return Exit.FAILURES if left else Exit.CLEAN
