"""Whether somebody looks at the screen."""

from __future__ import annotations

from collections.abc import Callable

from textual.events import AppBlur, AppFocus, Event, Key, MouseDown

IDLE = 60.0
"""Seconds without a key after which nobody is thought to look, in a terminal that doesn't tell."""


class Presence:
    """Knows it from the terminal, or where that says nothing from the keys.

    Many don't tell who has the focus: tmux, as it is delivered, never does.

    Args:
        clock: Unix seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._touched_at = clock()
        self._told: bool | None = None

    def note(self, event: Event) -> None:
        """Something came from the terminal."""
        if isinstance(event, AppBlur | AppFocus):
            self._told = isinstance(event, AppFocus)
        elif isinstance(event, Key | MouseDown):
            self._touched_at = self._clock()
            self._told = None if self._told is None else True

    @property
    def is_there(self) -> bool:
        """True while somebody is thought to look."""
        if self._told is not None:
            return self._told
        return abs(self._clock() - self._touched_at) < IDLE
