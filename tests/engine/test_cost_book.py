from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from batch_tui.domain.batch import Batch, RequestCounts, Timestamps, Usage
from batch_tui.domain.money import Bill, BillLine, Cost, Price
from batch_tui.domain.operation import SubmitOperation
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.money.cost_book import CostBook, DaySpent
from batch_tui.engine.money.prices import PriceList
from tests.support.batches import NOON

MILLION = 1_000_000
PRICES = PriceList({"m": Price(Decimal(1), Decimal(10))})
DAY = 86_400


def batch(batch_id: str = "b", *, created: int = NOON, tokens: int = MILLION, model: str = "m") -> Batch:
    return Batch(
        batch_id,
        BatchStatus.IN_PROGRESS,
        counts=RequestCounts(10, 5, 0),
        times=Timestamps(created=created),
        usage=Usage(input_tokens=tokens),
        model=model,
    )


async def warm() -> CostBook:
    book = CostBook(PRICES)
    await book.warm()
    return book


def cost(dollars: int) -> Cost:
    return Cost(Decimal(dollars), Decimal(2 * dollars))


async def test_before_the_prices_are_loaded_nothing_is_said() -> None:
    book = CostBook(PRICES)
    assert book.cost(batch()) is None
    assert book.projected(batch()) is None
    await book.warm()
    assert book.cost(batch()) == cost(1)
    assert book.projected(batch()) == cost(2)


async def test_the_cost_moves_with_the_batch() -> None:
    book = await warm()
    assert book.cost(batch()) == cost(1)
    assert book.cost(batch(tokens=3 * MILLION)) == cost(3)
    assert book.projected(replace(batch(), status=BatchStatus.COMPLETED)) is None


async def test_the_answers_own_bill_goes_before_the_sum_of_the_service() -> None:
    book = await warm()
    book.note_bill("b", Bill((BillLine("m", "", 1, Usage(), cost(7)),)))
    assert book.cost(batch()) == cost(7)
    book.note_bill("b", Bill((BillLine("who", "", 1, Usage(), None),)))
    book.note_bill("b", Bill())
    assert book.cost(batch()) == cost(7)


async def test_today_counts_the_batches_made_since_midnight_and_owns_up_to_the_unknown() -> None:
    book = await warm()
    batches = [batch("b", created=NOON + 5), batch("a"), batch("x", model="who"), batch("old", created=NOON - DAY)]
    assert book.spent_today(batches, NOON + 60) == DaySpent(cost(2), 1)
    account = iter([*batches, batch("older", created=NOON - 2 * DAY)])
    assert book.spent_today(account, NOON + 60) is not None
    assert next(account).id == "older", "nothing before yesterday's newest is looked at"
    assert book.spent_today([batch("x", model="who")], NOON) is None
    assert book.spent_today([batch("old", created=NOON - DAY)], NOON) is None
    assert book.spent_today([], NOON) is None


async def test_a_running_batch_that_tells_nothing_is_priced_by_its_counts_when_its_submit_is_known() -> None:
    book = await warm()
    mute = replace(batch(), usage=None, model=None, counts=RequestCounts(10, 5, 0))
    earlier = replace(batch("e"), usage=Usage(output_tokens=5), counts=RequestCounts(5, 5, 0))
    submit = SubmitOperation("i", "/in.jsonl", "", "/v1/responses", NOON, model="m", tokens=2 * MILLION)
    about = book.about(mute, submit, [earlier])
    assert about is not None
    assert about.batch == Decimal(1) + 5 * Decimal(10) / MILLION
    assert book.about(mute, None, [earlier]) is None
    assert book.about(mute, replace(submit, model=None), [earlier]) is None
    assert CostBook(PRICES).about(mute, submit, [earlier]) is None
