"""What stands in a table's cell or on a line: text with a meaning, not yet a colour."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Tone(StrEnum):
    """What a piece of text means; the theme gives it a colour, NO_COLOR gives it bold or dim."""

    PLAIN = "plain"
    MUTED = "muted"
    """Less important: units, what is left of a bar, old values."""
    STRONG = "strong"
    """Titles and what the eye should find first."""
    ACCENT = "accent"
    """Running, selected, a search hit's neighbourhood."""
    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"
    HEADER = "header"
    """Titles of columns, tabs that aren't open."""
    KEY = "key"
    """A key in hints and questions."""
    HIT = "hit"
    """What a search found."""
    CURSOR = "cursor"
    """The current row, letter or tab."""
    CURSOR_BLURRED = "cursor-blurred"
    """The current row of a list that hasn't the focus."""


class Piece(Struct, frozen=True):
    """Some text with one meaning."""

    text: str
    tone: Tone = Tone.PLAIN


Cell = tuple[Piece, ...]
"""The content of one cell, or of one line of a pane."""


def cell(text: str, tone: Tone = Tone.PLAIN) -> Cell:
    """A cell of one piece."""
    return (Piece(text, tone),)


def cell_text(content: Cell) -> str:
    """The bare text of a cell: for sorting, copying and tests."""
    return "".join(piece.text for piece in content)


EMPTY_CELL: Cell = ()
