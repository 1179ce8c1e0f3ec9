"""How a table's header and rows become lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from rich.cells import cell_len, set_cell_size
from rich.style import Style
from textual.strip import Strip

from batch_tui.domain.text import printable
from batch_tui.ui.text.cells import Cell, Tone
from batch_tui.ui.text.glyphs import glyphs
from batch_tui.ui.widgets.fitting import Column, Placed, fit_columns
from batch_tui.ui.widgets.lines import LineWriter

MARGIN = 2
"""Cells on the left that hold the mark."""
_BOLD = Style(bold=True)


class RowLook(Struct, frozen=True):
    """The state of a row that its drawing depends on."""

    cursor: str = ""
    """``cursor``, ``cursor-blurred``, or empty when the cursor is elsewhere."""
    is_marked: bool = False
    is_fresh: bool = False
    """It changed with the latest refresh."""


class TablePainter:
    """Draws one table's lines, and knows which columns fit.

    Args:
        columns: All columns, left to right.
        look: Gives the style of a name.
        is_ascii: Whether only ASCII may be drawn.
    """

    def __init__(self, columns: Sequence[Column], look: Callable[[str], Style], *, is_ascii: bool) -> None:
        self._columns = tuple(columns)
        self._look = look
        self._glyphs = glyphs(is_ascii=is_ascii)
        self._is_ascii = is_ascii
        self._skip = 0
        self._sorted: tuple[str, bool] | None = None
        self._titles: Mapping[str, str] = {}
        self._placed: tuple[Placed, ...] | None = None
        self._header: Strip | None = None

    def forget(self) -> None:
        """The width or the theme changed."""
        self._placed = None
        self._header = None

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Other columns."""
        self._columns = tuple(columns)
        self._skip = 0
        self.forget()

    def set_sort(self, column_id: str | None, *, is_descending: bool) -> bool:
        """The column whose title carries the arrow, or None; gives True when that is to be drawn."""
        before, self._sorted = self._sorted, (column_id, is_descending) if column_id else None
        if self._sorted == before:
            return False
        self._header = None
        return True

    def set_titles(self, titles: Mapping[str, str]) -> None:
        """Other titles for these columns, by id; the others keep their own."""
        self._titles = titles
        self._header = None

    def shift(self, step: int) -> None:
        """Move columns out on the left, or back in."""
        movable = sum(not column.is_pinned for column in self._columns)
        self._skip = max(0, min(self._skip + step, movable - 1))
        self.forget()

    def header(self, width: int) -> Strip:
        """The line of titles."""
        if self._header is None:
            self._header = self._draw_header(width)
        return self._header

    def column_at(self, x: int, width: int) -> Column | None:
        """The column a cell of the line belongs to, the gap behind it included; None beside all of them."""
        start = MARGIN
        for placed in self._places(width):
            end = start + placed.width + (0 if placed.column.is_tight else 1)
            if start <= x < end:
                return placed.column
            start = end
        return None

    def row(self, cells: Sequence[Cell], width: int, look: RowLook) -> Strip:
        """The line of one row; the last of fewer cells than columns runs on to the end of the line."""
        writer = LineWriter(width, self._over(look), is_ascii=self._is_ascii)
        plain = self._look(Tone.PLAIN)
        mark = self._glyphs.mark if look.is_marked else ""
        writer.add(mark, self._look(Tone.ACCENT) if look.is_marked else plain, MARGIN)
        last = len(cells) - 1 if len(cells) < len(self._columns) else len(self._columns)
        for placed in self._places(width):
            if placed.index >= last:
                for piece in cells[last]:
                    writer.add(piece.text, self._look(piece.tone))
                break
            self._write(writer, cells[placed.index], placed)
            if not placed.column.is_tight:
                writer.add(" ", plain)
        return writer.strip(plain)

    def _over(self, look: RowLook) -> Style | None:
        over = self._look(look.cursor) if look.cursor else None
        if over is not None and look.cursor == "cursor-blurred":
            over = Style(bgcolor=over.bgcolor, bold=over.bold, underline=over.underline, reverse=over.reverse)
        if look.is_fresh:
            return _BOLD if over is None else over + _BOLD
        return over

    def _write(self, writer: LineWriter, content: Cell, placed: Placed) -> None:
        inner = LineWriter(placed.width, is_ascii=self._is_ascii)
        for piece in content:
            text = piece.text
            if placed.column.is_cut_inside:
                text = cut_inside(printable(text), placed.width, self._glyphs.ellipsis)
            inner.add(text, self._look(piece.tone))
        padding = " " * inner.room
        if placed.column.align == "right":
            writer.add(padding, self._look(Tone.PLAIN))
        for text, style in inner.runs():
            writer.add(text, style)
        if placed.column.align == "left":
            writer.add(padding, self._look(Tone.PLAIN))

    def _draw_header(self, width: int) -> Strip:
        style = self._look("header")
        writer = LineWriter(width, is_ascii=self._is_ascii)
        writer.add("", style, MARGIN)
        for placed in self._places(width):
            column = placed.column
            title, arrow = self._titles.get(column.id, column.title), self._arrow(column.id)
            gap = "" if placed.column.is_tight else " "
            if arrow and gap and len(title) == placed.width < writer.room:
                gap = arrow
            else:
                apart = " " if arrow.isalpha() and len(title) + 1 < placed.width else ""
                title = title[: placed.width - len(arrow)] + apart + arrow
            title = title.rjust(placed.width) if placed.column.align == "right" else title
            writer.add(title, style, placed.width)
            writer.add(gap, style)
        return writer.strip(style)

    def _arrow(self, column_id: str) -> str:
        if self._sorted is None or self._sorted[0] != column_id:
            return ""
        return self._glyphs.down if self._sorted[1] else self._glyphs.up

    def _places(self, width: int) -> tuple[Placed, ...]:
        if self._placed is None:
            self._placed = fit_columns(self._columns, width - MARGIN, skip=self._skip)
        return self._placed


def cut_inside(text: str, width: int, ellipsis: str) -> str:
    """Text of at most ``width`` cells; a longer one keeps its beginning and, a little less of, its end."""
    if cell_len(text) <= width or width < _LEAST_CUT:
        return text
    room = width - len(ellipsis)
    head, tail = set_cell_size(text, room - room // 2), set_cell_size(text[::-1], room // 2)[::-1]
    return f"{head}{ellipsis}{tail}"


_LEAST_CUT = 6
"""Cells below which two ends say less than a beginning."""
