"""Money as the screen writes it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from batch_tui.domain.batch import Batch
from batch_tui.domain.formatting import money
from batch_tui.domain.money import Cost, Estimate
from batch_tui.engine.money.cost_book import CostBook, DaySpent
from batch_tui.ui.text.cells import Piece, Tone


def day_text(spent: DaySpent | None) -> str:
    """What a day has cost; with a ``+`` when some of it isn't known, empty when none is."""
    if spent is None:
        return ""
    return money(spent.cost.batch) + ("+" if spent.unknown else "")


def batch_text(batch: Batch, book: CostBook) -> str:
    """What a batch has cost, will have cost, and would have cost one by one; empty when nobody knows."""
    cost = book.cost(batch)
    if cost is None:
        return ""
    text = f"{money(cost.batch)} {'' if batch.is_terminal else 'so far '}"
    at_end = book.projected(batch)
    if at_end is not None and at_end.batch != cost.batch:
        text += f"  ~{money(at_end.batch)} at the end"
        cost = at_end
    if cost.synchronous:
        text += f"  ({money(cost.synchronous)} without a batch)"
    return text.strip()


def unspent_text(batches: Iterable[Batch], book: CostBook) -> str:
    """What running batches would still cost if they went on: ``~$25 not spent``; empty when nobody knows."""
    left = Decimal(0)
    for batch in batches:
        cost, at_end = book.cost(batch), book.projected(batch)
        if cost is not None and at_end is not None:
            left += at_end.batch - cost.batch
    return f"~{money(left)} not spent" if left > 0 else ""


def estimate_text(estimate: Estimate | None) -> str:
    """What requests will cost: a range, and what is likely."""
    found = None if estimate is None else estimate.range
    if found is None:
        return "cost n/a"
    low, likely = _about(found.low), "" if found.likely is None else f", likely {money(found.likely.batch)}"
    if found.high is None:
        return f"{low} + output{likely}"
    if found.high == found.low:
        return low
    return f"{low} to {money(found.high.batch)}{likely}"


def estimate_short(estimate: Estimate | None) -> str:
    """The same in one amount: what is likely, else the most, else the least and a ``+``."""
    found = None if estimate is None else estimate.range
    if found is None:
        return "cost n/a"
    if found.likely is not None:
        return _about(found.likely)
    return f"{_about(found.low)}+" if found.high is None else f"up to {money(found.high.batch)}"


def _about(cost: Cost) -> str:
    text = money(cost.batch)
    return text if text.startswith("<") else f"~{text}"


def estimate_pieces(estimate: Estimate | None) -> tuple[Piece, ...]:
    """The estimate behind a question."""
    text = estimate_text(estimate)
    return (Piece(f"  {text}", Tone.MUTED if text.endswith("n/a") else Tone.WARNING),)
