"""What a command is: its id, its keys, where they are heard, and when it can't run. Pure."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from batch_tui.ui.commands import availability as can
from batch_tui.ui.commands.availability import Unavailable
from batch_tui.ui.commands.selection import Scope


class Group(StrEnum):
    """The chapters of the help."""

    MOVE = "move"
    FIND = "find"
    MARK = "mark"
    ACT = "act"
    VIEW = "view"


class Command(Struct, frozen=True):
    """Something a user can ask for."""

    id: str
    """Stable name: the keymap, the palette and the events know it by this."""
    keys: tuple[str, ...]
    """Keys in Textual's names (``ctrl+d``, ``space``) or as one character (``/``)."""
    title: str
    """Two or three words, for hints and the palette."""
    help: str
    """One sentence."""
    group: Group
    scopes: frozenset[Scope]
    """Where its keys are listened to."""
    action: str
    """Textual action it runs, without a namespace: ``page(1)``."""
    unavailable: Unavailable = can.always
    """Why it can't run on a selection, or None."""
    is_paid: bool = False
    """It changes the account (costs, stops or deletes something): not registered with ``--read-only``."""
    hint: int = 0
    """Place in the line of hints, lowest first; 0 is not shown there."""
    hint_title: str = ""
    """One word for the line of hints; empty: the title."""
    instead_of: str = ""
    """Id of the command whose key it takes where it can run; empty: it has its keys for itself."""
