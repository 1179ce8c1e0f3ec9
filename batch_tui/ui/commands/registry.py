"""Every command of the screen, once: bindings, hints, palette, help and the README's key table read this.

Pure: nothing of Textual is imported, so the README's generator and the tests of the keymap stay light.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from msgspec.structs import replace

from batch_tui.ui.commands.kinds import Command, Group
from batch_tui.ui.commands.selection import Scope, Selection
from batch_tui.ui.commands.table import COMMANDS

__all__ = [
    "COMMANDS",
    "Command",
    "Group",
    "Naming",
    "Scope",
    "Selection",
    "command",
    "commands_in",
    "commands_of_pane",
    "hints_for",
    "key_label",
    "markdown_key_table",
    "scopes_of",
    "scopes_of_pane",
    "usual_keys",
    "with_key_names",
    "with_keys",
]


_BY_ID: Mapping[str, Command] = {entry.id: entry for entry in COMMANDS}
_CONTENTS: Mapping[Scope, frozenset[Scope]] = {
    Scope.FILES: frozenset({Scope.TABLE}),
    Scope.BATCHES: frozenset({Scope.TABLE}),
    Scope.RESULTS: frozenset({Scope.TABLE, Scope.VIEWER}),
    Scope.INSPECT: frozenset({Scope.VIEWER}),
}
_LABELS = {
    "space": "spc",
    "escape": "esc",
    "delete": "del",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "down": "↓",
    "up": "↑",
    "left": "←",
    "right": "→",
    "f5": "F5",
    "f1": "F1",
}
_NAMED = re.compile(r"⟦(\w+)⟧")
_SPOKEN = {"escape": "esc"}
"""Keys that a sentence calls by another name than the configuration."""

Naming = Callable[[str], str]
"""Puts the keys of its commands into a sentence, as the user has them."""


def command(command_id: str) -> Command:
    """The command of an id; ``KeyError`` for an unknown one."""
    return _BY_ID[command_id]


def with_keys(entry: Command, keymap: Mapping[str, tuple[str, ...]]) -> Command:
    """A command under the keys a user gave it."""
    return replace(entry, keys=keymap[entry.id]) if entry.id in keymap else entry


def with_key_names(sentence: str, keymap: Mapping[str, tuple[str, ...]]) -> str:
    """A sentence with the key the user gave it, or the usual one, in place of each command: ``⟦cancel⟧``."""

    def key_of(found: re.Match[str]) -> str:
        entry = _BY_ID.get(found[1])
        if entry is None:
            return found[0]
        key = with_keys(entry, keymap).keys[0]
        return _SPOKEN.get(key, key)

    return _NAMED.sub(key_of, sentence)


def usual_keys(sentence: str) -> str:
    """A sentence with the keys nobody has changed."""
    return with_key_names(sentence, {})


def commands_in(scope: Scope, *, is_read_only: bool = False) -> Iterator[Command]:
    """The commands whose keys are listened to in exactly this scope."""
    for entry in COMMANDS:
        if scope in entry.scopes and not (is_read_only and entry.is_paid):
            yield entry


def scopes_of_pane(pane: Scope) -> frozenset[Scope]:
    """Every scope that hears a key pressed in a pane: its own, those of what it holds, the app's."""
    return frozenset({pane, Scope.APP}) | _CONTENTS.get(pane, frozenset())


def scopes_of(selection: Selection) -> frozenset[Scope]:
    """Every scope that hears a key now: Results shows a list, or the text of one request."""
    absent = Scope.TABLE if selection.is_in_text else Scope.VIEWER
    scopes = scopes_of_pane(selection.pane)
    return scopes - {absent} if selection.pane is Scope.RESULTS else scopes


def commands_of_pane(pane: Scope, *, is_read_only: bool = False) -> Iterator[Command]:
    """Everything that works in a pane: its own commands, those of its list or text, and the app's."""
    scopes = scopes_of_pane(pane)
    for entry in COMMANDS:
        if entry.scopes & scopes and not (is_read_only and entry.is_paid):
            yield entry


def hints_for(selection: Selection, *, is_read_only: bool = False) -> tuple[Command, ...]:
    """The commands worth a hint on this selection, most useful first; those that can't run are left out."""
    useful = (
        entry
        for entry in commands_of_pane(selection.pane, is_read_only=is_read_only)
        if entry.hint and entry.scopes & scopes_of(selection) and entry.unavailable(selection) is None
    )
    return tuple(sorted(useful, key=lambda entry: entry.hint))


def key_label(key: str, *, enter: str = "⏎", is_ascii: bool = False) -> str:
    """A key as hints and help write it: ``⏎``, ``spc``, ``^d``."""
    if key == "enter":
        return "Enter" if is_ascii else enter
    if key.startswith("ctrl+"):
        return "^" + key.removeprefix("ctrl+")
    label = _LABELS.get(key, key)
    return label if label.isascii() or not is_ascii else key


def markdown_key_table() -> str:
    """The README's table of keys."""
    rows = ["| key | command | what it does |", "|---|---|---|"]
    for entry in COMMANDS:
        keys = " ".join(f"`{key}`" for key in entry.keys)
        rows.append(f"| {keys} | {entry.title} | {entry.help} |")
    return "\n".join(rows) + "\n"
