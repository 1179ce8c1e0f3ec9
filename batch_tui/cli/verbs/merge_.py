"""``merge``: one final output over a batch and all its retries."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from batch_tui.cli.arguments import add_json, add_profile
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.session import open_cockpit, run_async
from batch_tui.cli.verbs.results_ import cause_lines, format_of, outcome_record
from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.formatting import grouped, plural
from batch_tui.engine.monitoring.listing import list_all
from batch_tui.engine.results.generations import Family
from batch_tui.jsonl.results.export import ExportFormat
from batch_tui.jsonl.results.join import JoinedResults, join_results
from batch_tui.jsonl.results.merge import Merged
from batch_tui.jsonl.results.merge_table import merge_as

_LISTED = 20
"""Requests without a success that are named on stderr; ``--json`` names all."""


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
    parser.add_argument(
        "--format",
        choices=tuple(ExportFormat),
        help="jsonl: one result line for each request; csv, parquet: one row for each (default: as OUT ends)",
    )
    parser.add_argument("--force", action="store_true", help="overwrite it if it exists")
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Write one result line or row for each request; 1 when some never succeeded."""
    if bool(args.id) == bool(args.results):
        raise ConfigurationError("Name a batch, or local files with --input and --results; not both.")
    if args.results:
        with join_results(args.results, input_path=args.input, on_progress=console.progress("reading")) as joined:
            merged = merge_as(
                joined,
                args.output,
                format_of(args.output, args.format),
                overwrite=args.force,
                on_progress=console.progress("merging"),
            )
            return _show(merged, joined, console)
    return run_async(lambda: _merge(args, console))


async def _merge(args: argparse.Namespace, console: Console) -> int:
    async with open_cockpit(args, console) as cockpit:
        cockpit.store.apply((await list_all(cockpit.service)).batches)
        family = await cockpit.groups.family(args.id, on_progress=console.progress("downloading"))
        await asyncio.to_thread(args.output.parent.mkdir, parents=True, exist_ok=True)
        merged = await cockpit.generations.merge(
            family,
            args.output,
            export_format=format_of(args.output, args.format),
            overwrite=args.force,
            on_progress=console.progress("merging"),
        )
        console.say(f"{plural(len(family.batches), 'batch')} merged.")
        for batch in family.batches:
            if not batch.is_terminal:
                console.say(f"{batch.name} hasn't ended: what it answers is not in it; merge again after the end.")
        with await cockpit.workshop.join(family.results, input_path=family.input_path) as joined:
            return max(_show(merged, joined, console), _tell_missing(family, console))


def _tell_missing(family: Family, console: Console) -> int:
    if not family.missing_parts:
        return Exit.CLEAN
    numbers = ", ".join(map(str, family.missing_parts[:10]))
    console.say(f"Not in it: part {numbers} of the file, for which there is no batch (yet).")
    return Exit.FAILURES


def _show(merged: Merged, joined: JoinedResults, console: Console) -> int:
    """The file's path, and every request that never succeeded."""
    if console.is_json:
        for index in merged.unfinished:
            console.json(outcome_record(joined.row(index)))
        record = {"path": str(merged.path), "requests": merged.requests, "succeeded": merged.succeeded}
        console.json(record)
    else:
        console.data(str(merged.path))
    if not merged.unfinished:
        return Exit.CLEAN
    console.say(f"{plural(len(merged.unfinished), 'request')} of {merged.requests:,} never succeeded:")
    for cause in merged.causes:
        for line in cause_lines(cause):
            console.say(line)
    if not console.is_json:
        _list_unfinished(merged, joined, console)
    return Exit.FAILURES


def _list_unfinished(merged: Merged, joined: JoinedResults, console: Console) -> None:
    for index in merged.unfinished[:_LISTED]:
        row = joined.row(index)
        console.say(f"{row.custom_id}  {row.outcome.replace('_', ' ')}  {row.code}".rstrip())
    more = len(merged.unfinished) - _LISTED
    if more > 0:
        console.say(f"and {grouped(more)} more; --json lists them all")
