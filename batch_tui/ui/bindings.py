"""Textual bindings made from the table of commands."""

from __future__ import annotations

from collections.abc import Mapping

from textual.binding import Binding, BindingType

from batch_tui.ui.commands import Scope, commands_in
from batch_tui.ui.keymap import key_name, key_string


def bindings(scope: Scope, *, is_read_only: bool = False) -> list[BindingType]:
    """The bindings of one scope, for a class's ``BINDINGS``; each has its command's id.

    Args:
        scope: Where the keys are listened to.
        is_read_only: Leave out what changes the account.
    """
    return [
        Binding(key_string(command), command.action, command.title, show=False, id=command.id)
        for command in commands_in(scope, is_read_only=is_read_only)
    ]


def textual_keymap(keymap: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """A read keymap as ``App.set_keymap`` takes it."""
    return {command_id: ",".join(map(key_name, keys)) for command_id, keys in keymap.items()}
