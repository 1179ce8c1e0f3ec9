"""What hides rows of Batches: the filter that was typed, and the two switches. Pure."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from batch_tui.domain.batch import Batch
from batch_tui.ui.panes.columns import BatchFacts

Keeps = Callable[[BatchFacts], bool]
"""Whether a filter keeps a batch."""


class Narrowing(Struct):
    """Which batches are shown.

    Args:
        facts_of: What is known about a batch now.
    """

    facts_of: Callable[[Batch], BatchFacts]
    text: str = ""
    """The filter as it was typed."""
    filter: Callable[[], Keeps] | None = None
    """Gives what the filter keeps now."""
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

    def judge(self) -> Callable[[Batch], bool] | None:
        """Tells of many batches whether they are shown now; None when all are."""
        if not self.is_on:
            return None
        keeps, facts_of = None if self.filter is None else self.filter(), self.facts_of
        is_active_only, is_problems_only = self.is_active_only, self.is_problems_only

        if keeps is not None and not is_active_only and not is_problems_only:
            return lambda batch: keeps(facts_of(batch))

        def is_shown(batch: Batch) -> bool:
            if is_active_only and batch.is_terminal:
                return False
            if is_problems_only and not batch.has_failures:
                return False
            return keeps is None or keeps(facts_of(batch))

        return is_shown

    def clear(self) -> None:
        """Show everything."""
        self.text, self.filter = "", None
        self.is_active_only = self.is_problems_only = False
