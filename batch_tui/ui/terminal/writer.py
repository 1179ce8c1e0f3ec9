"""Output that never waits for the terminal: what it doesn't take is dropped, and drawn anew when it does."""

from __future__ import annotations

import os
import select
import threading
from collections import deque
from collections.abc import Callable

from batch_tui.ui.terminal.facts import RESTORE_TITLE, SAVE_TITLE

ROOM = 128 * 1024
"""Bytes that may wait for the terminal: two full pictures of a large screen."""
_PIECE = 4096
"""Bytes of one write: what waits behind it can still be dropped."""
_SETTINGS_AT_MOST = 256
_SETTINGS = ("\x1b[?", "\x1b[<", "\x1b[>", "\x1b]", "\x1bP", SAVE_TITLE, RESTORE_TITLE)
_FRAME_MARKS = ("\x1b[?2026h", "\x1b[?2026l")
"""Begin and end of one picture: they go the way of the picture."""


class PatientWriter(threading.Thread):
    """Writes to a terminal in a thread of its own; ``write`` returns at once, whatever the terminal does.

    Pictures that find no room are dropped with those waiting before them; what changes the terminal itself
    (modes, title, clipboard) is kept. Once the terminal has caught up, ``drained`` asks for a whole picture.

    Args:
        descriptor: The terminal.
        encoding: Of its text.
        drained: Called in the thread when pictures were dropped and the terminal takes more; must not block.
        lost: Called in the thread, once, when the terminal is gone; must not block.
        room: Bytes that may wait.
    """

    def __init__(
        self,
        descriptor: int,
        *,
        encoding: str = "utf-8",
        drained: Callable[[], None],
        lost: Callable[[], None],
        room: int = ROOM,
    ) -> None:
        super().__init__(daemon=True, name="terminal-output")
        self._descriptor = descriptor
        self._encoding = encoding
        self._drained = drained
        self._lost = lost
        self._room = room
        self._change = threading.Condition()
        self._queue: deque[tuple[bytes, bool]] = deque()
        self._size = 0
        self._is_behind = False
        self._is_ending = False
        self._written = 0

    @property
    def is_behind(self) -> bool:
        """True while pictures are dropped."""
        return self._is_behind

    def write(self, text: str) -> None:
        """Send text when the terminal takes it, or drop it."""
        is_setting = text.startswith(_SETTINGS) and text not in _FRAME_MARKS
        data = text.encode(self._encoding, "replace")
        with self._change:
            if self._is_ending or (self._is_behind and not is_setting):
                return
            if self._queue and self._size + len(data) > self._room:
                self._drop_pictures()
                self._is_behind = True
                if not is_setting:
                    return
            self._queue.append((data, is_setting))
            self._size += len(data)
            self._change.notify()

    def stop(self, patience: float = 0.5, at_most: float = 3.0) -> bool:
        """Send what sets the terminal, no more pictures, and end.

        Args:
            patience: Seconds without a byte taken after which the terminal is left as it is.
            at_most: Seconds in all.

        Returns:
            True when all was sent.
        """
        with self._change:
            self._is_ending = True
            if self._size > _PIECE:
                self._drop_pictures()
            self._change.notify()
        waited, before = 0.0, -1
        while self.is_alive() and waited < at_most and self._written != before:
            before = self._written
            self.join(patience)
            waited += patience
        is_sent = not self.is_alive()
        with self._change:
            self._queue.clear()
        return is_sent

    def abandon(self) -> bytes:
        """Send nothing more, and wait for nothing; gives what was waiting for the terminal."""
        with self._change:
            self._is_ending = True
            unsent = b"".join(data for data, _ in self._queue)
            self._queue.clear()
            self._change.notify()
        return unsent

    def run(self) -> None:
        """Write until told to stop, or until the terminal is gone."""
        try:
            while (pieces := self._next()) is not None:
                self._put(pieces)
        except OSError:
            with self._change:
                self._is_ending = True
                self._queue.clear()
            self._lost()

    def _next(self) -> bytes | None:
        """What is written next; waits for it. None at the end."""
        with self._change:
            while not self._queue:
                if self._is_ending:
                    return None
                if self._is_behind:
                    self._is_behind = False
                    self._drained()
                self._change.wait()
            pieces = [self._take()]
            length = len(pieces[0])
            while self._queue and length + len(self._queue[0][0]) <= _PIECE:
                pieces.append(self._take())
                length += len(pieces[-1])
            return b"".join(pieces)

    def _take(self) -> bytes:
        data, _ = self._queue.popleft()
        self._size -= len(data)
        return data

    def _put(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            try:
                count = os.write(self._descriptor, left[:_PIECE])
            except BlockingIOError:  # somebody who shares the terminal made it so
                select.select([], [self._descriptor], [], 1.0)
                continue
            left = left[count:]
            self._written += count

    def _drop_pictures(self) -> None:
        kept = [entry for entry in self._queue if entry[1]][-_SETTINGS_AT_MOST:]
        self._queue = deque(kept)
        self._size = sum(len(data) for data, _ in kept)
