"""Flags that several verbs share, and how they are read."""

from __future__ import annotations

import argparse
import re

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def add_json(parser: argparse.ArgumentParser) -> None:
    """``--json``: one object a line on stdout."""
    parser.add_argument("--json", action="store_true", help="one JSON object per line on stdout")


def add_profile(parser: argparse.ArgumentParser) -> None:
    """Which service, with which key. May stand before the verb or behind it, so neither sets a default."""
    parser.argument_default = argparse.SUPPRESS
    group = parser.add_argument_group("service")
    group.add_argument("--profile", metavar="P", help="profile in the configuration file")
    group.add_argument("--base-url", metavar="URL", help="base URL of the service, e.g. http://127.0.0.1:8080/v1")
    group.add_argument("--insecure-http", action="store_true", help="allow http:// to another machine")
    parser.argument_default = None


def add_screen(parser: argparse.ArgumentParser) -> None:
    """What the screen looks like and may do."""
    group = parser.add_argument_group("screen")
    group.add_argument("--read-only", action="store_true", help="nothing that costs, cancels or deletes")
    group.add_argument("--ascii", action="store_true", help="draw with ASCII characters only")
    group.add_argument("--no-mouse", action="store_true", help="leave the mouse to the terminal")


def seconds(text: str) -> int:
    """Read a span: ``90``, ``90s``, ``15m``, ``2h``, ``7d``."""
    match = re.fullmatch(r"(\d+)([smhd]?)", text.strip())
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no span of time: write 90s, 15m, 2h or 7d")
    return int(match[1]) * _UNITS[match[2]]


def pair(text: str) -> tuple[str, str]:
    """Read ``key=value``."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise argparse.ArgumentTypeError(f"{text!r} is no pair: write key=value")
    return key, value


def positive(text: str) -> int:
    """Read a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)
