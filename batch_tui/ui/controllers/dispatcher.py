"""One door for every command: judge whether it can run, say why not, or run it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from batch_tui.ui.commands.guidance import why_not, why_silent
from batch_tui.ui.commands.registry import COMMANDS, Command, command, hints_for, with_keys
from batch_tui.ui.commands.selection import Selection
from batch_tui.ui.desk import Desk

Handler = Callable[[Selection], None]


class Dispatcher:
    """Runs commands by id.

    Args:
        desk: Says why something can't be done.
        selection: What the user points at now.
        handlers: What to do, by command id.
        keymap: The keys a user gave, by command id.
        is_read_only: Refuse what changes the account.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        selection: Callable[[], Selection],
        handlers: Mapping[str, Handler],
        keymap: Mapping[str, tuple[str, ...]],
        is_read_only: bool,
    ) -> None:
        self._desk = desk
        self._selection = selection
        self._handlers = handlers
        self._keymap = keymap
        self.is_read_only = is_read_only
        """What changes the account is refused."""

    def knows(self, command_id: str) -> bool:
        """True when the command is run here, not by the widget that has the focus."""
        return command_id in self._handlers

    def has_key(self, command_id: object) -> bool:
        """False for what a read-only profile doesn't even listen to."""
        return not (self.is_read_only and isinstance(command_id, str) and command(command_id).is_paid)

    def run(self, command_id: str) -> None:
        """Run a command on what is selected now."""
        selection = self._selection()
        entry = self._meant(command(command_id), selection)
        reason = self.reason(entry, selection)
        if reason is not None:
            self._desk.say(reason)
            return
        handler = self._handlers.get(entry.id)
        if handler is not None:
            handler(selection)

    def hints(self) -> tuple[Command, ...]:
        """What is worth doing now, under the user's own keys."""
        found = hints_for(self._selection(), is_read_only=self.is_read_only)
        return tuple(with_keys(entry, self._keymap) for entry in found)

    def allows(self, command_id: str) -> bool:
        """True when a command of the focused widget can run now; else it's said why not."""
        reason = self.reason(command(command_id), self._selection())
        if reason is not None:
            self._desk.say(reason)
        return reason is None

    def explain(self, key: str) -> None:
        """A key was pressed: say where it works when it does nothing here."""
        reason = why_silent(key, self._selection(), self._keymap, is_read_only=self.is_read_only)
        if reason is not None:
            self._desk.say(reason)

    def _meant(self, entry: Command, selection: Selection) -> Command:
        """The command itself, or the one that takes its key on this selection."""
        others = (other for other in COMMANDS if other.instead_of == entry.id)
        return next((other for other in others if self.reason(other, selection) is None), entry)

    def reason(self, entry: Command, selection: Selection) -> str | None:
        """Why a command can't run now, or None."""
        return why_not(entry, selection, is_read_only=self.is_read_only)
