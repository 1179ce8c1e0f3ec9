"""``info``: version, paths and profile; nothing secret, nothing on the network."""

from __future__ import annotations

import argparse
import platform

from batch_tui._version import __version__
from batch_tui.cli.arguments import add_json, add_profile
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.session import settings_for


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of which profile."""
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Print where things are."""
    settings = settings_for(args, needs_key=False)
    facts = {
        "version": __version__,
        "python": platform.python_version(),
        "profile": settings.profile.name,
        "base_url": settings.profile.base_url,
        "config": str(settings.paths.config),
        "state": str(settings.paths.state),
        "cache": str(settings.paths.cache),
    }
    if console.is_json:
        console.json(facts)
    else:
        for word, value in facts.items():
            console.data(f"{word:<9} {value}")
    return Exit.CLEAN
