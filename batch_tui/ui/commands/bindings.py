"""Textual bindings made from the table of commands: a widget's own, and those that ask the app.

What changes anything goes through the app: one door, where its availability is judged and its reason said.
"""

from __future__ import annotations

from collections.abc import Mapping

from textual.binding import Binding, BindingType

from batch_tui.ui.commands.availability import always
from batch_tui.ui.commands.keymap import key_name, key_string
from batch_tui.ui.commands.registry import Command, Scope, command, commands_in


def bindings(scope: Scope, *, is_read_only: bool = False) -> list[BindingType]:
    """The bindings of one scope, for a class's ``BINDINGS``; each has its command's id.

    What can't always run asks the app, which says why not.

    Args:
        scope: Where the keys are listened to.
        is_read_only: Leave out what changes the account.
    """
    return [
        _runs(entry) if entry.unavailable is always else _asks(entry)
        for entry in commands_in(scope, is_read_only=is_read_only)
    ]


def asking(scope: Scope, *also: str) -> list[BindingType]:
    """The bindings of a scope, and of some commands beyond it, as questions to the app."""
    entries = (*commands_in(scope), *map(command, also))
    # A command that takes another's key comes after it: the first binding of a key is the one that runs.
    return [_asks(entry) for entry in sorted(entries, key=lambda entry: bool(entry.instead_of))]


def _runs(entry: Command) -> Binding:
    return Binding(key_string(entry), entry.action, entry.title, show=False, id=entry.id)


def _asks(entry: Command) -> Binding:
    return Binding(key_string(entry), f"app.command('{entry.id}')", entry.title, show=False, id=entry.id)


def textual_keymap(keymap: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """A read keymap as ``App.set_keymap`` takes it."""
    return {command_id: ",".join(map(key_name, keys)) for command_id, keys in keymap.items()}
