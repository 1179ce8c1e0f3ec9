"""Tells keys, strings, numbers and words of JSON text apart, for the lines in sight only. Pure."""

from __future__ import annotations

import re

from batch_tui.ui.text.cells import Cell, Piece, Tone

_TOKEN = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*"(?=\s*:))'
    r'|(?P<string>"(?:[^"\\]|\\.)*"?)'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<word>\b(?:true|false|null)\b)",
)
_TONES = {"key": Tone.ACCENT, "string": Tone.SUCCESS, "number": Tone.WARNING, "word": Tone.STRONG}


def json_pieces(text: str) -> Cell:
    """The text in pieces by what they are; any text at all gives back the same characters."""
    pieces: list[Piece] = []
    end = 0
    for match in _TOKEN.finditer(text):
        if match.start() > end:
            pieces.append(Piece(text[end : match.start()]))
        pieces.append(Piece(match[0], _TONES[match.lastgroup or "word"]))
        end = match.end()
    if end < len(text):
        pieces.append(Piece(text[end:]))
    return tuple(pieces)
