"""What running batches will cost: by what they used, else by what was submitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from batch_tui.domain.batch import Batch, RequestCounts, Usage
from batch_tui.domain.guard import Expected
from batch_tui.domain.money import Price
from batch_tui.domain.operation import SubmitOperation
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.money.forecast import Forecast
from batch_tui.engine.money.prices import PriceList
from tests.support.batches import NOON, a_batch

MILLION = 1_000_000
PRICES = PriceList({"m": Price(Decimal(1), Decimal(10)), "e": Price(Decimal(2))})
EARLIER = replace(
    a_batch("earlier", BatchStatus.COMPLETED),
    counts=RequestCounts(1000, 1000, 0),
    usage=Usage(input_tokens=9, output_tokens=MILLION),
    model="m-2026-01-31",
)


def a_submit(*, model: str = "m", endpoint: str = "/v1/responses", tokens: int = 2 * MILLION) -> SubmitOperation:
    return SubmitOperation(
        "i" * 32, "in.jsonl", "", endpoint, NOON, requests=1000, model=model, tokens=tokens, batch_id="b"
    )


def silent(*, total: int = 1000, completed: int = 0, endpoint: str = "") -> Batch:
    """A running batch of which the service tells no usage."""
    batch = a_batch("b", total=total, completed=completed)
    return replace(batch, usage=None, model=None, endpoint=endpoint)


def forecast(*batches: Batch, submits: Sequence[SubmitOperation] = ()) -> Forecast:
    return Forecast(PRICES, lambda: batches, lambda: submits)


def test_what_the_service_reports_goes_before_an_estimate() -> None:
    batch = replace(silent(completed=500), usage=Usage(input_tokens=MILLION), model="m")
    assert forecast(EARLIER, submits=[a_submit()]).of(batch) == Expected(Decimal(2))


@pytest.mark.parametrize("total", [0, 1000], ids=["validating", "running"])
def test_without_usage_the_submit_and_earlier_answers_tell(total: int) -> None:
    looked = forecast(EARLIER, submits=[a_submit()])
    assert looked.of(silent(total=total)) == Expected(Decimal(12), "about")
    assert str(looked.of(silent(total=total))) == "about $12.00"


def test_usage_that_the_service_will_tell_later_is_no_cost_of_nothing() -> None:
    batch = replace(silent(), usage=Usage(), model="m")
    assert forecast(EARLIER, submits=[a_submit()]).of(batch) == Expected(Decimal(12), "about")


def test_without_an_earlier_answer_the_input_is_the_least() -> None:
    assert forecast(submits=[a_submit()]).of(silent()) == Expected(Decimal(2), "more than")


def test_answers_without_text_cost_their_input() -> None:
    submit = a_submit(model="e", endpoint="/v1/embeddings")
    assert forecast(submits=[submit]).of(silent()) == Expected(Decimal(4), "about")


def test_nobody_can_tell_of_a_batch_from_elsewhere_or_of_a_model_without_a_price() -> None:
    assert forecast(EARLIER).of(silent()) is None
    assert forecast(EARLIER, submits=[a_submit(model="nobody-knows-it")]).of(silent()) is None


def test_the_account_is_read_once_for_many_batches() -> None:
    asked: list[str] = []

    def batches() -> Sequence[Batch]:
        asked.append("batches")
        return (EARLIER,)

    def submits() -> Sequence[SubmitOperation]:
        asked.append("submits")
        return [a_submit(), replace(a_submit(), batch_id="other")]

    looked = Forecast(PRICES, batches, submits)
    assert asked == []
    assert looked.of(silent()) == looked.of(replace(silent(), id="other"))
    assert sorted(asked) == ["batches", "submits"]
