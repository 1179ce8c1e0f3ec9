"""What hides rows of Batches: the filter that was typed, and the two switches. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from batch_tui.ui.panes.conditions import Condition
    from batch_tui.ui.panes.filter_language import Filter


class Narrowing(Struct):
    """Which batches are shown."""

    text: str = ""
    """The filter as it was typed."""
    filter: Filter | None = None
    """What was understood of it; None without a condition."""
    is_active_only: bool = False
    is_problems_only: bool = False

    @property
    def is_on(self) -> bool:
        """True while some rows may be hidden."""
        return self.filter is not None or self.is_active_only or self.is_problems_only

    @property
    def words(self) -> str:
        """What it says in the pane's title; empty when everything is shown."""
        switches = (("active", self.is_active_only), ("problems", self.is_problems_only))
        words = [word for word, is_on in switches if is_on]
        return " ".join([*words, f"/{self.text}"] if self.text else words)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What a row must meet to be shown."""
        from batch_tui.ui.panes.conditions import KindCondition  # noqa: PLC0415 - not at the start
        from batch_tui.ui.panes.row_fields import Kind  # noqa: PLC0415

        switches = ((Kind.ACTIVE, self.is_active_only), (Kind.FAILURES, self.is_problems_only))
        switched = tuple(KindCondition(kind) for kind, is_on in switches if is_on)
        return switched if self.filter is None else (*switched, *self.filter.conditions)

    def clear(self) -> None:
        """Show everything."""
        self.text, self.filter = "", None
        self.is_active_only = self.is_problems_only = False
