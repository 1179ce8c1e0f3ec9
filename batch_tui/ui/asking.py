"""Bindings that hand a command to the app: one door, where its availability is judged and its reason said."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from batch_tui.ui.commands import Command, Scope, command, commands_in
from batch_tui.ui.keymap import key_string


def asking(scope: Scope, *also: str) -> list[BindingType]:
    """The bindings of a scope, and of some commands beyond it, as questions to the app."""
    entries = (*commands_in(scope), *map(command, also))
    # A command that takes another's key comes after it: the first binding of a key is the one that runs.
    return [_asks(entry) for entry in sorted(entries, key=lambda entry: bool(entry.instead_of))]


def _asks(entry: Command) -> Binding:
    return Binding(key_string(entry), f"app.command('{entry.id}')", entry.title, show=False, id=entry.id)
