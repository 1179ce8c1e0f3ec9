"""JSON of which every object and every list folds to one line and opens again. Pure, total.

A list of many plain values, a vector above all, begins folded: nobody reads its thousand lines. Only what is in
sight is written out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import Enum, auto

from msgspec import Struct

from batch_tui.domain.text import clip, printable_body
from batch_tui.ui.text.json_reading import as_list, as_object
from batch_tui.ui.text.lines import TextLine

_FEW = 8
"""Plain values of a list that stand one below the other from the start."""
_LEVELS = 40
"""Levels that are opened at once; what is nested deeper begins folded."""
_MOST_LINES = 10_000
"""Lines that are laid out at once."""
_MOST_CHARACTERS = 100_000
"""Characters of a folded value that are written out."""
_INDENT = "  "


class _Part(Enum):
    """What of a value a line shows."""

    WHOLE = auto()
    BEGIN = auto()
    END = auto()


class _Entry(Struct):
    """One line."""

    part: _Part
    value: object
    depth: int
    head: str = ""
    """The key before the value."""
    tail: str = ""
    """The comma behind it."""
    line: TextLine | None = None
    """As it was written out."""


class FoldedJson:
    """Lines of a JSON value for a viewer.

    Args:
        value: Any JSON value.
    """

    def __init__(self, value: object) -> None:
        self._entries = list(_Layout().lines(_Entry(_Part.WHOLE, value, 0)))

    @property
    def count(self) -> int:
        """How many lines there are now."""
        return len(self._entries)

    def line(self, number: int) -> TextLine:
        """One line, from 0."""
        entry = self._entries[number]
        if entry.line is None:
            entry.line = TextLine(printable_body(_written(entry)).replace("\n", " "), is_json=True)
        return entry.line

    def toggle(self, number: int) -> int | None:
        """Fold the object or list that begins or ends on a line, or open the one that is folded there.

        Returns:
            The line on which it stands or begins now; None when there is nothing to fold.
        """
        entries, entry = self._entries, self._entries[number]
        if entry.part is _Part.WHOLE:
            opened = list(_Layout().lines(entry, is_asked=True))
            entries[number : number + 1] = opened
            return number if len(opened) > 1 else None
        first, last = (
            (number, self._other_end(number, 1))
            if entry.part is _Part.BEGIN
            else (self._other_end(number, -1), number)
        )
        head, tail = entries[first].head, entries[last].tail
        entries[first : last + 1] = [_Entry(_Part.WHOLE, entry.value, entry.depth, head, tail)]
        return first

    def _other_end(self, number: int, step: int) -> int:
        """The line on which a value ends that begins here, or (-1) the other way round."""
        depth, place = self._entries[number].depth, number + step
        while self._entries[place].depth != depth:
            place += step
        return place


class _Layout:
    """Lays a value out on as many lines as it begins with; when there are many, the rest begins folded."""

    def __init__(self) -> None:
        self._left = _MOST_LINES

    def lines(self, entry: _Entry, levels: int = _LEVELS, *, is_asked: bool = False) -> Iterator[_Entry]:
        """The value of an entry, opened in any case when that is asked for."""
        value = entry.value
        self._left -= 1
        children = [(f"{_text(key)}: ", child) for key, child in as_object(value).items()]
        children = children or [("", child) for child in as_list(value)]
        begins_open = is_asked or (levels > 0 and self._left > 0 and _begins_open(value))
        if not children or not begins_open:
            yield entry
            return
        yield _Entry(_Part.BEGIN, value, entry.depth, entry.head)
        for place, (head, child) in enumerate(children, 1):
            tail = "," if place < len(children) else ""
            yield from self.lines(_Entry(_Part.WHOLE, child, entry.depth + 1, head, tail), levels - 1)
        yield _Entry(_Part.END, value, entry.depth, tail=entry.tail)


def _begins_open(value: object) -> bool:
    entries = as_list(value)
    return len(entries) <= _FEW or any(isinstance(entry, dict | list) for entry in entries)


def _written(entry: _Entry) -> str:
    """The line of an entry."""
    signs = "{}" if as_object(entry.value) else "[]"
    text = _text(entry.value) if entry.part is _Part.WHOLE else signs[entry.part is _Part.END]
    return f"{_INDENT * entry.depth}{entry.head}{text}{entry.tail}"


def _text(value: object) -> str:
    """A value on one line, or its beginning."""
    try:
        return clip(json.dumps(value, ensure_ascii=False), _MOST_CHARACTERS)
    except (TypeError, ValueError, RecursionError):
        return "…"
