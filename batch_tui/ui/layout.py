"""Which panes stand on the screen for a width, a choice and a zoom. Pure; where: see ``cockpit.tcss``."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

FILES, BATCHES, INSPECT, RESULTS = "files", "batches", "inspect", "results"
PANES = (FILES, BATCHES, INSPECT, RESULTS)
"""All panes, by number."""
BREAKPOINTS = [(0, "-narrow"), (100, "-medium"), (160, "-wide")]
"""Widths from which a layout holds, with its class."""
SMALLEST = (40, 10)
"""Columns and lines below which nothing useful fits."""
_MEDIUM, _WIDE = 100, 160
_FILES_WIDTH, _FILES_STEP, _MOST_STEPS = 34, 6, 3


class Arrangement(Struct, frozen=True):
    """What the user chose."""

    lower: str = INSPECT
    """The pane under Batches, where there is room for one only."""
    zoom: str | None = None
    """The pane that has the screen for itself."""

    def visible(self, width: int) -> tuple[str, ...]:
        """The panes on a screen of that width, in the order of ``tab``."""
        if self.zoom is not None:
            return (self.zoom,)
        if width >= _WIDE:
            return (FILES, BATCHES, RESULTS, INSPECT)
        if width >= _MEDIUM:
            return (FILES, BATCHES, self._lower_of_two)
        return (BATCHES, self.lower)

    def classes(self, width: int) -> frozenset[str]:
        """The screen's classes for it."""
        lower = self._lower_of_two if width >= _MEDIUM else self.lower
        names = {f"-lower-{lower}"}
        if self.zoom is not None:
            names |= {"-zoom", f"-zoom-{self.zoom}"}
        return frozenset(names)

    def showing(self, pane: str, width: int) -> Arrangement:
        """The arrangement in which a pane is on the screen."""
        if self.zoom is not None:
            return replace(self, zoom=pane, lower=self.lower if pane == BATCHES else pane)
        if pane in self.visible(width) or pane == BATCHES:
            return self
        return replace(self, lower=pane)

    def zoomed(self, pane: str | None) -> Arrangement:
        """With a pane alone on the screen, or (None) with all again."""
        return replace(self, zoom=pane)

    def neighbour(self, pane: str, step: int, width: int) -> str:
        """The pane that many further, round the ends; zoomed, through all panes."""
        ring = PANES if self.zoom is not None else self.visible(width)
        return ring[(ring.index(pane) + step) % len(ring)] if pane in ring else ring[0]

    @property
    def _lower_of_two(self) -> str:
        return self.lower if self.lower in {INSPECT, RESULTS} else INSPECT


class Shares(Struct, frozen=True):
    """How much larger than usual the user made panes, in steps."""

    files: int = 0
    """Steps that Files is wider."""
    batches: int = 0
    """Steps that Batches is higher than the pane under it."""
    inspect: int = 0
    """Steps that Inspect is wider, where it stands beside Batches."""

    @classmethod
    def of(cls, steps: Sequence[int]) -> Shares:
        """Shares of a stored session, whatever stands there."""
        files, batches, inspect = (*map(_within, steps[:3]), *(0,) * (3 - len(steps[:3])))
        return cls(files, batches, inspect)

    @property
    def steps(self) -> tuple[int, ...]:
        """As a session keeps them."""
        return (self.files, self.batches, self.inspect)

    def grown(self, pane: str, step: int, width: int) -> Shares:
        """With a pane one step larger, or (-1) smaller."""
        if pane == FILES:
            return replace(self, files=_within(self.files + step))
        if pane == INSPECT and width >= _WIDE:
            return replace(self, inspect=_within(self.inspect + step))
        return replace(self, batches=_within(self.batches + (step if pane == BATCHES else -step)))

    def columns(self, width: int) -> str:
        """The widths of the columns, in the style sheet's words."""
        if width < _MEDIUM:
            return "1fr"
        files = _FILES_WIDTH + _FILES_STEP * self.files
        return f"{files} {30 - 4 * self.inspect}fr {20 + 4 * self.inspect}fr" if width >= _WIDE else f"{files} 1fr"

    def rows(self, width: int) -> str:
        """The heights of Batches and of what stands under it."""
        upper = 12 if width >= _WIDE else 10
        return f"{upper + 2 * self.batches}fr {20 - upper - 2 * self.batches}fr"


def _within(steps: int) -> int:
    return max(-_MOST_STEPS, min(steps, _MOST_STEPS))


ALL_CLASSES = frozenset({"-zoom", *(f"-zoom-{pane}" for pane in PANES), *(f"-lower-{pane}" for pane in PANES)})
"""Every class an arrangement may set."""


def is_too_small(width: int, height: int) -> bool:
    """True for a terminal in which one line says that it is too small."""
    return width < SMALLEST[0] or height < SMALLEST[1]
