"""The rows of Batches as the pane lists them, without a screen."""

from __future__ import annotations

from batch_tui.ui.panes.batch_rows import BatchRows
from batch_tui.ui.panes.columns import COLUMNS, BatchFacts
from batch_tui.ui.panes.filter_language import parse_filter
from batch_tui.ui.panes.lineup import Lineup
from batch_tui.ui.panes.narrowing import Narrowing
from batch_tui.ui.panes.ordering import Order
from tests.support.batches import NOON

USUAL = Order()
NOBODY: frozenset[str] = frozenset()


def lineup_of(rows: BatchRows) -> Lineup:
    """A line-up of these rows that knows of batches what they tell themselves."""
    return Lineup(rows, BatchFacts, [column.id for column in COLUMNS if column.title])


def filtered(text: str) -> Narrowing:
    """What a filter hides; an empty one hides nothing."""
    return Narrowing(text, parse_filter(text) or None)


def listed(
    rows: BatchRows,
    lineup: Lineup | None = None,
    *,
    text: str = "",
    order: Order = USUAL,
    first: frozenset[str] = NOBODY,
) -> list[str]:
    """The ids of the rows, top to bottom.

    Args:
        rows: The batches and groups.
        lineup: What filtered them before; None: nothing did.
        text: The filter.
        order: How they are sorted.
        first: Batches that stand on top.
    """
    shown = (lineup or lineup_of(rows)).shown(order, filtered(text), first, float(NOON))
    assert rows.batches_of(shown.ids) == tuple(shown.batches)
    return [*shown.ids]
