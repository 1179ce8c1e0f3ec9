"""What Results lists: the requests of one batch, or those of two held against each other. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from batch_tui.domain.errors import InputFileError
from batch_tui.ui.text.cells import Cell
from batch_tui.ui.text.lines import LineSource
from batch_tui.ui.widgets.fitting import Column

if TYPE_CHECKING:
    from batch_tui.jsonl.results.joined import JoinedResults

ID_COLUMN = Column("custom_id", "custom_id", 18, is_flexible=True, is_pinned=True, is_cut_inside=True)
"""Requests by their custom_id."""
OUTCOME_COLUMNS = (
    Column("outcome", "outcome", 9),
    Column("status", "status", 6, priority=80),
    Column("finish", "finish", 6, priority=90, is_flexible=True, most=14),
    Column("in", "in", 5, align="right", priority=60),
    Column("out", "out", 5, align="right", priority=60),
    Column("cost", "cost", 8, align="right", priority=50),
    Column("words", "answer", 18, is_flexible=True),
)
"""How one batch's requests came out; beside the custom_id."""
LOOKED_AT = 2_000
"""Rows whose ids tell how wide their column is."""


class Listing(Protocol):
    """The rows of Results, each known by its place: 0-based, in the order of the input."""

    @property
    def columns(self) -> Sequence[Column]:
        """What is told of each row, left to right."""
        ...

    @property
    def none_matches(self) -> str:
        """What stands there when no row is left."""
        ...

    def select(self, condition: str, *, is_problems_only: bool) -> Sequence[int]:
        """The rows that meet a condition; raises ``ConditionError`` for one that can't be understood."""
        ...

    def cells(self, place: int) -> tuple[Cell, ...]:
        """A row, one cell for each column."""
        ...

    def custom_id(self, place: int) -> str:
        """The row's custom_id."""
        ...

    def answer(self, place: int) -> str:
        """What came back for the row, as it came; empty for nothing."""
        ...

    def texts(self, place: int) -> Sequence[LineSource]:
        """The row looked into: texts that stand side by side."""
        ...

    def requests(self, places: Sequence[int], *, is_narrowed: bool) -> frozenset[int] | None:
        """Which requests of the batch's input these rows mean; None for all of it, or when nobody can say."""
        ...

    def note(self, hidden: str) -> str:
        """What stands behind the pane's title.

        Args:
            hidden: What hides rows; empty when nothing does.
        """
        ...


def id_column(ids: Sequence[str]) -> Column:
    """The column of ids: as wide as the longest one where there is room, never wider."""
    longest = max(map(len, ids), default=0)
    least = max(len(ID_COLUMN.title), min(longest, ID_COLUMN.width))
    return replace(ID_COLUMN, width=least, most=max(least, longest))


def answer_text(joined: JoinedResults, row: int) -> str:
    """A row's answer as it came; empty for none, and when its file can't be read."""
    try:
        return _decoded(joined.result_line(row)) or ""
    except InputFileError:
        return ""


def result_text(joined: JoinedResults, row: int) -> str | None:
    """A row's answer as it came, to be looked at: None without one; what is wrong when its file can't be read."""
    try:
        return _decoded(joined.result_line(row))
    except InputFileError as error:
        return str(error)


def request_text(joined: JoinedResults, row: int) -> str | None:
    """A row's request as it stands in the input; None when that isn't here."""
    try:
        return _decoded(joined.request_line(row))
    except InputFileError:
        return None


def _decoded(line: bytes | None) -> str | None:
    return None if line is None else line.decode(errors="replace")
