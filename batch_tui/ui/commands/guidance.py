"""Why a command or a key does nothing here, and where it would, in one sentence with commands for keys. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from batch_tui.ui.commands.keymap import key_name
from batch_tui.ui.commands.registry import COMMANDS, Command, scopes_of
from batch_tui.ui.commands.selection import Scope, Selection

_PLACES: Mapping[Scope, str] = {
    Scope.FILES: "⟦files⟧ Files",
    Scope.BATCHES: "⟦batches⟧ Batches",
    Scope.INSPECT: "⟦inspect⟧ Inspect",
    Scope.RESULTS: "⟦results⟧ Results",
}
_LISTS = "a list (⟦files⟧ Files, ⟦batches⟧ Batches, ⟦results⟧ Results)"
_TEXTS = "a text (⟦inspect⟧ Inspect, or ⟦open⟧ on a row of ⟦results⟧ Results)"


def why_not(entry: Command, selection: Selection, *, is_read_only: bool = False) -> str | None:
    """Why a command can't run on what is selected; None when it can.

    Args:
        entry: The command.
        selection: What the user points at, and in which pane.
        is_read_only: The profile refuses what changes the account.
    """
    if is_read_only and entry.is_paid:
        return f"{entry.title}: this profile is read-only."
    if not entry.scopes & scopes_of(selection):
        return f"{entry.title} works in {_places(entry)}."
    return entry.unavailable(selection)


def why_silent(
    key: str, selection: Selection, keymap: Mapping[str, tuple[str, ...]], *, is_read_only: bool = False
) -> str | None:
    """Why a key does nothing in this pane; None when it does something, or means nothing anywhere.

    Args:
        key: The key in Textual's name: ``x``, ``question_mark``.
        selection: What the user points at, and in which pane.
        keymap: The configured keys, by command id.
        is_read_only: The profile refuses what changes the account.
    """
    meant = [entry for entry in COMMANDS if key in map(key_name, keymap.get(entry.id, entry.keys))]
    scopes = scopes_of(selection)
    if not meant or any(entry.scopes & scopes and not (is_read_only and entry.is_paid) for entry in meant):
        return None
    nearest = next((entry for entry in meant if entry.scopes & scopes), meant[0])
    return why_not(nearest, selection, is_read_only=is_read_only)


def _places(entry: Command) -> str:
    """Where a command works: ``⟦batches⟧ Batches or ⟦inspect⟧ Inspect``."""
    if Scope.TABLE in entry.scopes:
        return _LISTS
    if Scope.VIEWER in entry.scopes:
        return _TEXTS
    names = [name for scope, name in _PLACES.items() if scope in entry.scopes]
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
