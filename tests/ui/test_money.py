from __future__ import annotations

from decimal import Decimal

import pytest

from batch_tui.domain.batch import Batch, RequestCounts, Usage
from batch_tui.domain.money import Cost, Demand, Estimate, Price, Range
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.money.cost_book import CostBook, DaySpent
from batch_tui.engine.money.prices import PriceList
from batch_tui.ui.text.money import batch_text, day_text, estimate_short, estimate_text


def cost(dollars: str) -> Cost:
    return Cost(Decimal(dollars), 2 * Decimal(dollars))


@pytest.mark.parametrize(
    ("spent", "text"),
    [(None, ""), (DaySpent(cost("1.5"), 0), "$1.50"), (DaySpent(cost("0"), 2), "$0.00+")],
)
def test_a_day_owns_up_to_what_nobody_knows(spent: DaySpent | None, text: str) -> None:
    assert day_text(spent) == text


async def test_a_batch_tells_its_cost_its_end_and_what_it_saved() -> None:
    book = CostBook(PriceList({"m": Price(Decimal(1))}))
    batch = Batch("b", BatchStatus.IN_PROGRESS, counts=RequestCounts(4, 1, 0), usage=Usage(10**6), model="m")
    assert batch_text(batch, book) == ""
    await book.warm()
    assert batch_text(batch, book) == "$1.00 so far   ~$4.00 at the end  ($8.00 without a batch)"
    ended = Batch("e", BatchStatus.COMPLETED, counts=RequestCounts(4, 4, 0), usage=Usage(10**6), model="m")
    assert batch_text(ended, book) == "$1.00   ($2.00 without a batch)"


@pytest.mark.parametrize(
    ("found", "text", "short"),
    [
        (None, "cost n/a", "cost n/a"),
        (Range(cost("1"), cost("3")), "~$1.00 to $3.00", "up to $3.00"),
        (Range(cost("1"), cost("3"), cost("2")), "~$1.00 to $3.00, likely $2.00", "~$2.00"),
        (Range(cost("1"), cost("1"), cost("1")), "~$1.00", "~$1.00"),
        (Range(cost("0.00001"), None), "<$0.0001 + output", "<$0.0001+"),
        (Range(cost("1"), None, cost("2")), "~$1.00 + output, likely $2.00", "~$2.00"),
    ],
)
def test_an_estimate_is_a_range_and_on_a_narrow_line_one_amount(
    found: Range | None, text: str, short: str
) -> None:
    estimate = Estimate((Demand("m", 1, 1, 1, 0),), found)
    assert (estimate_text(estimate), estimate_short(estimate)) == (text, short)


def test_no_estimate_is_no_cost() -> None:
    assert estimate_text(None) == "cost n/a"
