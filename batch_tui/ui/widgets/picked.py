"""Some of many values, in an order of their own, without a copy of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias, TypeVar, overload

V = TypeVar("V")
_Slice: TypeAlias = "slice[int | None, int | None, int | None]"


class Picked(Sequence[V]):
    """A view of values: ten thousand rows in another order are looked at where they are in sight, and only there.

    Args:
        values: Of which some are picked.
        places: Which, in which order; each once.
    """

    def __init__(self, values: tuple[V, ...], places: Sequence[int]) -> None:
        self._values = values
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[V]:
        return map(self._values.__getitem__, self._places)

    @overload
    def __getitem__(self, place: int) -> V: ...

    @overload
    def __getitem__(self, place: _Slice) -> tuple[V, ...]: ...

    def __getitem__(self, place: int | _Slice) -> V | tuple[V, ...]:
        if isinstance(place, slice):
            return tuple(map(self._values.__getitem__, self._places[place]))
        return self._values[self._places[place]]

    def __contains__(self, value: object) -> bool:
        return any(value == one for one in self)

    def index(self, value: V, start: int = 0, stop: int | None = None) -> int:
        """Where a value stands, which is only once among them.

        Raises:
            ValueError: It isn't picked.
        """
        del start, stop
        return self._places.index(self._values.index(value))
