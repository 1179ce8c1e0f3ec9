"""``wrap``: bare request bodies become batch request lines."""

from __future__ import annotations

import argparse
from pathlib import Path

from batch_tui.cli.arguments import add_json
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.domain.formatting import plural
from batch_tui.jsonl.rewriting.wrap import wrap_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """From where, to where, for which endpoint."""
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT", help="the new file; never overwritten"
    )
    parser.add_argument("--endpoint", help="endpoint of the requests (default: told by the bodies)")
    parser.add_argument(
        "--id-prefix", default="request-", metavar="TEXT", help="what custom_ids begin with (default: %(default)s)"
    )
    add_json(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Write the wrapped file; the bodies' bytes stay as they are."""
    wrapped = wrap_file(
        args.file,
        args.output,
        endpoint=args.endpoint,
        id_prefix=args.id_prefix,
        on_progress=console.progress("wrapping"),
    )
    console.say(f"{plural(wrapped.requests, 'request')} for {wrapped.endpoint}")
    if console.is_json:
        console.json({"path": str(wrapped.path), "requests": wrapped.requests, "endpoint": wrapped.endpoint})
    else:
        console.data(str(wrapped.path))
    if wrapped.skipped:
        console.say(f"{plural(wrapped.skipped, 'blank line')} left out.")
    return Exit.CLEAN
