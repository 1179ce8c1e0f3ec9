"""No verb: the screen on the profile's service."""

from __future__ import annotations

import argparse
from pathlib import Path

from batch_tui.cli.console import Console
from batch_tui.cli.session import build_cockpit, settings_for


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The screen takes the flags that stand before a verb, and none of its own."""
    del parser


def run(args: argparse.Namespace, console: Console) -> int:
    """Open the screen in the current directory."""
    from batch_tui.ui.app import run as run_screen  # noqa: PLC0415 - only the screen loads Textual

    settings = settings_for(args)
    for note in settings.notes:
        console.say(note)
    return run_screen(build_cockpit(settings), workspace=Path.cwd())
