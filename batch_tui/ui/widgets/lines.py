"""A widget drawn line by line that sends only the lines which look different from before.

Every change of state ends in :meth:`LineWidget.repaint`: it draws the visible lines (from a cache, where a
widget keeps one), compares them with what is on the terminal, and marks only the cells up to the last
difference. So a still screen costs nothing, whoever asks for a refresh and however often.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import ClassVar, Self

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from batch_tui.domain.text import printable
from batch_tui.ui.text.cells import Piece, Tone
from batch_tui.ui.widgets.looks import NO_COLOR, OWN_COLORS, look_in

_IN_ASCII = str.maketrans({"·": "-", "…": ".", "→": ">", "←": "<", "×": "x", "–": "-", "—": "-", "≈": "~"})
"""Our own signs in sentences, one letter for each; what users wrote stays as it is."""
_NOTHING = Style()
_PLACE = 4
"""Characters looked at for each cell of room: combining marks may need several for one."""


class LineWidget(Widget):
    """Base of the line-drawn widgets. Children give :meth:`draw`, and call :meth:`repaint` after changes.

    It fills its whole region itself: give it no padding and no border.
    """

    ALLOW_SELECT: ClassVar[bool] = False
    DEFAULT_CSS = """
    LineWidget {
        color: $foreground;
        background: $background;
    }
    """

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(name=name, id=id, classes=classes)
        self._painted: dict[int, Strip] = {}
        self._looks: dict[str, Style] = {}
        self._drawn_size = (0, 0)
        self._is_plain: bool | None = None

    def draw(self, y: int, width: int) -> Strip:
        """One line as it should look now: exactly ``width`` cells.

        Args:
            y: Line within the widget, 0 at the top.
            width: Cells to fill, at least 1.
        """
        raise NotImplementedError

    def drop_caches(self) -> None:
        """Forget drawn lines: the theme or the width changed. Children extend it."""

    def sized(self, width: int, height: int) -> None:
        """The size is another from now on; called before the first line of it is drawn."""

    def repaint(self) -> None:
        """Send what looks different from what is on the terminal; costs nothing when nothing does."""
        width, height = self.size
        if not self.is_mounted or not width or not height:
            return
        self._notice_size()
        dirty: list[Region] = []
        for y in range(height):
            before = self._painted.get(y)
            after = self.draw(y, width)
            if before is after:
                continue
            end = _difference_end(before, after) if before is not None else width
            if end:
                dirty.append(Region(0, y, min(width, end), 1))
                self._painted[y] = after
        if dirty:
            super().refresh(*dirty)

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Self:
        """As Textual's, but a refresh of the whole widget (focus, styles) sends only what differs."""
        if regions or layout or recompose or not repaint or not self.is_mounted:
            super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        else:
            self.repaint()
        return self

    def render_line(self, y: int) -> Strip:
        """The line as it is now; remembered as what the terminal shows."""
        self._notice_size()
        width = self.size.width
        strip = self.draw(y, width) if width else Strip.blank(0)
        self._painted[y] = strip
        return strip

    def notify_style_update(self) -> None:
        """The theme or a rule changed: every look is resolved anew."""
        self._looks.clear()
        self._is_plain = None
        self.drop_caches()
        super().notify_style_update()

    def on_resize(self) -> None:
        """A new size: lines that are not asked for again by Textual itself are compared."""
        self.repaint()

    def _notice_size(self) -> None:
        width, height = self.size
        if self._drawn_size != (width, height):
            self._drawn_size = (width, height)
            self.drop_caches()
            self.sized(width, height)

    def look(self, name: str) -> Style:
        """The style behind a :class:`Tone`."""
        found = self._looks.get(name)
        if found is None:
            found = self._looks[name] = self._resolve(name)
        return found

    def _resolve(self, name: str) -> Style:
        app: App[object] = self.app  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if app.no_color:
            return NO_COLOR.get(name, _NOTHING)
        if app.native_ansi_color:
            return OWN_COLORS.get(name, _NOTHING)
        return look_in(app.theme_variables, name, self.background_colors[1])

    def _writer(self, width: int, over: Style | None = None) -> LineWriter:
        if self._is_plain is None:
            self._is_plain = self.screen.has_class("-ascii")
        return LineWriter(width, over, is_ascii=self._is_plain)

    def compose_line(
        self,
        pieces: Iterable[Piece],
        width: int,
        *,
        fill: str = Tone.PLAIN,
        over: Style | None = None,
    ) -> Strip:
        """A line of pieces, clipped and padded to ``width``; each text passes :func:`printable` first.

        Args:
            pieces: What to write, left to right.
            width: Cells to fill.
            fill: Look of the cells behind the last piece.
            over: Laid over every look, as the cursor's background is.
        """
        writer = self._writer(width, over)
        for piece in pieces:
            if writer.room <= 0:
                break
            writer.add(piece.text, self.look(piece.tone))
        return writer.strip(self.look(fill))

    def compose_ends(self, left: Iterable[Piece], right: Iterable[Piece], width: int) -> Strip:
        """A line with a right part that stays whole and a left part that is clipped where it must be."""
        tail = self._writer(width)
        for piece in right:
            tail.add(piece.text, self.look(piece.tone))
        head = self._writer(tail.room)
        for piece in left:
            head.add(piece.text, self.look(piece.tone))
        line = self._writer(width)
        for text, style in (*head.runs(), (" " * head.room, self.look(Tone.PLAIN)), *tail.runs()):
            line.add(text, style)
        return line.strip(self.look(Tone.PLAIN))


class OneLine(LineWidget):
    """A widget of one line, drawn anew only when its content changed."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._line: Strip | None = None

    def content(self, width: int) -> Strip:
        """The line as it should look now: exactly ``width`` cells."""
        raise NotImplementedError

    def changed(self) -> None:
        """What it says changed: draw it, and send it if it looks different."""
        self._line = None
        self.repaint()

    def drop_caches(self) -> None:
        """Forget the drawn line."""
        self._line = None

    def draw(self, y: int, width: int) -> Strip:
        """The line."""
        del y
        if self._line is None:
            self._line = self.content(width)
        return self._line


class LineWriter:
    """Collects text into runs of one style each, never wider than the line.

    Args:
        width: Cells of the line.
        over: Laid over every style, or None.
        is_ascii: Whether our own signs are written as letters that every terminal has.
    """

    def __init__(self, width: int, over: Style | None = None, *, is_ascii: bool = False) -> None:
        self.room = width
        self._is_ascii = is_ascii
        self._width = width
        self._over = over
        self._texts: list[list[str]] = []
        self._styles: list[Style] = []

    def add(self, text: str, style: Style, width: int | None = None) -> None:
        """Write text, clipped to the room, or clipped and padded to ``width`` cells."""
        room = self.room if width is None else min(width, self.room)
        if room <= 0:
            return
        text = printable(text, room * _PLACE + 1)
        if self._is_ascii and not text.isascii():
            text = text.translate(_IN_ASCII)
        if not text.isascii() or len(text) > room or width is not None:
            text, used = self._fit(text, room, is_padded=width is not None)
        else:
            used = len(text)
        if text:
            self._append(text, style if self._over is None else style + self._over)
            self.room -= used

    def runs(self) -> list[tuple[str, Style]]:
        """What was written so far, one entry for each style."""
        return [("".join(texts), style) for texts, style in zip(self._texts, self._styles, strict=True)]

    def strip(self, fill: Style) -> Strip:
        """The finished line, padded with ``fill``."""
        if self.room > 0:
            self._append(" " * self.room, fill if self._over is None else fill + self._over)
        return Strip([Segment(text, style) for text, style in self.runs()], self._width)

    def _append(self, text: str, style: Style) -> None:
        """Extend the last run where nobody sees a difference: each run costs 24 bytes on a 256-colour terminal."""
        if self._styles and (
            self._styles[-1] == style or (_is_blank(text) and _same_ground(self._styles[-1], style))
        ):
            self._texts[-1].append(text)
        elif (
            len(self._styles) == 1 and _is_blank("".join(self._texts[0])) and _same_ground(self._styles[0], style)
        ):
            self._styles[0] = style
            self._texts[0].append(text)
        else:
            self._styles.append(style)
            self._texts.append([text])

    def _fit(self, text: str, room: int, *, is_padded: bool) -> tuple[str, int]:
        """Text cut to ``room`` cells (padded to it when asked), and the cells it takes."""
        used = len(text) if text.isascii() else cell_len(text)
        if used > room:
            return set_cell_size(text, room - 1) + ("." if self._is_ascii else "…"), room
        return (text + " " * (room - used), room) if is_padded else (text, used)


def _is_blank(text: str) -> bool:
    return not text.strip(" ")


def _same_ground(left: Style, right: Style) -> bool:
    """True when blanks look the same in both: no letter shows the colour of the text."""
    if left.underline or right.underline or left.reverse or right.reverse:
        return False
    return left.bgcolor == right.bgcolor


def _difference_end(before: Strip, after: Strip) -> int:
    """Cells from the left up to the last that differs; 0 when the lines look the same.

    What Textual sends of a line starts at its left edge in any case, so only the right end can be spared.
    """
    if before == after:
        return 0
    end = after.cell_length
    if before.cell_length != end:
        return end
    return end - _common_suffix(tuple(before), tuple(after))


def _common_suffix(before: Sequence[Segment], after: Sequence[Segment]) -> int:
    cells = 0
    for old, new in zip_longest(reversed(before), reversed(after)):
        if old is None or new is None:
            return cells
        if old == new:
            cells += new.cell_length
            continue
        if old.style == new.style and old.text.isascii() and new.text.isascii():
            cells += _common_tail(old.text, new.text)
        return cells
    return cells


def _common_tail(old: str, new: str) -> int:
    count = 0
    for left, right in zip(reversed(old), reversed(new), strict=False):
        if left != right:
            break
        count += 1
    return count
