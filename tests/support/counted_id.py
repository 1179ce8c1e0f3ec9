"""An id that tells how often anybody looked for it: what a change costs, without a clock."""

from __future__ import annotations


class CountedId(str):
    """Counts the look-ups of all ids."""

    __slots__ = ()
    looks = 0
    """Since the test set it to 0."""

    def __hash__(self) -> int:
        CountedId.looks += 1
        return super().__hash__()
