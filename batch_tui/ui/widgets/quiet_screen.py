"""A screen whose focus moves without sending every line again."""

from __future__ import annotations

from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget


class QuietScreen(Screen[None]):
    """Base of the screens. Stock Textual repaints the whole screen (12 kB at 120x36) whenever the focus moves."""

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """The focused widget, or None. The widgets themselves show who has it."""
