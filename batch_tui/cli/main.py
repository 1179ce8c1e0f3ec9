"""The entry point: find the verb, load only its module, turn every expected error into one line."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence

from msgspec import Struct

from batch_tui._version import __version__
from batch_tui.cli.arguments import add_profile, add_screen
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit, exit_for
from batch_tui.cli.schema import json_help
from batch_tui.cli.table import VERBS, Verb
from batch_tui.domain.errors import BatchTuiError, UnauthorizedError, UnreachableError
from batch_tui.ui.first_frame import FirstFrame


class LoadedVerb(Struct, frozen=True):
    """What a verb's module gives."""

    add_arguments: Callable[[argparse.ArgumentParser], None]
    """Declares the verb's arguments."""
    run: Callable[[argparse.Namespace, Console], int]
    """Does it; gives the exit code."""


def main(argv: Sequence[str] | None = None, *, first_frame: FirstFrame | None = None) -> int:
    """Run the command line; returns the exit code.

    Args:
        argv: The words; None for the process's own.
        first_frame: The last picture, when the screen was asked for.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    # Without a word there is nothing to parse, and making every verb's parser would hold the screen up.
    args = build_parser(words).parse_args(words) if words else argparse.Namespace(verb=None)
    args.first_frame = first_frame
    console = Console(is_json=bool(getattr(args, "json", False)))
    try:
        code = load_verb(args.verb).run(args, console)
        console.out.flush()
    except BatchTuiError as error:
        console.say(f"batch-tui: {error}{_next_step(error)}")
        return exit_for(error)
    except KeyboardInterrupt:
        console.clear_progress()
        return Exit.INTERRUPTED
    except BrokenPipeError:
        _silence_stdout()
        return Exit.CLEAN
    return code


def build_parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """The parser for these words: every verb with its help, arguments only for the verb that is named."""
    parser = argparse.ArgumentParser(
        prog="batch-tui",
        description="The terminal cockpit for the OpenAI Batch API. Without a verb it opens the screen.",
        epilog="Exit codes: 0 clean, 1 something failed or is invalid, 2 usage or configuration, 3 the service "
        "refused or can't be reached, 4 unauthorized, 124 timed out, 129 hung up, 130 interrupted, "
        "143 terminated.",
    )
    parser.add_argument("--version", action="version", version=f"batch-tui {__version__}")
    parser.set_defaults(verb=None)
    add_profile(parser)
    add_screen(parser)
    named = next((word for word in words if any(word == verb.name for verb in VERBS)), None)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    for verb in VERBS:
        sub = verbs.add_parser(verb.name, help=verb.help, description=verb.help)
        sub.set_defaults(verb=verb.name)
        if verb.name == named:
            load_verb(verb.name).add_arguments(sub)
            sub.epilog = sub.epilog or json_help(verb.name)
    return parser


def load_verb(name: str | None) -> LoadedVerb:
    """Load a verb's module; None is the screen."""
    module = importlib.import_module(Verb(name or "screen", "").module)
    return LoadedVerb(module.add_arguments, module.run)


def _next_step(error: BatchTuiError) -> str:
    """Where to look when the way to the service or the key is wrong."""
    match error:
        case UnauthorizedError():
            return " Set another key; batch-tui doctor tests it."
        case UnreachableError():
            return " batch-tui doctor looks for the cause."
        case _:
            return ""


def _silence_stdout() -> None:
    """The reader went away (``| head``): keep the interpreter from failing again when it flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
