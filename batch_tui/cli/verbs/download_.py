"""``download``: output and error files, whole or not at all; of a group, those of all its parts as one."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from pathlib import Path

from batch_tui.cli.arguments import add_json, add_profile
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.session import open_cockpit, run_async
from batch_tui.domain.formatting import grouped, plural
from batch_tui.domain.groups import Group
from batch_tui.domain.lineage import is_group_name
from batch_tui.engine.cockpit import Cockpit
from batch_tui.engine.monitoring.listing import list_all
from batch_tui.engine.results.collect import safe_component


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which batches, to where."""
    parser.add_argument(
        "ids", nargs="+", metavar="ID", help="a batch, or a group for the files of all its parts as one"
    )
    parser.add_argument("-o", "--output", type=Path, default=Path(), metavar="DIR", help="default: here")
    parser.add_argument(
        "--merge",
        action="store_true",
        help="instead of both files one final output over all parts and retries, as of the verb merge",
    )
    parser.add_argument("--force", action="store_true", help="overwrite files that exist")
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Fetch both files of each batch and print their paths; 1 when there is less than one would expect."""
    return run_async(lambda: _download(args, console))


async def _download(args: argparse.Namespace, console: Console) -> int:
    codes: list[int] = []
    async with open_cockpit(args, console) as cockpit:
        if args.merge or any(map(is_group_name, args.ids)):
            cockpit.store.apply((await list_all(cockpit.service)).batches)
            await cockpit.queue_runner.look()
        for name in args.ids:
            group = next((group for group in cockpit.groups.all() if group.id == name), None)
            if args.merge:
                codes.append(await _merged(cockpit, name, group, args, console))
            elif group is not None:
                codes.append(await _group(cockpit, group, args, console))
            else:
                codes.append(await _batch(cockpit, name, args, console))
    return max(codes)


async def _batch(cockpit: Cockpit, batch_id: str, args: argparse.Namespace, console: Console) -> int:
    collected = await cockpit.collector.collect(
        batch_id,
        args.output,
        overwrite=args.force,
        on_progress=console.progress(f"downloading {batch_id}"),
    )
    _show(batch_id, {"output": collected.output, "errors": collected.errors}, console)
    if collected.message:
        console.say(collected.message)
    return Exit.CLEAN if collected.output is not None else Exit.FAILURES


async def _group(cockpit: Cockpit, group: Group, args: argparse.Namespace, console: Console) -> int:
    files = await cockpit.groups.download(
        group.id,
        args.output,
        overwrite=args.force,
        progress_of=lambda place: console.progress(f"downloading part {place} of {group.name}"),
    )
    _show(group.id, {"output": files.output, "errors": files.errors}, console)
    for message in files.messages:
        console.say(message)
    now = cockpit.groups.require(group.id)  # as the service told it while the files were fetched
    has_all = all(member.batch is not None and member.batch.output_file_id for member in now.members)
    return Exit.CLEAN if now.is_ended and not now.missing and has_all else Exit.FAILURES


async def _merged(
    cockpit: Cockpit, name: str, group: Group | None, args: argparse.Namespace, console: Console
) -> int:
    batch = cockpit.store.get(name)
    stem = safe_component(group.name if group is not None else batch.name if batch is not None else name)
    await asyncio.to_thread(args.output.mkdir, parents=True, exist_ok=True)
    merged = await cockpit.groups.merge(
        name,
        args.output / f"{stem}_merged.jsonl",
        overwrite=args.force,
        on_progress=console.progress(f"downloading {stem}"),
    )
    _show(name, {"merged": merged.path}, console)
    left = len(merged.unfinished)
    if left:
        again = f"batch-tui retry {name}"
        console.say(f"{plural(left, 'request')} of {grouped(merged.requests)} never succeeded: {again}")
    lacks = group is not None and bool(group.missing or group.waiting)
    return Exit.FAILURES if left or lacks else Exit.CLEAN


def _show(name: str, paths: Mapping[str, Path | None], console: Console) -> None:
    if console.is_json:
        console.json({"id": name, **{word: str(path) if path else None for word, path in paths.items()}})
    else:
        for path in filter(None, paths.values()):
            console.data(str(path))
