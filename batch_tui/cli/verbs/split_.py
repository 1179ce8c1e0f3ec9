"""``split``: parts under the limits; put together they are the input, to the byte."""

from __future__ import annotations

import argparse
from pathlib import Path

from batch_tui.cli.arguments import add_json, positive
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.domain.formatting import plural, size
from batch_tui.domain.limits import OPENAI_LIMITS
from batch_tui.jsonl.rewriting.split import split_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """From where, to where, how large."""
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="directory of the parts")
    parser.add_argument(
        "--max-requests",
        type=positive,
        default=OPENAI_LIMITS.max_requests,
        metavar="N",
        help="default: %(default)s",
    )
    parser.add_argument(
        "--max-bytes", type=positive, default=OPENAI_LIMITS.max_bytes, metavar="N", help="default: %(default)s"
    )
    parser.add_argument(
        "--max-tokens", type=positive, metavar="N", help="estimated input tokens (default: no limit)"
    )
    add_json(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Write the parts and print their paths."""
    args.output.mkdir(parents=True, exist_ok=True)
    parts = split_file(
        args.file,
        args.output,
        max_requests=args.max_requests,
        max_bytes=args.max_bytes,
        max_tokens=args.max_tokens,
        on_progress=console.progress("splitting"),
    )
    for part in parts:
        console.say(f"{part.path.name}: {plural(part.requests, 'request')}, {size(part.bytes)}")
        if console.is_json:
            console.json({"path": str(part.path), "requests": part.requests, "bytes": part.bytes})
        else:
            console.data(str(part.path))
    return Exit.CLEAN
