"""Which columns of a table fit a width, and how wide each is. Pure."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct


class Column(Struct, frozen=True):
    """One column of a table."""

    id: str
    title: str
    width: int
    """Cells it wants; the least it takes when it is flexible."""
    align: Literal["left", "right"] = "left"
    priority: int = 0
    """What is dropped first when the table is narrow: the highest number. 0 is never dropped."""
    is_flexible: bool = False
    """Takes the cells nobody else wants."""
    is_pinned: bool = False
    """Stays when the others are moved to the left."""
    instead_of: str | None = None
    """Shown only when the column of that id was dropped: its narrow form."""
    is_tight: bool = False
    """No gap behind it."""
    most: int | None = None
    """Cells it has no more of, when it is flexible and another one takes the rest."""
    is_cut_inside: bool = False
    """What is too long loses its middle: names and ids differ at their ends."""


class Placed(Struct, frozen=True):
    """A column in its place."""

    index: int
    """Position among the table's columns, and so among a row's cells."""
    column: Column
    width: int


def fit_columns(columns: Sequence[Column], width: int, *, gap: int = 1, skip: int = 0) -> tuple[Placed, ...]:
    """Choose and size columns for a width.

    Args:
        columns: All columns, left to right.
        width: Cells of the table.
        gap: Cells between two columns.
        skip: Columns that are not pinned, moved out on the left.
    """
    movable = [i for i, column in enumerate(columns) if not column.is_pinned]
    gone = set(movable[: max(0, skip)])
    wanted = [i for i in range(len(columns)) if i not in gone]
    dropped: set[str] = set()
    while True:
        chosen = [i for i in wanted if _is_chosen(columns[i], dropped)]
        if _needed(columns, chosen, gap) <= width:
            break
        victim = max(chosen, key=lambda i: (columns[i].priority, i), default=None)
        if victim is None or columns[victim].priority == 0:
            break
        dropped.add(columns[victim].id)
    return _place(columns, chosen, width, gap)


def _is_chosen(column: Column, dropped: set[str]) -> bool:
    if column.id in dropped:
        return False
    return column.instead_of is None or column.instead_of in dropped


def _needed(columns: Sequence[Column], chosen: Sequence[int], gap: int) -> int:
    return sum(columns[i].width + (0 if columns[i].is_tight else gap) for i in chosen) - (gap if chosen else 0)


def _place(columns: Sequence[Column], chosen: Sequence[int], width: int, gap: int) -> tuple[Placed, ...]:
    extra: dict[int, int] = dict.fromkeys(chosen, 0)
    spare = max(0, width - _needed(columns, chosen, gap))
    open_ones: list[int] = [i for i in chosen if columns[i].is_flexible]
    while spare and open_ones:
        share = max(1, spare // len(open_ones))
        for i in open_ones:
            given = min(share, spare, _room(columns[i], extra[i]))
            extra[i] += given
            spare -= given
        open_ones = [i for i in open_ones if _room(columns[i], extra[i])]
    rest = next((i for i in chosen if columns[i].is_flexible), None)
    if rest is not None:
        extra[rest] += spare  # all have what they want: the line is filled nevertheless
    return tuple(Placed(i, columns[i], columns[i].width + extra[i]) for i in chosen)


def _room(column: Column, extra: int) -> int:
    """Cells a flexible column may still take."""
    return sys.maxsize if column.most is None else max(0, column.most - column.width - extra)
