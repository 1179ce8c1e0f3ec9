"""Which custom_ids a file has so far, and where each stood first."""

from __future__ import annotations

from collections.abc import Sequence

MAX_IDS = 110_000
"""Ids remembered: more than any known service takes in a file. About 15 MB of memory, 8 more once one repeats."""


class SeenIds:
    """Tells the first line of an id; beyond a bound of memory, each id counts as new.

    Until one repeats, which most files never see, it's enough to know that all differ: a set takes them in
    bulk, in a third of the time that a number beside each would cost.

    Args:
        bound: Ids to remember.
    """

    def __init__(self, bound: int = MAX_IDS) -> None:
        self._bound = bound
        self._set: set[str] = set()
        self._runs: list[tuple[int, Sequence[str]]] = []
        self._lines: dict[str, int] | None = None

    @property
    def is_full(self) -> bool:
        """True when later ids aren't compared any more."""
        return len(self._set if self._lines is None else self._lines) >= self._bound

    def take(self, ids: Sequence[str], number: int) -> bool:
        """Remember the ids of lines from ``number`` on; False, with none remembered, when one isn't new."""
        if self.is_full:
            return True
        if self._lines is not None:
            return _take_numbered(self._lines, ids, number)
        size = len(self._set)
        self._set.update(ids)
        if len(self._set) == size + len(ids):
            self._runs.append((number, ids))
            return True
        self._number_all()
        return False

    def first(self, custom_id: str, number: int) -> int:
        """The line where the id stood first: ``number`` itself, which is remembered, when it's new."""
        if self.take((custom_id,), number):
            return number
        return self._number_all()[custom_id]

    def take_all(self, ids: Sequence[str], number: int) -> int:
        """Remember the ids of lines from ``number`` on; gives how many of them weren't new."""
        if self.take(ids, number):
            return 0
        lines = self._number_all()
        size = len(lines)
        for line, custom_id in enumerate(ids, number):
            lines.setdefault(custom_id, line)
        return len(ids) - (len(lines) - size)

    def _number_all(self) -> dict[str, int]:
        """From the first repetition on, every id is kept with its line."""
        if self._lines is None:
            self._set = set()
            self._lines = {one: line for start, ids in self._runs for line, one in enumerate(ids, start)}
            self._runs = []
        return self._lines


def _take_numbered(lines: dict[str, int], ids: Sequence[str], number: int) -> bool:
    numbers = range(number, number + len(ids))
    first = list(map(lines.setdefault, ids, numbers))
    if first == list(numbers):
        return True
    for custom_id, seen, line in zip(ids, first, numbers, strict=True):
        if seen == line:
            del lines[custom_id]
    return False
