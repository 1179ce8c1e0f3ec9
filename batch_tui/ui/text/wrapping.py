"""Facts folded to a width: what doesn't fit goes on in the next line, under its first word. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.cells import cell_len, chop_cells

from batch_tui.domain.text import printable
from batch_tui.ui.text.cells import Cell, Piece, Tone

_WORDS = re.compile(r"\s+|\S+")
_DEEPEST = 12
"""Cells of a label that lines are indented by; what goes on behind a longer one is indented by two."""
_SHALLOW = 2
_LEAST_ROOM = 16
"""Cells for words beside an indent; narrower, there is none."""


def wrapped(content: Cell, width: int) -> list[Cell]:
    """One line of facts as lines that fit.

    Args:
        content: The line; its first piece is its label when another follows.
        width: Cells there are; below 1 nothing is folded.
    """
    pieces = [Piece(printable(piece.text), piece.tone) for piece in content]
    if width < 1 or sum(cell_len(piece.text) for piece in pieces) <= width:
        return [tuple(pieces)]
    indent = _indent(pieces, width)
    lines: list[list[Piece]] = [[]]
    used = 0
    for word in _words(pieces, width - indent):
        size = cell_len(word.text)
        if used + size > width and used > indent:
            lines.append([Piece(" " * indent, Tone.PLAIN)])
            used = indent
        if used == indent and len(lines) > 1 and word.text.isspace():
            continue
        lines[-1].append(word)
        used += size
    return [tuple(line) for line in lines]


def shortened(content: Cell, width: int, ellipsis: str) -> Cell:
    """A line cut behind the last word that fits, with a sign that there was more.

    It stays as it is where all of it fits, and where a word is so long that little would be left.
    """
    if sum(cell_len(printable(piece.text)) for piece in content) <= width:
        return content
    kept = wrapped(content, max(1, width - cell_len(ellipsis)))[0]
    is_one_word = sum(cell_len(piece.text) for piece in kept) < width // 2
    return content if is_one_word else (*kept, Piece(ellipsis))


def _indent(pieces: list[Piece], width: int) -> int:
    label = cell_len(pieces[0].text) if len(pieces) > 1 else 0
    indent = label if 0 < label <= _DEEPEST else _SHALLOW
    return indent if width - indent >= _LEAST_ROOM else 0


def _words(pieces: list[Piece], room: int) -> Iterator[Piece]:
    """Words and the blanks between them; words that fit no line come in parts."""
    for piece in pieces:
        for word in _WORDS.findall(piece.text):
            parts = chop_cells(word, room) if cell_len(word) > room else [word]
            yield from (Piece(part, piece.tone) for part in parts)
