"""What the terminal can do, as the environment tells, and its title. Pure."""

from __future__ import annotations

import codecs
from collections.abc import Mapping

from msgspec import Struct

from batch_tui.domain.text import printable

MIN_COLUMNS, MIN_LINES = 40, 10
SAVE_TITLE = "\x1b[22;0t"
"""Puts the window's title on the terminal's stack."""
RESTORE_TITLE = "\x1b[23;0t"
"""Takes it back; terminals without the stack ignore both."""
_TITLE_LIMIT = 100


class TerminalFacts(Struct, frozen=True):
    """What is known about the terminal before anything is drawn."""

    refusal: str = ""
    """One sentence when the screen can't be opened here, naming the headless twin; else empty."""
    is_remote: bool = False
    """Over SSH: nothing moves by itself, every byte counts."""
    is_ascii: bool = False
    """The locale isn't UTF-8: ASCII signs."""
    has_color: bool = True
    """False with NO_COLOR."""
    has_palette: bool = True
    """False without COLORTERM: only the terminal's own 16 colours are certain."""
    is_tmux: bool = False


def terminal_facts(environ: Mapping[str, str], *, is_input_tty: bool, is_output_tty: bool) -> TerminalFacts:
    """Read the terminal's facts.

    Args:
        environ: The environment.
        is_input_tty: Whether standard input is a terminal.
        is_output_tty: Whether the screen's output is one.
    """
    term = environ.get("TERM", "")
    return TerminalFacts(
        refusal=_refusal(term, is_tty=is_input_tty and is_output_tty),
        is_remote=any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT")),
        is_ascii=not _is_utf8(environ),
        has_color=not environ.get("NO_COLOR"),
        has_palette=bool(environ.get("COLORTERM")),
        is_tmux=bool(environ.get("TMUX")),
    )


def too_small(columns: int, lines: int) -> str:
    """One line for a window that can't hold the screen; empty when it can."""
    if columns >= MIN_COLUMNS and lines >= MIN_LINES:
        return ""
    return f"{columns}x{lines}: batch-tui needs {MIN_COLUMNS}x{MIN_LINES}"


def window_title(running: int, troubled: int, *, is_ascii: bool = False) -> str:
    """The window's title: ``batch-tui 3▶ 1✗``."""
    signs = (">", "x") if is_ascii else ("▶", "✗")
    parts = ["batch-tui"]
    parts += [f"{running}{signs[0]}"] if running else []
    parts += [f"{troubled}{signs[1]}"] if troubled else []
    return " ".join(parts)


def set_title(title: str) -> str:
    """The sequence that sets the window's title; the text can't break out of it."""
    return f"\x1b]0;{printable(title, _TITLE_LIMIT)}\x07"


def _refusal(term: str, *, is_tty: bool) -> str:
    if not is_tty:
        return "The screen needs a terminal; for scripts and pipes use batch-tui list, watch or wait."
    if term in {"", "dumb", "unknown"}:
        return f"TERM={term} can't show the screen; use batch-tui list, watch or wait, or set TERM."
    return ""


def _is_utf8(environ: Mapping[str, str]) -> bool:
    if environ.get("PYTHONUTF8") == "1":
        return True
    locale = next((environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), "")
    if not locale:
        return False
    charset = locale.partition(".")[2].partition("@")[0]
    try:
        return codecs.lookup(charset).name == "utf-8"
    except LookupError:
        return False
