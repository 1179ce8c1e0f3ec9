"""What the terminal can do, a sentence for each thing: for ``doctor``. Loads nothing of the screen's toolkit."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from batch_tui.ui.terminal.facts import MIN_COLUMNS, MIN_LINES, TerminalFacts, terminal_facts, too_small

_TMUX_SECONDS = 2.0
"""How long tmux has to answer."""
_OF_A_PANE = frozenset({"allow-passthrough"})
"""Options of tmux that a pane has, or takes from its window; the others are the server's."""


class Finding(Struct, frozen=True):
    """One thing that was looked at."""

    topic: str
    is_well: bool
    message: str
    """One sentence; with the next step where something is wrong."""


def ask_tmux(option: str) -> str | None:
    """The value of one of tmux's options here; None when tmux doesn't answer or doesn't know it. Blocking."""
    tmux = shutil.which("tmux")
    if tmux is None:
        return None
    try:
        done = subprocess.run(
            [tmux, "show", "-Apv" if option in _OF_A_PANE else "-sv", option],
            capture_output=True,
            text=True,
            timeout=_TMUX_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def terminal_findings(
    environ: Mapping[str, str],
    *,
    is_input_tty: bool,
    is_output_tty: bool,
    size: tuple[int, int],
    notify: str = "bell",
    tmux_option: Callable[[str], str | None] = ask_tmux,
) -> Iterator[Finding]:
    """Look at the terminal, tmux, the clipboard, the colours and the letters.

    Args:
        environ: The environment.
        is_input_tty: Whether standard input is a terminal.
        is_output_tty: Whether the screen's output is one.
        size: Columns and lines.
        notify: How the screen calls for attention.
        tmux_option: Gives the value of an option of tmux.
    """
    facts = terminal_facts(environ, is_input_tty=is_input_tty, is_output_tty=is_output_tty)
    yield _terminal(facts, environ, size, is_tty=is_input_tty and is_output_tty)
    yield Finding("colours", is_well=True, message=_colours(facts, environ))
    yield Finding("letters", is_well=True, message=_letters(facts))
    clipboard = tmux_option("set-clipboard") if facts.is_tmux else None
    yield _clipboard(facts, clipboard)
    if facts.is_tmux:
        yield from _tmux_term(environ)
    if clipboard is not None:  # one that did not answer once isn't waited for again
        yield from _tmux(notify, tmux_option)


def _terminal(facts: TerminalFacts, environ: Mapping[str, str], size: tuple[int, int], *, is_tty: bool) -> Finding:
    if facts.refusal:
        # A pipe is nothing wrong: the verbs are made for it. A terminal that can't be drawn on is.
        return Finding("terminal", is_well=not is_tty, message=facts.refusal)
    small = too_small(*size)
    if small:
        return Finding("terminal", is_well=False, message=f"{small}: make the window larger.")
    where = " over SSH: nothing moves by itself there" if facts.is_remote else ""
    shown = f"{size[0]}x{size[1]}, from {MIN_COLUMNS}x{MIN_LINES} it works"
    return Finding("terminal", is_well=True, message=f"TERM={environ.get('TERM', '')}, {shown}{where}.")


def _colours(facts: TerminalFacts, environ: Mapping[str, str]) -> str:
    if not facts.has_color:
        return "NO_COLOR is set: bold, reverse and dim carry what colour would say."
    depth = environ.get("COLORTERM", "")
    if depth in {"truecolor", "24bit"}:
        return f"COLORTERM={depth}: 16 million colours."
    if facts.has_palette:
        return f"COLORTERM={depth}: as many colours as TERM={environ.get('TERM', '')} names."
    return "COLORTERM is not set: the terminal's own 16 colours; with COLORTERM=truecolor there are themes."


def _letters(facts: TerminalFacts) -> str:
    if facts.is_ascii:
        return "The locale is not UTF-8: the screen draws in ASCII; set LANG=C.UTF-8 for its signs."
    return "UTF-8."


def _clipboard(facts: TerminalFacts, value: str | None) -> Finding:
    if not facts.is_tmux:
        return Finding("clipboard", is_well=True, message="y copies by OSC 52, which the terminal must allow.")
    if value is None:
        return Finding(
            "clipboard", is_well=False, message="TMUX is set, but tmux does not answer: y may copy nothing."
        )
    if value == "off":
        message = "tmux keeps what y copies to itself: tmux set -s set-clipboard on"
        return Finding("clipboard", is_well=False, message=message)
    return Finding("clipboard", is_well=True, message=f"y copies through tmux (set-clipboard {value}).")


def _tmux_term(environ: Mapping[str, str]) -> Iterator[Finding]:
    term = environ.get("TERM", "")
    if not term.startswith(("tmux", "screen")):
        message = f"TERM={term} inside tmux: let tmux set it (default-terminal tmux-256color), or lines may break."
        yield Finding("tmux", is_well=False, message=message)


def _tmux(notify: str, tmux_option: Callable[[str], str | None]) -> Iterator[Finding]:
    delay = tmux_option("escape-time")
    if delay is not None and delay.isdecimal() and int(delay) > 100:
        message = f"tmux holds escape back for {delay} ms: tmux set -s escape-time 20"
        yield Finding("tmux", is_well=True, message=message)
    yield from _passthrough(notify, tmux_option("allow-passthrough"))
    if tmux_option("focus-events") == "off":
        message = "tmux does not tell who looks, so a minute without a key decides: tmux set -s focus-events on"
        yield Finding("notify", is_well=True, message=message)


def _passthrough(notify: str, value: str | None) -> Iterator[Finding]:
    """Whether a notification by a sequence gets through tmux; older ones have no such option, and let it."""
    is_wanted = notify.startswith("osc")
    if value == "off":
        which = notify if is_wanted else "osc9, osc777 or osc99"
        message = f"tmux lets no notification by {which} through: tmux set -g allow-passthrough on"
        yield Finding("passthrough", is_well=not is_wanted, message=message)
    elif value == "on" and is_wanted:
        message = f"tmux lets {notify} through from a window in sight; tmux 3.4: tmux set -g allow-passthrough all"
        yield Finding("passthrough", is_well=True, message=message)
