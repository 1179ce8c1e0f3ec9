"""What is typed into the docked line, on its way to whoever asked for it."""

from __future__ import annotations

from batch_tui.ui.controllers.filter_prompt import FILTER, FilterPrompt
from batch_tui.ui.desk import CHOICE, ENTRY, Desk
from batch_tui.ui.widgets.command_list import CommandList

PALETTE = "palette"
"""Kind of the prompt over the list of commands."""


class Prompts:
    """Knows who asked for which kind of prompt.

    Args:
        commands: The list of commands.
        filters: The filter of a pane.
        desk: Menus, and lines that actions ask for.
    """

    def __init__(self, commands: CommandList, filters: FilterPrompt, desk: Desk) -> None:
        self._commands = commands
        self._filters = filters
        self._desk = desk

    def typed(self, kind: str, text: str) -> None:
        """Something was typed."""
        typed = {PALETTE: self._commands.narrow, FILTER: self._filters.typed, CHOICE: self._desk.typed}
        typed[ENTRY] = self._desk.entry_typed
        typed[kind](text)

    def accepted(self, kind: str, text: str) -> None:
        """Enter was pressed."""
        if kind == PALETTE:
            self._commands.choose()
        elif kind == ENTRY:
            self._desk.entered(text)
        elif kind == FILTER:
            sentence = self._filters.accepted(text)
            if sentence:
                self._desk.say(sentence)

    def dismissed(self, kind: str) -> None:
        """The prompt was left."""
        if kind == PALETTE:
            self._commands.close()
        elif kind == FILTER:
            self._filters.dismissed()
