"""No verb: the screen on the profile's service."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from batch_tui.cli.console import Console
from batch_tui.cli.session import build_cockpit, key_of_today, settings_for
from batch_tui.ui.first_frame import FirstFrame


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The screen takes the flags that stand before a verb, and none of its own."""
    del parser


def run(args: argparse.Namespace, console: Console) -> int:
    """Open the screen in the current directory."""
    first = args.first_frame if isinstance(args.first_frame, FirstFrame) else None
    try:
        return _open(args, console, first)
    finally:
        if first is not None:
            first.leave()  # before anybody says what went wrong; the screen, if it came, did so already


def _open(args: argparse.Namespace, console: Console, first: FirstFrame | None) -> int:
    from batch_tui.ui.app import run as run_screen  # noqa: PLC0415 - only the screen loads Textual

    settings = settings_for(args)
    if settings.notes and first is not None:
        first.leave()
    for note in settings.notes:
        console.say(note)
    cockpit = build_cockpit(settings, ask_key=partial(key_of_today, args, settings))
    return run_screen(cockpit, workspace=Path.cwd(), first=first)
