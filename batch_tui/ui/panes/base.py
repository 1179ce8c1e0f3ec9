"""What all panes share: a title that is also the rule above it, and a place in the arrangement."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.strip import Strip
from textual.widget import Widget

from batch_tui.domain.text import printable
from batch_tui.ui.commands.registry import Naming, usual_keys
from batch_tui.ui.text.cells import Piece, Tone
from batch_tui.ui.text.glyphs import glyphs
from batch_tui.ui.widgets.lines import LineWidget


class TitleBar(LineWidget):
    """A pane's title: ``━2 Batches  all · sort age↓━━━``, light while the focus is elsewhere."""

    DEFAULT_CSS = """
    TitleBar { height: 1; width: 1fr; }
    """

    def __init__(self, head: str, *, is_ascii: bool = False) -> None:
        super().__init__()
        self._head = head
        self._note = ""
        self._is_active = False
        self._glyphs = glyphs(is_ascii=is_ascii)

    @property
    def note(self) -> str:
        """What stands behind the title."""
        return self._note

    def set_note(self, note: str) -> None:
        """Show another note behind the title."""
        self._note = note
        self.repaint()

    def set_active(self, *, is_active: bool) -> None:
        """Whether the pane has the focus."""
        self._is_active = is_active
        self.repaint()

    def draw(self, y: int, width: int) -> Strip:
        """The rule with the title on it."""
        del y
        rule = self._glyphs.heavy_rule if self._is_active else self._glyphs.rule
        tone = Tone.ACCENT if self._is_active else Tone.MUTED
        note = f"  {self._note} " if self._note else " "
        pieces = (
            Piece(rule, tone),
            Piece(self._head, Tone.STRONG if self._is_active else Tone.PLAIN),
            Piece(note, Tone.PLAIN if self._is_active else Tone.MUTED),
        )
        used = 1 + cell_len(printable(self._head)) + cell_len(printable(note))
        return self.compose_line((*pieces, Piece(rule * max(0, width - used), tone)), width)


class Pane(Vertical):
    """A part of the screen with its key in its title. Values come down by methods, messages go up.

    It knows no sibling.

    Args:
        is_ascii: Whether only ASCII may be drawn.
        name_keys: Names the user's keys.
    """

    TITLE: ClassVar[str]
    KEY: ClassVar[str]
    """Its name among ids, sessions and commands."""

    def __init__(self, *, is_ascii: bool = False, name_keys: Naming = usual_keys) -> None:
        super().__init__(id=self.KEY, classes="pane")
        self.is_ascii = is_ascii
        self.name_keys = name_keys
        """Puts the user's keys into a sentence."""
        self.title_bar = TitleBar(name_keys(f"⟦{self.KEY}⟧ {self.TITLE}"), is_ascii=is_ascii)

    def compose(self) -> ComposeResult:
        """The title, then what the pane shows."""
        yield self.title_bar
        yield from self.compose_body()

    def compose_body(self) -> ComposeResult:
        """What stands under the title."""
        raise NotImplementedError

    @property
    def focus_target(self) -> Widget:
        """The widget that takes the focus when the pane is chosen."""
        raise NotImplementedError

    def take_focus(self) -> None:
        """Give the pane the focus."""
        self.focus_target.focus(scroll_visible=False)

    def on_click(self) -> None:
        """A click on its title or its tabs chooses the pane too."""
        if not self.has_focus_within:
            self.take_focus()

    def on_descendant_focus(self) -> None:
        """The focus came into the pane."""
        self.title_bar.set_active(is_active=True)

    def on_descendant_blur(self) -> None:
        """The focus left the pane, or went on inside it: of a widget that is hidden, that is told late."""
        self.title_bar.set_active(is_active=self.has_focus_within)
