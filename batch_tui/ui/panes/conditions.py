"""The conditions of a filter of Batches: each leaves of many rows those for which it holds. Pure.

They look at fields, of all rows at once: ten thousand rows cost one loop for each condition, without a call a row.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias

from msgspec import Struct

TIMED = frozenset({"age", "left", "rate"})
"""Fields that say something else as time goes by."""


class Readings(Protocol):
    """The fields of some rows, each known by its place."""

    def texts(self, field: str) -> Sequence[str]:
        """A text of each row, in lower case."""
        ...

    def numbers(self, field: str) -> Sequence[float | None]:
        """A number of each row; None where there is none."""
        ...

    def kinds(self) -> Sequence[int]:
        """What each row is."""
        ...


class TextCondition(Struct, frozen=True):
    """A field holds one of some words."""

    field: str
    words: tuple[str, ...]
    """In lower case; at least one."""
    is_negated: bool = False

    def select(self, places: Iterable[int], readings: Readings, now: float) -> list[int]:
        """Those of these rows for which it holds, in their order."""
        del now
        texts = readings.texts(self.field)
        if len(self.words) == 1:
            (word,) = self.words
            if self.is_negated:
                return [place for place in places if word not in texts[place]]
            return [place for place in places if word in texts[place]]
        words, is_negated = self.words, self.is_negated
        return [place for place in places if any(word in texts[place] for word in words) is not is_negated]

    def narrows(self, before: Condition) -> bool:
        """True when no row can hold for it that didn't for the other."""
        if self == before:
            return True
        if not isinstance(before, TextCondition) or before.field != self.field or before.is_negated:
            return False
        return not self.is_negated and all(any(old in new for old in before.words) for new in self.words)


class NumberCondition(Struct, frozen=True):
    """A field is more or less than a number."""

    field: str
    sign: str
    """One of :data:`SIGNS`."""
    wanted: float
    is_negated: bool = False

    def select(self, places: Iterable[int], readings: Readings, now: float) -> list[int]:
        """Those of these rows for which it holds, in their order; not for a row without the number."""
        numbers, compare, wanted = readings.numbers(self.field), SIGNS[self.sign], self.wanted
        is_negated, measured = self.is_negated, _MEASURES.get(self.field)
        if measured is not None:
            return [
                place
                for place in places
                if ((n := numbers[place]) is not None and compare(measured(n, now), wanted)) is not is_negated
            ]
        return [
            place
            for place in places
            if ((n := numbers[place]) is not None and compare(n, wanted)) is not is_negated
        ]

    def narrows(self, before: Condition) -> bool:
        """True when no row can hold for it that didn't for the other."""
        return self == before and self.field not in TIMED


class KindCondition(Struct, frozen=True):
    """A row is one of some kinds."""

    kinds: int
    """Their sum."""
    is_negated: bool = False

    def select(self, places: Iterable[int], readings: Readings, now: float) -> list[int]:
        """Those of these rows for which it holds, in their order."""
        del now
        kinds, wanted = readings.kinds(), int(self.kinds)  # a flag looks up a name for each result
        if self.is_negated:
            return [place for place in places if not kinds[place] & wanted]
        return [place for place in places if kinds[place] & wanted]

    def narrows(self, before: Condition) -> bool:
        """True when no row can hold for it that didn't for the other."""
        return self == before


Condition: TypeAlias = TextCondition | NumberCondition | KindCondition


def select(
    places: Iterable[int], conditions: Iterable[Condition], readings: Readings, now: float
) -> Iterable[int]:
    """Those of some rows for which all conditions hold, in their order."""
    for condition in conditions:
        places = condition.select(places, readings, now)
    return places


def narrows(after: Sequence[Condition], before: Sequence[Condition]) -> bool:
    """True when no row can meet the conditions after that didn't meet those before, as time stands.

    So it is with each letter that makes a word longer, and with each word behind others.
    """
    return len(after) >= len(before) and all(new.narrows(old) for new, old in zip(after, before, strict=False))


SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}
_MEASURES: Mapping[str, Callable[[float, float], float]] = {
    "age": lambda number, now: max(0.0, now + number),
    "left": lambda number, now: max(0.0, number - now),
}
"""What a user compares with, where that isn't the number itself."""
