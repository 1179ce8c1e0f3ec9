"""Text for a viewer, line by line, of any length. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from msgspec import Struct

from batch_tui.domain.text import printable_body
from batch_tui.ui.text.cells import Tone


class TextLine(Struct, frozen=True):
    """One line."""

    text: str
    tone: Tone = Tone.PLAIN
    """How the whole line looks."""
    is_json: bool = False
    """Its strings, numbers and keys are told apart."""


class LineSource(Protocol):
    """Where a viewer gets its lines from. ``line`` must answer in milliseconds: it is called while drawing."""

    @property
    def count(self) -> int:
        """How many lines there are."""
        ...

    def line(self, number: int) -> TextLine:
        """One line, from 0; its text may be anything, the viewer clips it before it looks at it."""
        ...


class Lines:
    """Lines held in memory.

    Args:
        lines: The lines.
    """

    def __init__(self, lines: Iterable[TextLine] = ()) -> None:
        self._lines: Sequence[TextLine] = tuple(lines)

    @classmethod
    def of(cls, text: str, *, is_json: bool = False) -> Lines:
        """The lines of a text from outside."""
        return cls(TextLine(line, is_json=is_json) for line in printable_body(text).split("\n"))

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self._lines)

    def line(self, number: int) -> TextLine:
        """One line, from 0."""
        return self._lines[number]
