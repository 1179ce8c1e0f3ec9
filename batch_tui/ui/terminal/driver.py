"""The way to the terminal and back: patient with one that doesn't drain, quick to see one that is gone."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
from codecs import getincrementaldecoder
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from textual import constants
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Callback, Resize
from textual.geometry import Size

from batch_tui.ui.terminal.facts import RESTORE_TITLE, SAVE_TITLE, set_title
from batch_tui.ui.terminal.signals import LEAVE, TerminalSettings
from batch_tui.ui.terminal.writer import PatientWriter

if TYPE_CHECKING:
    from textual.app import App

_LOOK = 0.1
"""Seconds between two looks at whether the input is to end."""
_READ = 4096
_ESCAPE = constants.ESCAPE_DELAY if "ESCDELAY" in os.environ else 0.04
"""Seconds after which a lone escape was the key, not the begin of another: it is what stops a transfer."""


@runtime_checkable
class Resending(Protocol):
    """A screen that can be sent anew, whatever it sent before."""

    def send_all(self) -> None:
        """Send every cell."""
        ...


class PatientDriver(LinuxDriver):
    """Textual's driver for POSIX terminals, without its three ways to hang.

    A terminal that takes no more output (Ctrl-S, a dead link) blocks no one; input that has come to its end
    is a hang-up, not a loop; a storm of resizes is one resize.
    """

    def __init__(
        self,
        app: App[object],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)  # pyright: ignore[reportUnknownMemberType]
        self._output: PatientWriter | None = None
        self._is_resize_due = False
        self._is_lost = False
        self._has_drawn = False
        self._taken: TerminalSettings | None = None
        self._title = ""
        self._is_taken = False
        self._woken, self._waker = os.pipe()
        """A byte in it makes who waits for keys look whether it is to end."""

    def start_application_mode(self) -> None:
        """Take the terminal."""
        out = sys.__stderr__
        self._output = PatientWriter(
            out.fileno() if out is not None else 2,
            encoding=out.encoding if out is not None else "utf-8",
            drained=self._repaint,
            lost=self._hang_up,
        )
        self._output.start()
        self._is_taken = True
        self.write(SAVE_TITLE + (set_title(self._title) if self._title else ""))
        super().start_application_mode()  # type: ignore[no-untyped-call]
        signal.signal(signal.SIGWINCH, self._resized)
        with suppress(termios.error):
            self._taken = termios.tcgetattr(self.fileno)
        if self._has_drawn:
            self._repaint()  # back from the shell, or from another program: nothing is left of the screen
        self._has_drawn = True

    def stop_application_mode(self) -> None:
        """Give the terminal back, or for a while to another program, under the title it had."""
        super().stop_application_mode()
        self.write(RESTORE_TITLE)
        self._is_taken = False

    def let_go(self) -> bytes:
        """Write nothing more: whoever asks has no time to wait for the terminal.

        Returns:
            What it still has to be sent to be as it was found: nothing when it was given back already, for a
            second goodbye would take what belongs to the shell from the stacks of titles and keyboards.
        """
        unsent = self._output.abandon() if self._output is not None else b""
        save, restore = SAVE_TITLE.encode(), RESTORE_TITLE.encode()
        if self._is_taken:
            return LEAVE + (b"" if save in unsent else restore)
        return LEAVE + (restore if restore in unsent else b"") if unsent else b""

    def show_title(self, title: str) -> None:
        """Set the window's title, now and whenever the terminal comes back."""
        if title != self._title:
            self._title = title
            self.write(set_title(title))

    def toggle_mouse(self) -> bool:
        """Let go of the mouse, or take it, until asked again; True when it is taken now."""
        if self._mouse:
            self._disable_mouse_support()
        self._mouse = not self._mouse
        self._enable_mouse_support()
        return self._mouse

    def write(self, data: str) -> None:
        """Send text to the terminal; returns at once."""
        if self._output is not None:
            self._output.write(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def disable_input(self) -> None:
        """Read no more keys, without waiting for the next look of who reads them."""
        os.write(self._waker, b".")
        super().disable_input()
        os.read(self._woken, _READ)

    def close(self) -> None:
        """Give the terminal back; one that takes nothing more is left as it is."""
        if self._output is not None:
            self._output.stop()
            self._output = None
        super().close()

    def _run_input_thread(self) -> None:
        """Read keys; a bug there is one of the screen, which would print it with Textual's own words."""
        try:
            self.run_input_thread()
        except Exception as error:  # noqa: BLE001 - nobody stands above a thread: handed on as it is
            bug = error
            self.send_message(Callback(callback=lambda: _raise(bug)))

    def run_input_thread(self) -> None:
        """Read keys until told to end, or until the terminal is gone."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        is_escape = False
        while not self.exit_event.is_set():
            ready, _, _ = select.select([self.fileno, self._woken], [], [], _ESCAPE if is_escape else _LOOK)
            if self.fileno in ready:
                data = self._read()
                if not data:
                    self._hang_up()
                    return
                is_escape = data.endswith(b"\x1b")
                for message in parser.feed(decode(data)):
                    self.process_message(message)
            elif is_escape:
                is_escape, parser._timeout_time = False, 0.0  # pyright: ignore[reportPrivateUsage] # noqa: SLF001 - its own delay is one for all
            for message in parser.tick():
                self.process_message(message)

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, _READ)
        except OSError:
            return b""

    def _hang_up(self) -> None:
        """The terminal is gone: end as if the hang-up had been told, which not every session does."""
        if not self._is_lost:
            self._is_lost = True
            os.kill(os.getpid(), signal.SIGHUP)

    def _sigcont_application(self, *_: object) -> None:
        """Go on. Textual takes the terminal a second time when nobody gave it away: two threads read its keys."""
        if self._must_signal_resume:
            self.resume_application_mode()
        elif self._auto_restart and self._output is not None:
            self._take_again()

    def _take_again(self) -> None:
        """Stopped without a word (``kill -STOP``): the shell has set the terminal its way, and written on it."""
        if self._taken is not None:
            with suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self._taken)
        self._repaint()

    def _repaint(self) -> None:
        """Have the whole screen sent: parts of it were dropped while the terminal took nothing."""
        with suppress(RuntimeError):  # the loop has ended
            self.send_message(Callback(callback=self._draw_all))

    def _draw_all(self) -> None:
        if isinstance(self._app, Resending):
            self._app.send_all()

    def _resized(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if not self._in_band_window_resize and not self._is_resize_due:
            self._is_resize_due = True
            self._loop.call_soon_threadsafe(self._tell_size)

    def _tell_size(self) -> None:
        self._is_resize_due = False
        size = Size(*self._get_terminal_size())
        self.send_message(Resize(size, size))


def _raise(bug: Exception) -> None:
    raise bug
