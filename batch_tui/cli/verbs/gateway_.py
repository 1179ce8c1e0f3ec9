"""``gateway``: the embedded Batch API server."""

from __future__ import annotations

import argparse
import os
import signal
import threading
from pathlib import Path

from batch_tui.cli.console import Console


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where it listens, where it keeps its files, what runs the requests."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port; 0 takes a free one (default)")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("batch-gateway"),
        metavar="DIR",
        help="where its state lives (default: %(default)s)",
    )
    parser.add_argument(
        "--upstream",
        metavar="URL",
        help="run the requests on this OpenAI-compatible endpoint; its key: BATCH_TUI_UPSTREAM_KEY",
    )
    parser.add_argument(
        "--concurrency", type=int, default=8, metavar="N", help="requests in flight (default: %(default)s)"
    )
    parser.add_argument(
        "--speed",
        type=float,
        default=1.0,
        metavar="N",
        help="pace of the built-in echo model (default: %(default)s)",
    )
    parser.add_argument(
        "--until-stdin-ends", action="store_true", help="stop when stdin is closed, as a child should"
    )
    parser.epilog = (
        "A key that clients must send is taken from BATCH_TUI_GATEWAY_KEY; beyond loopback it is required."
    )


def run(args: argparse.Namespace, console: Console) -> int:
    """Serve until interrupted."""
    from batch_tui.gateway.options import GatewayOptions  # noqa: PLC0415 - only this verb serves
    from batch_tui.gateway.server import serve  # noqa: PLC0415

    if args.until_stdin_ends:
        threading.Thread(target=_stop_at_the_end_of_stdin, name="stdin", daemon=True).start()
    options = GatewayOptions(
        host=args.host,
        port=args.port,
        data=args.data,
        upstream=args.upstream,
        upstream_key=os.environ.get("BATCH_TUI_UPSTREAM_KEY") or None,
        concurrency=args.concurrency,
        speed=args.speed,
        api_key=os.environ.get("BATCH_TUI_GATEWAY_KEY") or None,
    )
    return serve(options, announce=console.data)


def _stop_at_the_end_of_stdin() -> None:
    """Whoever started this may be killed without a word: its end of the pipe closes all the same."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
