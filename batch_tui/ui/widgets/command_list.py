"""The palette and the help: commands by name, narrowed while one types, run with enter."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Key
from textual.message import Message
from textual.strip import Strip

from batch_tui.ui.commands.registry import Command, Selection, command, commands_of_pane, key_label
from batch_tui.ui.text.cells import Cell, Piece, Tone, cell
from batch_tui.ui.widgets.fitting import Column
from batch_tui.ui.widgets.lines import LineWidget
from batch_tui.ui.widgets.table import VirtualTable

_COLUMNS = (
    Column("keys", "key", 10),
    Column("title", "command", 20),
    Column("help", "what it does", 20, is_flexible=True, priority=10),
)


class CommandList(Vertical):
    """Commands over the panes; the docked line holds the words that narrow it.

    Args:
        is_ascii: Whether only ASCII may be drawn.
        is_read_only: Leave out what changes the account.
    """

    DEFAULT_CSS = """
    CommandList { display: none; dock: bottom; layer: over; width: 100%; height: 60%; background: $surface; }
    CommandList.-open { display: block; }
    """

    class Chosen(Message):
        """A command was chosen."""

        def __init__(self, command_id: str) -> None:
            super().__init__()
            self.command_id = command_id

    def __init__(self, *, is_ascii: bool = False, is_read_only: bool = False) -> None:
        super().__init__(id="commands")
        self._is_ascii = is_ascii
        self._is_read_only = is_read_only
        self._commands: tuple[Command, ...] = ()
        self._selection = Selection()
        self.heading = Heading()
        self.table = VirtualTable(_COLUMNS, self._row, is_ascii=is_ascii, empty="No command has these words.")
        self.table.can_focus = False

    def compose(self) -> ComposeResult:
        """A title over the list."""
        yield self.heading
        yield self.table

    @property
    def is_open(self) -> bool:
        """True while it is shown."""
        return self.has_class("-open")

    def open(self, title: str, selection: Selection) -> None:
        """Show the commands that work on a selection."""
        self._selection = selection
        self._commands = tuple(commands_of_pane(selection.pane, is_read_only=self._is_read_only))
        self.heading.say(title)
        self.add_class("-open")
        self.narrow("")

    def close(self) -> None:
        """Take it away."""
        self.remove_class("-open")

    def narrow(self, text: str) -> int:
        """Show only commands with every word; gives how many."""
        words = text.casefold().split()
        found = [entry for entry in self._commands if all(word in _haystack(entry) for word in words)]
        found.sort(key=lambda entry: not entry.title.casefold().startswith(text.casefold()))
        self.table.set_rows([entry.id for entry in found])
        self.table.update_rows()
        self.table.action_first()
        return len(found)

    def press(self, event: Key) -> None:
        """Arrows and tab move the cursor while the docked line is typed in."""
        if self.is_open and event.key in {"down", "up", "tab", "shift+tab"}:
            event.stop()
            event.prevent_default()
            self.step(1 if event.key in {"down", "tab"} else -1)

    def step(self, rows: int) -> None:
        """Move the cursor."""
        if rows > 0:
            self.table.action_cursor_down()
        else:
            self.table.action_cursor_up()

    def choose(self) -> None:
        """Take the command under the cursor."""
        chosen = self.table.cursor_id
        if chosen is not None:
            self.post_message(self.Chosen(chosen))

    @on(VirtualTable.RowOpened)
    def _clicked(self, event: VirtualTable.RowOpened) -> None:
        event.stop()
        self.choose()

    @on(VirtualTable.CursorMoved)
    def _moved(self, event: VirtualTable.CursorMoved) -> None:
        event.stop()

    def _row(self, row_id: str) -> Sequence[Cell]:
        entry = command(row_id)
        reason = entry.unavailable(self._selection)
        tone = Tone.MUTED if reason else Tone.PLAIN
        keys = " ".join(key_label(key, is_ascii=self._is_ascii) for key in entry.keys)
        return (cell(keys, Tone.ACCENT), cell(entry.title, tone), cell(reason or entry.help, Tone.MUTED))


class Heading(LineWidget):
    """The line over the list."""

    DEFAULT_CSS = """
    Heading { height: 1; width: 1fr; background: $panel; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._title = ""

    def say(self, title: str) -> None:
        """Another title."""
        self._title = title
        self.repaint()

    def draw(self, y: int, width: int) -> Strip:
        """The line."""
        del y
        how = Piece("  type to narrow · up down · enter runs · esc closes", Tone.MUTED)
        return self.compose_line((Piece(f" {self._title}", Tone.STRONG), how), width)


def _haystack(entry: Command) -> str:
    return f"{entry.id} {entry.title} {entry.help} {' '.join(entry.keys)}".casefold()
