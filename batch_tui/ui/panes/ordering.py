"""How the rows of Batches are sorted. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from batch_tui.ui.text.glyphs import GlyphSet
from batch_tui.ui.widgets.fitting import Column

_BY_AGE = "age"


class Order(Struct, frozen=True):
    """How the rows are sorted."""

    column: str = _BY_AGE
    is_descending: bool = True
    """For ``age``: the newest first."""

    @classmethod
    def parse(cls, text: str) -> Order:
        """The order of a stored session: ``-age``, ``name``; the default for an empty text."""
        return cls(text.removeprefix("-"), text.startswith("-")) if text else cls()

    def __str__(self) -> str:
        return ("-" if self.is_descending else "") + self.column

    def told(self, chosen: GlyphSet) -> str:
        """How it reads: ``age↓``; in ASCII, where the arrow is a letter, ``age v``."""
        arrow = chosen.down if self.is_descending else chosen.up
        return f"{self.column} {arrow}" if arrow.isalpha() else self.column + arrow

    def reversed(self) -> Order:
        """The other way round."""
        return Order(self.column, not self.is_descending)

    def next_of(self, columns: Sequence[Column]) -> Order:
        """By the column after this one; one that only stands in for another is left out."""
        ids = [column.id for column in columns if column.title and not column.instead_of]
        place = ids.index(self.column) if self.column in ids else -1
        return Order(ids[(place + 1) % len(ids)], is_descending=True)

    def by(self, column: Column) -> Order:
        """By a column, or the other way round when it is by that one; as it is for one without a title."""
        column_id = column.instead_of or column.id
        if column_id == self.column:
            return self.reversed()
        return Order(column_id, is_descending=True) if column.title else self

    @property
    def is_usual(self) -> bool:
        """The newest first, as the batches come."""
        return self.column == _BY_AGE and self.is_descending

    @property
    def is_falling(self) -> bool:
        """True when the largest value comes first. Ages grow the other way round than the newest-first tells."""
        return self.is_descending != (self.column == _BY_AGE)
