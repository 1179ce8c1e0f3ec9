"""The fields of all rows, ready to be filtered and ordered by: each read once, and anew for what changed. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Generic, TypeAlias, TypeVar

from batch_tui.domain.batch import Batch
from batch_tui.ui.panes.columns import BatchFacts
from batch_tui.ui.panes.row_fields import KNOWN_NUMBERS, NUMBERS, TEXTS, VOLATILE, WORDS, kinds_of

V = TypeVar("V")
_AHEAD = (WORDS, "status", "model", "name")
"""Texts that are read before anybody asks: most filters do."""


class _Field(Generic[V]):
    """One field of the rows, as far as anybody asked for it."""

    def __init__(self, read: Callable[[Batch], V]) -> None:
        self._read = read
        self._values: list[V] = []
        self._stale: set[int] = set()

    def values(self, rows: Sequence[Batch]) -> list[V]:
        """Of every row."""
        self.advance(rows, len(rows))
        return self._values

    def advance(self, rows: Sequence[Batch], count: int) -> bool:
        """Read what changed and so many rows more; False when nothing was left to read."""
        values, read, stale = self._values, self._read, self._stale
        if not stale and len(values) == len(rows):
            return False
        for place in [*islice(stale, count)]:
            values[place] = read(rows[place])
            stale.discard(place)
        values += map(read, rows[len(values) : len(values) + count])
        return True

    def forget(self, places: Iterable[int]) -> None:
        """Something else may stand there."""
        known = len(self._values)
        self._stale.update(place for place in places if place < known)

    def rearrange(self, rows: Sequence[Batch], before: Sequence[int | None]) -> None:
        """Other rows: where each stood before, None for one that is new or another now."""
        if not self._values:
            return
        old, stale, self._values, self._stale = self._values, self._stale, [], set()
        for row, place in zip(rows, before, strict=True):
            if place is None or place in stale:
                self._values.append(self._read(row))
            elif place < len(old):
                self._values.append(old[place])
            else:
                break  # nobody asked for this one and those behind it yet


_AnyField: TypeAlias = _Field[str] | _Field[float | None] | _Field[int]


class RowReadings:
    """The fields of all rows, each row known by its place.

    Args:
        facts_of: What is known about a batch now.
    """

    def __init__(self, facts_of: Callable[[Batch], BatchFacts]) -> None:
        self.rows: tuple[Batch, ...] = ()
        """The rows."""
        self.version = 0
        """Another one whenever a field of a row may say something else."""
        self._texts = {name: _Field(read) for name, read in TEXTS.items()}
        self._numbers = {name: _Field(read) for name, read in NUMBERS.items()}
        self._known = {name: _Field(_after(facts_of, read)) for name, read in KNOWN_NUMBERS.items()}
        self._kinds = _Field(_after(facts_of, kinds_of))

    def set_rows(self, rows: tuple[Batch, ...]) -> None:
        """These are the rows; what is known of those that are the same is kept."""
        before = self.rows
        if rows is before:
            return
        self.rows, self.version = rows, self.version + 1
        if len(rows) >= len(before):
            changed = [n for n, (old, new) in enumerate(zip(before, rows, strict=False)) if old is not new]
            if all(before[n].id == rows[n].id for n in changed):
                for one in self._fields():
                    one.forget(changed)
                return
        places = {id(batch): n for n, batch in enumerate(before)}
        moves = [places.get(id(batch)) for batch in rows]
        for one in self._fields():
            one.rearrange(rows, moves)

    def forget(self, ids: Iterable[str]) -> None:
        """More or less is known about these, though the service says the same of them."""
        wanted = frozenset(ids)
        if wanted:
            self.version += 1
            changed = [n for n, batch in enumerate(self.rows) if batch.id in wanted]
            for one in self._beyond():
                one.forget(changed)

    def read_ahead(self, columns: Iterable[str], count: int) -> bool:
        """Read some rows of the fields that filters and these columns ask for; False when all are read."""
        numbers, rows = self._numbers | self._known, self.rows
        wanted: list[_AnyField] = [self._kinds, *(self._texts[name] for name in _AHEAD)]
        wanted += [numbers[name] for name in columns if name in numbers and name not in VOLATILE]
        read = [one for one in wanted if one.advance(rows, count)]
        return bool(read)

    def texts(self, field: str) -> Sequence[str]:
        """A text of each row, in lower case."""
        return self._texts[field].values(self.rows)

    def numbers(self, field: str) -> Sequence[float | None]:
        """A number of each row; None where there is none."""
        if field in VOLATILE:
            self._known[field].forget([n for n, batch in enumerate(self.rows) if not batch.is_terminal])
        found = self._numbers.get(field) or self._known[field]
        return found.values(self.rows)

    def kinds(self) -> Sequence[int]:
        """What each row is."""
        return self._kinds.values(self.rows)

    def is_volatile(self, column: str) -> bool:
        """True for a column that orders running batches another way as time goes by."""
        return column in VOLATILE

    def sorted(self, places: Iterable[int], column: str, *, is_reversed: bool) -> list[int]:
        """By a number where the column has one, else by a text; unknown ones first, equal ones as they were."""
        if column in NUMBERS or column in KNOWN_NUMBERS:
            least = float("-inf")
            numbers = [least if number is None else number for number in self.numbers(column)]
            return sorted(places, key=numbers.__getitem__, reverse=is_reversed)
        texts = self.texts(column if column in TEXTS else "id")
        return sorted(places, key=texts.__getitem__, reverse=is_reversed)

    def _fields(self) -> Iterator[_AnyField]:
        yield from self._texts.values()
        yield from self._numbers.values()
        yield from self._beyond()

    def _beyond(self) -> Iterator[_AnyField]:
        """What is known beyond the service's words."""
        yield from self._known.values()
        yield self._kinds


def _after(facts_of: Callable[[Batch], BatchFacts], read: Callable[[BatchFacts], V]) -> Callable[[Batch], V]:
    return lambda batch: read(facts_of(batch))
