"""From the first byte to the last: signals, the terminal's title, the crash report, the way out."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Protocol, TextIO

from textual.driver import Driver

from batch_tui.engine.cockpit import Cockpit
from batch_tui.ui.session import SessionState, save_session, session_file
from batch_tui.ui.terminal.crash import crash_line, write_crash
from batch_tui.ui.terminal.driver import PatientDriver
from batch_tui.ui.terminal.guest import GuestRoom
from batch_tui.ui.terminal.signals import (
    FROM_KEYS,
    LEAVE,
    TerminalSettings,
    Watchdog,
    install,
    kept_terminal,
    uninstall,
)

CLOSING = 0.4
"""Seconds the engine has to close its connections; nothing of it is lost when they aren't enough."""


class Runnable(Protocol):
    """What is run: the app."""

    driver_class: type[Driver]
    """The way to the terminal."""
    guests: GuestRoom
    """Who else has the terminal."""

    async def run_async(self, *, mouse: bool = True) -> int | None:
        """Show the screen until it is left."""
        ...

    def end(self, code: int = 0) -> None:
        """End it."""
        ...

    def let_go(self) -> bytes:
        """Write nothing more; what the terminal still has to be sent to be as it was found."""
        ...

    @property
    def place(self) -> SessionState:
        """Where the user is."""
        ...

    @property
    def bug(self) -> Exception | None:
        """What ended it against its will."""
        ...

    @property
    def return_code(self) -> int | None:
        """The exit code."""
        ...


def is_tty(stream: TextIO | None) -> bool:
    """True for a stream that is a terminal."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def run_screen(app: Runnable, cockpit: Cockpit, *, has_mouse: bool, before: TerminalSettings | None = None) -> int:
    """Run the app with everything around it; gives the exit code.

    Args:
        app: The screen.
        cockpit: The engine; closed at the end.
        has_mouse: Whether the mouse is taken.
        before: The terminal's settings to put back; None for those it has now.
    """
    app.driver_class = PatientDriver
    with kept_terminal(before) as restore:
        dog = Watchdog(lambda: restore(LEAVE if app.guests.is_taken else app.let_go()))
        try:
            asyncio.run(_run(app, cockpit, dog, has_mouse=has_mouse))
            sys.unraisablehook = _unheard  # a process or connection cut off by the end says so in a traceback
            if app.guests.was_hung_up:
                restore(LEAVE)
            for sentence in _last_words(app, cockpit):
                _say(sentence)
        finally:
            dog.disarm()  # not earlier: a terminal that takes nothing may hold the last words as well
    return 1 if app.bug is not None else app.return_code or 0


def _last_words(app: Runnable, cockpit: Cockpit) -> Iterator[str]:
    """What is said when the screen is gone: what may cost money, and where a crash was written."""
    yield from cockpit.unconfirmed()
    if app.bug is not None:
        secrets = cockpit.events.secrets
        report = write_crash(app.bug, cockpit.settings.paths.state, secrets=secrets)
        yield crash_line(app.bug, report, secrets)


async def _run(app: Runnable, cockpit: Cockpit, dog: Watchdog, *, has_mouse: bool) -> None:
    loop = asyncio.get_running_loop()
    state = session_file(cockpit.settings.paths.state)

    def ended(number: int) -> None:
        if number in FROM_KEYS and app.guests.is_taken:
            return  # ctrl+c in the editor is the editor's
        save_session(state, app.place)
        dog.arm(128 + number)
        app.end(128 + number)

    install(loop, ended)
    try:
        await app.run_async(mouse=has_mouse)
        save_session(state, app.place)
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING):
                await cockpit.aclose()
        uninstall(loop)


def _unheard(_found: object) -> None:
    """Say nothing: the program has ended, and what mattered is in its last words."""


def _say(sentence: str) -> None:
    """Say it on the terminal itself: ended with a guest in the terminal, Textual leaves its own stderr behind."""
    with suppress(OSError, ValueError):
        print(sentence, file=sys.__stderr__)
