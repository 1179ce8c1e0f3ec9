from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain.batch import Batch, RequestCounts, Usage
from batch_tui.domain.money import Cost, Demand, Price
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.money.costs import (
    about_so_far,
    bill_of,
    cost_so_far,
    estimate_of,
    projected,
    row_costs,
    typical_output,
)
from batch_tui.engine.money.prices import PriceList
from batch_tui.jsonl.results.join import join_results
from batch_tui.jsonl.results.summary import UsageGroup
from tests.support.result_files import failure_line, result_line, write_lines

MILLION = 1_000_000
PRICES = PriceList({"m": Price(Decimal(1), Decimal(10)), "e": Price(Decimal(2))})
tokens = st.integers(0, 10**9)


def running(usage: Usage | None, *, done: int = 25, total: int = 100, model: str | None = "m") -> Batch:
    counts = RequestCounts(total, done, 0)
    return Batch("b", BatchStatus.IN_PROGRESS, counts=counts, usage=usage, model=model)


def demand(model: str = "m", *, at_most: int = 500, unbounded: int = 0, has_output: bool = True) -> Demand:
    return Demand(model, 10, MILLION, at_most, unbounded, has_output=has_output)


def test_a_known_file_costs_what_is_reckoned_by_hand() -> None:
    # 3,000 requests on gpt-4o-mini: 1.2 M input tokens of which 0.2 M cached, 0.6 M output tokens.
    # Batch prices per million: $0.075 in, cached or not (the batch list has no cached rate for it), $0.30 out:
    # 1.2 x 0.075 + 0.6 x 0.30 = 0.09 + 0.18 = 0.27
    # One by one: $0.15 in, $0.075 cached, $0.60 out: 1.0 x 0.15 + 0.2 x 0.075 + 0.6 x 0.60 = 0.525
    usage = Usage(input_tokens=1_200_000, cached_tokens=200_000, output_tokens=600_000, reasoning_tokens=90_000)
    bill = bill_of([UsageGroup("gpt-4o-mini-2024-07-18", "default", 3_000, usage)], PriceList())
    assert bill.total == Cost(Decimal("0.27"), Decimal("0.525"))


def test_a_bill_prices_each_model_and_tier_by_itself() -> None:
    groups = [
        UsageGroup("m", "", 2, Usage(input_tokens=MILLION, output_tokens=MILLION)),
        UsageGroup("e", "", 1, Usage(input_tokens=MILLION)),
    ]
    bill = bill_of(groups, PRICES)
    assert [line.cost for line in bill.lines] == [
        Cost(Decimal(11), Decimal(22)),
        Cost(Decimal(2), Decimal(4)),
    ]
    assert bill.total == Cost(Decimal(13), Decimal(26))


def test_a_bill_of_long_and_short_requests_is_the_sum_of_its_rows(tmp_path: Path) -> None:
    told = [(10, 0, 5), (271_999, 5_000, 9), (272_001, 0, 1_000), (900_000, 900_000, 0), (0, 0, 0)]
    lines = [_answer(str(number), *tokens) for number, tokens in enumerate(told)]
    path = write_lines(
        tmp_path / "out.jsonl", [*lines, failure_line("refused"), _answer("who", 5, 0, 5, model="w")]
    )
    prices = PriceList()
    with join_results([[path]]) as joined:
        costs = row_costs(joined, range(len(joined)), prices)
        assert costs[-2:] == [None, None]
        known = [cost for cost in costs[:-2] if cost is not None]
        assert len(known) == len(told)
        bill = bill_of(joined.usage_groups, prices)
    assert bill.unpriced == ("w",)
    assert bill.lines[0].requests == len(told)
    assert bill.lines[0].cost == sum(known, Cost(Decimal(0), Decimal(0)))
    # By hand, in a batch: $1.25 in, $0.13 cached (the list rounds it up), $7.50 out a million;
    # beyond 272,000 tokens $2.50, $0.25 and $11.25.
    assert [cost.batch * MILLION for cost in known] == [
        10 * Decimal("1.25") + 5 * Decimal("7.5"),
        266_999 * Decimal("1.25") + 5_000 * Decimal("0.13") + 9 * Decimal("7.5"),
        272_001 * Decimal("2.5") + 1_000 * Decimal("11.25"),
        900_000 * Decimal("0.25"),
        0,
    ]


def _answer(custom_id: str, read: int, cached: int, written: int, *, model: str = "gpt-5.4") -> bytes:
    details = {"cached_tokens": cached}
    usage = {"prompt_tokens": read, "completion_tokens": written, "prompt_tokens_details": details}
    return result_line(custom_id, 200, {"model": model, "choices": [], "usage": usage})


def test_the_sum_over_a_batch_of_short_requests_is_not_taken_for_one_long_request() -> None:
    usage = Usage(input_tokens=MILLION, output_tokens=MILLION)
    batch = running(usage, done=25, model="gpt-5.4-2026-03-05")
    assert cost_so_far(batch, PriceList()) == Cost(Decimal("8.75"), Decimal("17.5"))
    found = estimate_of([Demand("gpt-5.4", 10, MILLION, MILLION, 0)], PriceList()).range
    assert found is not None
    assert found.high == Cost(Decimal("8.75"), Decimal("17.5"))


def test_a_bill_with_an_unknown_model_has_no_total() -> None:
    groups = [UsageGroup("m", "", 1, Usage(input_tokens=9)), UsageGroup("who", "", 1, Usage(input_tokens=9))]
    bill = bill_of(groups, PRICES)
    assert bill.total is None
    assert bill.unpriced == ("who",)


def test_an_empty_bill_is_nothing() -> None:
    assert bill_of([], PRICES).total == Cost(Decimal(0), Decimal(0))


def test_a_running_batch_has_cost_what_its_usage_says_and_will_cost_its_share() -> None:
    batch = running(Usage(input_tokens=MILLION, output_tokens=MILLION))
    assert cost_so_far(batch, PRICES) == Cost(Decimal(11), Decimal(22))
    assert projected(batch, PRICES) == Cost(Decimal(44), Decimal(88))


@pytest.mark.parametrize(
    "batch",
    [
        running(None),
        running(Usage()),
        running(Usage(input_tokens=5), model="who"),
        running(Usage(input_tokens=5), model=None),
    ],
)
def test_what_nobody_knows_is_not_said(batch: Batch) -> None:
    assert cost_so_far(batch, PRICES) is None
    assert projected(batch, PRICES) is None


def test_a_batch_that_is_being_cancelled_is_not_forecast() -> None:
    batch = replace(running(Usage(input_tokens=MILLION), done=10), status=BatchStatus.CANCELLING)
    assert cost_so_far(batch, PRICES) is not None
    assert projected(batch, PRICES) is None


def test_a_batch_that_never_ran_cost_nothing() -> None:
    assert cost_so_far(Batch("b", BatchStatus.FAILED), PRICES) == Cost(Decimal(0), Decimal(0))


def test_a_batch_of_which_everything_failed_cost_nothing_and_one_that_hides_its_tokens_is_unknown() -> None:
    lost = Batch("b", BatchStatus.COMPLETED, counts=RequestCounts(9, 0, 9), error_file_id="e")
    assert cost_so_far(lost, PRICES) == Cost(Decimal(0), Decimal(0))
    hidden = Batch("b", BatchStatus.COMPLETED, counts=RequestCounts(9, 9, 0), output_file_id="o", model="m")
    assert cost_so_far(hidden, PRICES) is None


def test_a_batch_without_a_finished_request_has_no_projection() -> None:
    assert projected(running(Usage(), done=0), PRICES) is None


def test_where_the_service_tells_no_tokens_the_counts_and_earlier_batches_do() -> None:
    earlier = [running(Usage(output_tokens=1_000), done=10)]
    batch = running(None, done=25, total=100)
    # A quarter of four million tokens in at $1, and 25 answers of 100 tokens at $10 a million.
    about = about_so_far(batch, PRICES, model="m", input_tokens=4 * MILLION, batches=earlier)
    assert about == Cost(Decimal("1.025"), Decimal("2.05"))
    assert about_so_far(batch, PRICES, model="m", input_tokens=4 * MILLION, batches=[]) is None
    assert about_so_far(running(None, total=0), PRICES, model="m", input_tokens=9, batches=earlier) is None
    assert about_so_far(batch, PRICES, model="who", input_tokens=9, batches=earlier) is None


def test_the_usual_answer_comes_from_batches_of_the_same_model() -> None:
    batches = [
        running(Usage(output_tokens=1_000), done=10, model="m-2026-01-31"),
        running(Usage(output_tokens=9_999), done=1, model="m-mini"),
        running(None),
        running(Usage(output_tokens=5_000), done=90),
    ]
    assert typical_output("m", batches) == 60.0
    assert typical_output("other", batches) is None


def test_an_estimate_runs_from_the_input_to_the_limits_set() -> None:
    found = estimate_of([demand(at_most=MILLION)], PRICES).range
    assert found is not None
    assert found.low == Cost(Decimal(1), Decimal(2))
    assert found.high == Cost(Decimal(11), Decimal(22))
    assert found.likely is None


def test_history_tells_what_is_likely_but_never_more_than_the_limits() -> None:
    talkative = [running(Usage(output_tokens=MILLION), done=10)]
    likely = estimate_of([demand(unbounded=1)], PRICES, talkative).range
    assert likely is not None
    assert likely.high is None
    assert likely.likely == Cost(Decimal(11), Decimal(22))
    bounded = estimate_of([demand(at_most=500)], PRICES, talkative).range
    assert bounded is not None
    assert bounded.likely == bounded.high


def test_embeddings_cost_their_input_alone() -> None:
    found = estimate_of([demand("e", unbounded=10, has_output=False)], PRICES).range
    assert found is not None
    assert found.low == found.high == Cost(Decimal(2), Decimal(4))


def test_an_unknown_model_leaves_the_estimate_open() -> None:
    estimate = estimate_of([demand(), demand("who")], PRICES)
    assert estimate.range is None
    assert estimate.worst is None
    assert estimate.unpriced == ("who",)


@given(st.lists(st.tuples(tokens, tokens, st.integers(0, 3))), st.floats(0, 1e5))
def test_the_bounds_of_an_estimate_are_in_order(rows: list[tuple[int, int, int]], usual: float) -> None:
    demands = [Demand("m", 5, read, most, free) for read, most, free in rows]
    batches = [running(Usage(output_tokens=int(usual * 25)))]
    found = estimate_of(demands, PRICES, batches).range
    if found is None:
        assert not demands
        return
    assert found.likely is not None
    assert found.low.batch <= found.likely.batch
    if found.high is not None:
        assert found.likely.batch <= found.high.batch
    assert (found.high is None) == any(free for _, _, free in rows)
