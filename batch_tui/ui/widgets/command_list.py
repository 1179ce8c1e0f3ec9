"""The palette and the help: commands by name, narrowed while one types, run with enter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from textwrap import wrap
from types import MappingProxyType

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Key
from textual.message import Message
from textual.strip import Strip

from batch_tui.ui.commands.guidance import why_not
from batch_tui.ui.commands.registry import (
    COMMANDS,
    Command,
    Selection,
    command,
    commands_of_pane,
    key_label,
    scopes_of,
    with_key_names,
    with_keys,
)
from batch_tui.ui.text.cells import Cell, Piece, Tone, cell
from batch_tui.ui.text.glyphs import glyphs
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
        is_read_only: What changes the account can't run, and is no part of the help.
        keymap: The keys a user gave, by command id.
    """

    DEFAULT_CSS = """
    CommandList {
        display: none;
        dock: bottom;
        layer: over;
        width: 100%;
        height: 60%;
        min-height: 8;  /* on the smallest screen too there are rows to choose from */
        margin-bottom: 1;  /* the docked line below shows what is typed */
        background: $surface;
    }
    CommandList.-open { display: block; }
    """

    class Chosen(Message):
        """A command was chosen."""

        def __init__(self, command_id: str) -> None:
            super().__init__()
            self.command_id = command_id

    def __init__(
        self,
        *,
        is_ascii: bool = False,
        is_read_only: bool = False,
        keymap: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    ) -> None:
        super().__init__(id="commands")
        self._is_ascii = is_ascii
        self._is_read_only = is_read_only
        self._keymap = keymap
        self._commands: tuple[Command, ...] = ()
        self._selection = Selection()
        self.heading = Heading()
        self.table = VirtualTable(_COLUMNS, self._row, is_ascii=is_ascii, empty="No command has these words.")
        self.table.can_focus = False
        self.detail = Detail(is_ascii=is_ascii)

    def compose(self) -> ComposeResult:
        """A title over the list, and under it in full what a row has no room for."""
        yield self.heading
        yield self.table
        yield self.detail

    @property
    def is_open(self) -> bool:
        """True while it is shown."""
        return self.has_class("-open")

    def open(self, title: str, selection: Selection, *, is_whole: bool) -> None:
        """Show commands.

        Args:
            title: Stands over them.
            selection: What they are asked about.
            is_whole: Show all; else only what can be done in the pane. What the pane is for comes first.
        """
        self._selection = selection
        scopes = scopes_of(selection)
        shown = COMMANDS if is_whole else commands_of_pane(selection.pane, is_read_only=self._is_read_only)
        found = [entry for entry in shown if is_whole or entry.scopes & scopes]
        found.sort(key=lambda entry: (not entry.scopes & scopes, selection.pane not in entry.scopes))
        self._commands = tuple(with_keys(entry, self._keymap) for entry in found)
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
        self._explain()
        return len(found)

    def press(self, event: Key) -> bool:
        """Arrows, tab and pages move the cursor while the docked line is typed in; False for any other key."""
        moves: dict[str, Callable[[], None]] = {
            "down": self.table.action_cursor_down,
            "tab": self.table.action_cursor_down,
            "up": self.table.action_cursor_up,
            "shift+tab": self.table.action_cursor_up,
            "pagedown": lambda: self.table.action_page(2),
            "pageup": lambda: self.table.action_page(-2),
        }
        if not self.is_open or event.key not in moves:
            return False
        event.stop()
        event.prevent_default()
        moves[event.key]()
        return True

    def choose(self) -> None:
        """Take the command under the cursor; without one, leave."""
        chosen = self.table.cursor_id
        if chosen is None:
            self.close()
        else:
            self.post_message(self.Chosen(chosen))

    @on(VirtualTable.RowOpened)
    def _clicked(self, event: VirtualTable.RowOpened) -> None:
        event.stop()
        self.choose()

    @on(VirtualTable.CursorMoved)
    def _moved(self, event: VirtualTable.CursorMoved) -> None:
        event.stop()
        self._explain()

    def _explain(self) -> None:
        """Say in full what the command under the cursor does, or why it can't."""
        chosen = self.table.cursor_id
        self.detail.say("" if chosen is None else self._sentence(with_keys(command(chosen), self._keymap)))

    def _reason(self, entry: Command) -> str | None:
        return why_not(entry, self._selection, is_read_only=self._is_read_only)

    def _sentence(self, entry: Command) -> str:
        return with_key_names(self._reason(entry) or entry.help, self._keymap)

    def _row(self, row_id: str) -> Sequence[Cell]:
        entry = with_keys(command(row_id), self._keymap)
        tone = Tone.MUTED if self._reason(entry) else Tone.PLAIN
        keys = " ".join(key_label(key, is_ascii=self._is_ascii) for key in entry.keys)
        return (
            cell(keys, Tone.ACCENT),
            cell(entry.title, tone),
            cell(self._sentence(entry), Tone.MUTED),
        )


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


class Detail(LineWidget):
    """The lines under the list: one sentence, folded."""

    _LINES = 2
    DEFAULT_CSS = f"""
    Detail {{ height: {_LINES}; width: 1fr; background: $panel; }}
    """

    def __init__(self, *, is_ascii: bool = False) -> None:
        super().__init__()
        self._sentence = ""
        self._ellipsis = glyphs(is_ascii=is_ascii).ellipsis

    def say(self, sentence: str) -> None:
        """Another sentence."""
        self._sentence = sentence
        self.repaint()

    def draw(self, y: int, width: int) -> Strip:
        """A line of it."""
        lines = wrap(self._sentence, max(1, width - 2), max_lines=self._LINES, placeholder=self._ellipsis)
        return self.compose_line((Piece(f" {lines[y]}" if y < len(lines) else ""),), width)


def _haystack(entry: Command) -> str:
    return f"{entry.id} {entry.title} {entry.help} {' '.join(entry.keys)}".casefold()
