"""SIGTERM, SIGHUP, SIGINT and SIGQUIT end the screen in order; a watchdog ends it when it can't end itself."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

TerminalSettings = list[int | list[bytes | int]]
"""What ``termios.tcgetattr`` gives."""
FROM_KEYS = (signal.SIGINT, signal.SIGQUIT)
"""What ctrl+c and ctrl+\\ send to everybody in the terminal when another program has it."""
ENDING = (signal.SIGTERM, signal.SIGHUP, *FROM_KEYS)
GRACE = 0.9
"""Seconds the screen has to end by itself: a dead terminal may block every write to it."""


class Watchdog:
    """Ends the process when the event loop does not come to its end in time.

    Args:
        restore: Puts the terminal back; must not block.
        end: Ends the process at once with an exit code.
        grace: Seconds to wait before.
    """

    def __init__(
        self,
        restore: Callable[[], None],
        *,
        end: Callable[[int], None] = os._exit,
        grace: float = GRACE,
    ) -> None:
        self._restore = restore
        self._end = end
        self._grace = grace
        self._timer: threading.Timer | None = None

    def arm(self, code: int) -> None:
        """Start the count; a second call changes nothing."""
        if self._timer is None:
            self._timer = threading.Timer(self._grace, self.bite, (code,))
            self._timer.daemon = True
            self._timer.start()

    def disarm(self) -> None:
        """The end came by itself."""
        if self._timer is not None:
            self._timer.cancel()

    def bite(self, code: int) -> None:
        """Restore the terminal and end the process."""
        self._restore()
        self._end(code)


def install(loop: asyncio.AbstractEventLoop, ended: Callable[[int], None]) -> None:
    """Call ``ended(signal number)`` on the loop when the process is asked to end."""
    for number in ENDING:
        loop.add_signal_handler(number, ended, number)


def uninstall(loop: asyncio.AbstractEventLoop) -> None:
    """Give the signals back."""
    for number in ENDING:
        loop.remove_signal_handler(number)


@contextmanager
def kept_terminal(before: TerminalSettings | None = None) -> Generator[Callable[[bytes], None]]:
    """Remember the terminal's settings; gives a function that puts them back and sends what else is wanted.

    It never waits for the terminal: one that takes nothing is sent nothing.

    Args:
        before: What to put back; None for the settings it has now.
    """
    import termios  # noqa: PLC0415 - POSIX only, and only when the screen runs

    try:
        descriptor = sys.__stdin__.fileno() if sys.__stdin__ else -1
        found = before or termios.tcgetattr(descriptor)
    except (termios.error, OSError, ValueError):
        yield lambda _: None
        return

    def restore(leave: bytes) -> None:
        try:
            termios.tcsetattr(descriptor, termios.TCSANOW, found)
            write_unblocked(descriptor, leave)
        except (termios.error, OSError):
            return

    yield restore


LEAVE = b"\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?2004l\x1b[?7h\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l"
"""What stops mouse, paste and alternate screen."""


def write_unblocked(descriptor: int, text: bytes) -> None:
    """Write what a terminal takes at once; raises ``OSError`` when it takes nothing."""
    os.set_blocking(descriptor, False)
    try:
        os.write(descriptor, text)
    finally:
        os.set_blocking(descriptor, True)
