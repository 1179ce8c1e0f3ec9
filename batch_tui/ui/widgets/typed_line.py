"""A line that takes every key while something is typed into it."""

from __future__ import annotations

import string
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from batch_tui.ui.commands.keymap import key_name
from batch_tui.ui.widgets.lines import OneLine

_EDITING = ("backspace", "delete", "ctrl+h", "ctrl+w", "ctrl+u", "left", "right", "home", "end", "enter", "escape")


def _own_keys() -> list[BindingType]:
    """Bindings for everything that can be typed.

    Keys that arrive in one packet are all sent to the widget that had the focus when the first came. They
    bubble up in order, and by then the dock is in the chain of bindings: so ``/fail`` typed at once is text.
    """
    typed = [Binding(key_name(char), f"typed({char!r})", show=False) for char in string.printable[:95]]
    return [*typed, *(Binding(key, f"pressed({key!r})", show=False) for key in _EDITING)]


class TypedLine(OneLine, can_focus=True):
    """Hands every key to :meth:`press` while :attr:`is_typing`. Nothing in it blinks."""

    BINDINGS: ClassVar[list[BindingType]] = _own_keys()
    FOCUS_ON_CLICK = False
    """A click on it is no reason to take the keys from a pane."""

    @property
    def is_typing(self) -> bool:
        """True while it wants all keys."""
        raise NotImplementedError

    def press(self, key: str, char: str | None) -> bool:
        """A key was pressed.

        Args:
            key: Its name.
            char: What it writes; None when it writes nothing.

        Returns:
            False when the key is for somebody else.
        """
        raise NotImplementedError

    def paste(self, text: str) -> None:
        """Text was pasted."""
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Its keys are bound only while it wants them."""
        del parameters
        return self.is_typing or action not in {"typed", "pressed"}

    def action_typed(self, char: str) -> None:
        """A character that came by way of the widget that had the focus before."""
        self.press(key_name(char), char)

    def action_pressed(self, key: str) -> None:
        """A key that came by way of the widget that had the focus before."""
        self.press(key, None)

    def on_key(self, event: events.Key) -> None:
        """A key, while it has the focus."""
        if self.press(event.key, event.character if event.is_printable else None):
            event.stop()
            event.prevent_default()

    def on_paste(self, event: events.Paste) -> None:
        """Pasted text, as one event: never keys."""
        event.stop()
        self.paste(event.text)
