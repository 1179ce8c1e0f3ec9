"""A picture of some regions, put together from the widgets that are seen in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from textual._compositor import (  # what puts a screen's pictures together
    ChopsUpdate,  # pyright: ignore[reportPrivateUsage]
    Compositor,
)
from textual.geometry import Region
from textual.widget import Widget

Placed = Mapping[Widget, tuple[Region, Region]]
"""Widgets from the front to the back, each with its region and what of the screen it may be seen in."""


class SparingCompositor(Compositor):
    """Asks for the lines of those widgets alone that a picture shows something of.

    Textual asks each widget of the screen for all its lines whenever one line of one of them is drawn, and
    throws away what isn't drawn: a third of the time between a key and its picture.
    """

    def render_partial_update(self) -> ChopsUpdate | None:
        """What is to be sent of the regions that changed; None when there are none."""
        every, _ = self.visible_widgets, self.cuts  # both are worked out from every widget, and kept
        self._visible_widgets = seen = seen_in(self._dirty_regions, every)
        try:
            return super().render_partial_update()
        finally:
            if self._visible_widgets is seen:
                self._visible_widgets = every


def seen_in(regions: Iterable[Region], placed: Placed) -> dict[Widget, tuple[Region, Region]]:
    """Those widgets of which something is seen in some regions, from the front to the back."""
    seen: set[Widget] = set()
    shown = [(widget, region.intersection(clip)) for widget, (region, clip) in placed.items()]
    for wanted in regions:
        for widget, region in shown:
            if region.overlaps(wanted):
                seen.add(widget)
                if region.contains_region(wanted):
                    break  # nothing is seen of what lies behind it
    return {widget: place for widget, place in placed.items() if widget in seen}
