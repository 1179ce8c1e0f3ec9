"""``download``: output and error files, whole or not at all."""

from __future__ import annotations

import argparse
from pathlib import Path

from batch_tui.cli.arguments import add_json, add_profile
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.session import open_cockpit, run_async


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which batches, to where."""
    parser.add_argument("ids", nargs="+", metavar="ID")
    parser.add_argument("-o", "--output", type=Path, default=Path(), metavar="DIR", help="default: here")
    parser.add_argument("--force", action="store_true", help="overwrite files that exist")
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Fetch both files of each batch and print their paths."""
    return run_async(lambda: _download(args, console))


async def _download(args: argparse.Namespace, console: Console) -> int:
    code = Exit.CLEAN
    async with open_cockpit(args, console) as cockpit:
        for batch_id in args.ids:
            collected = await cockpit.collector.collect(
                batch_id,
                args.output,
                overwrite=args.force,
                on_progress=console.progress(f"downloading {batch_id}"),
            )
            paths = {"output": collected.output, "errors": collected.errors}
            if console.is_json:
                console.json(
                    {"id": batch_id, **{word: str(path) if path else None for word, path in paths.items()}}
                )
            else:
                for path in filter(None, paths.values()):
                    console.data(str(path))
            if collected.message:
                console.say(collected.message)
            if collected.output is None:
                code = Exit.FAILURES
    return code
