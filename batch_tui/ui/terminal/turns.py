"""Keys one after the other: each finds the screen as the one before it left it, also when they come in one packet.

Textual hands a key to the widget that has the focus when the key is read, and many keys are read at once: behind
an answer, a choice or an opened row the next keys would go to what is about to lose the focus.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TypeAlias

from textual.app import App
from textual.dom import DOMNode
from textual.events import AppBlur, AppFocus, Event, InputEvent, Key, Paste

from batch_tui.ui.widgets.quiet_screen import QuietScreen

Typed: TypeAlias = Key | Paste | AppFocus | AppBlur
"""What comes in turn. The terminal's focus is among it: taken away from a widget while a key is on its way there,
it would take the widget's commands from that key. A terminal tells it at the start, behind the first keys.
"""
_ROUNDS = 2
"""How often what a key set off is waited for, from its widget up to the app: it may set off more on its way."""
_LOST_AFTER = 1.0
"""Seconds after which nothing is waited for any more: the widget that had the key is gone."""


class OrderlyApp(App[int], inherit_bindings=False):
    """The part of the screen that takes keys: one that comes while another is under way waits for its end."""

    def __init__(self) -> None:
        super().__init__()
        self._path: tuple[DOMNode, ...] = ()
        """From the widget that got the last key up to the app."""
        self._waiting: deque[Typed] = deque()
        self._due: Typed | None = None
        self._turn = 0
        self._waits_since: float | None = None

    def swallows(self, key: Key) -> bool:
        """True for a key that has done what it is for: no widget gets it."""
        del key
        return False

    async def on_event(self, event: Event) -> None:
        """Keys one after the other; everything else as it comes."""
        if isinstance(event, InputEvent | Paste) and isinstance(self.screen, QuietScreen):
            self.screen.hurry()
        if not isinstance(event, Typed) or event.is_forwarded:
            await super().on_event(event)
        elif event is self._due or not self.is_under_way:
            await self._take(event)
        else:
            self._waiting.append(event)
            self._wait()

    @property
    def is_under_way(self) -> bool:
        """True while something is left of the keys before: to be pressed, or of what they set off."""
        if self._waiting or self._due is not None:
            return True
        return any(node.message_queue_size for node in self._path)

    async def _take(self, event: Typed) -> None:
        self._due = None
        if isinstance(event, Key):
            self.app_focus = True  # it is for the widget that had the focus, whatever the terminal tells
        target = self.focused or self.screen
        self._path = tuple(target.ancestors_with_self)
        if not isinstance(event, Key) or not self.swallows(event):
            await super().on_event(event)
        if self._waiting:
            self._wait()

    def _wait(self) -> None:
        """Have the next key come when the last one's consequences have gone their way."""
        now = time.monotonic()
        if self._waits_since is None or now - self._waits_since > _LOST_AFTER:
            self._waits_since = now
            self._turn += 1
            self._pass_on(self._turn, self._path * _ROUNDS)

    def _pass_on(self, turn: int, path: tuple[DOMNode, ...]) -> None:
        """Go through the queues that a key's consequences go through, behind them."""
        while path and turn == self._turn:
            node, path = path[0], path[1:]
            if node.call_later(self._pass_on, turn, path):
                return
        if turn == self._turn:
            self._waits_since = None
            self._due = self._waiting.popleft()
            self.post_message(self._due)
