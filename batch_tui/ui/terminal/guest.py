"""Another program in this terminal: an editor, a pager. The screen's work goes on behind it."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import Process
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress

_FAREWELL = 0.2
"""Seconds a guest has to end by itself when the program has to."""


class GuestRoom:
    """Lends the terminal to one program at a time.

    The guest shares the terminal's process group, so ctrl+z stops both and ``fg`` continues both; what the
    keyboard signals is meant for the guest. When the program has to end, the guest is hung up on.

    Args:
        suspend: Gives the terminal away inside its block.
    """

    def __init__(self, suspend: Callable[[], AbstractContextManager[None]]) -> None:
        self._suspend = suspend
        self.is_taken = False
        """True while a guest has the terminal."""
        self.was_hung_up = False
        """True when a guest didn't leave by itself: nobody knows what it made of the terminal."""

    async def lend(self, words: Sequence[str]) -> int:
        """Run a program until it ends; nothing when another one has the terminal.

        Args:
            words: Its command line.

        Returns:
            Its exit code, or minus the signal that ended it.

        Raises:
            OSError: It can't be started; the screen is back.
            SuspendNotSupported: The terminal can't be given away.
        """
        if self.is_taken:
            return 0
        self.is_taken = True
        try:
            end = await self._suspended(words)
        finally:
            self.is_taken = False
        if isinstance(end, OSError):
            raise end
        return end

    async def _suspended(self, words: Sequence[str]) -> OSError | int:
        """Run it with the screen away; an error that left the block would leave the screen away for good."""
        with self._suspend():
            try:
                guest = await asyncio.create_subprocess_exec(*words, env=dict(os.environ))
            except OSError as error:
                return error
            return await self._until_left(guest)

    async def _until_left(self, guest: Process) -> int:
        try:
            return await guest.wait()
        except asyncio.CancelledError:
            self.was_hung_up = True
            with suppress(ProcessLookupError, TimeoutError):
                guest.send_signal(signal.SIGHUP)
                async with asyncio.timeout(_FAREWELL):
                    await guest.wait()
            raise
