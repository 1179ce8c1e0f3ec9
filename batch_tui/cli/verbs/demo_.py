"""``demo``: the screen on the embedded gateway, in a throw-away directory."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from batch_tui.cli.arguments import add_screen
from batch_tui.cli.console import Console
from batch_tui.cli.session import build_cockpit, settings_for
from batch_tui.domain.errors import BatchTuiError

DEMO_KEY = "demo-key"
"""The demo gateway's key: made up, and good for nothing else."""
_LOOKS = ("BATCH_TUI_THEME", "BATCH_TUI_ASCII", "BATCH_TUI_MOUSE")
"""What the demo looks like is for the user to say."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How fast the demo goes."""
    parser.add_argument(
        "--speed", type=float, default=1.0, metavar="N", help="pace of the gateway (default: %(default)s)"
    )
    add_screen(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Seed an account, start the gateway, open the screen, clean up."""
    del console
    from batch_tui.gateway.seed import seed_demo  # noqa: PLC0415 - only the demo needs an account
    from batch_tui.ui.app import run as run_screen  # noqa: PLC0415 - only the screen loads Textual

    with tempfile.TemporaryDirectory(prefix="batch-tui-demo-") as name:
        root = Path(name)
        workspace = root / "workspace"
        workspace.mkdir()
        seed_demo(root / "gateway", workspace)
        with gateway(root / "gateway", args.speed) as base_url:
            settings = settings_for(args, environ=demo_environment(os.environ, root, base_url))
            return run_screen(build_cockpit(settings), workspace=workspace)


def demo_environment(environ: Mapping[str, str], root: Path, base_url: str) -> dict[str, str]:
    """The environment of a demo: the user's looks; nothing of key, profiles or state comes in or is touched."""
    foreign = ("OPENAI_", "BATCH_TUI_", "XDG_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    kept = {key: value for key, value in environ.items() if key in _LOOKS or not key.upper().startswith(foreign)}
    return kept | {
        "OPENAI_BASE_URL": base_url,
        "OPENAI_API_KEY": DEMO_KEY,
        "XDG_CONFIG_HOME": str(root / "config"),
        "XDG_STATE_HOME": str(root / "state"),
        "XDG_CACHE_HOME": str(root / "cache"),
    }


@contextmanager
def gateway(data: Path, speed: float) -> Generator[str]:
    """A gateway process on a free loopback port; gives its base URL, ends with the block."""
    command = [
        sys.executable,
        "-m",
        "batch_tui",
        "gateway",
        "--data",
        str(data),
        "--speed",
        str(speed),
        "--until-stdin-ends",
    ]
    with (data.parent / "gateway.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
            env={**os.environ, "BATCH_TUI_GATEWAY_KEY": DEMO_KEY},
        )
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line.startswith("http"):
            raise BatchTuiError(
                f"The demo's gateway did not start; run it by hand to see why: batch-tui gateway --data {data}"
            )
        yield line.strip()
    finally:
        if process.stdin:
            process.stdin.close()
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()
