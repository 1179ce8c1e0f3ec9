"""What batches cost: before, from what their requests ask for; while they run and after, from what was used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from batch_tui.domain.batch import Batch, Usage
from batch_tui.domain.money import NOTHING, Bill, BillLine, Cost, Demand, Estimate, Range
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.money.prices import PriceList

if TYPE_CHECKING:
    from batch_tui.jsonl.results.joined import JoinedResults
    from batch_tui.jsonl.results.summary import UsageGroup

_ENOUGH_REQUESTS = 1_000
"""Answers that make a mean one can go by; older batches are not looked at beyond them."""


def bill_of(groups: Iterable[UsageGroup], prices: PriceList) -> Bill:
    """What answers cost, from the tokens they tell, priced by model and tier."""
    return Bill(
        tuple(
            BillLine(
                group.model,
                group.service_tier,
                group.requests,
                group.usage,
                _cost_of_group(group, prices),
            )
            for group in groups
        )
    )


def row_costs(joined: JoinedResults, rows: Iterable[int], prices: PriceList) -> list[Cost | None]:
    """What each of some requests cost; cheap enough to be asked for the rows in view at every paint.

    Args:
        joined: The results.
        rows: Which of them.
        prices: The price list, already loaded.

    Returns:
        One for each row: None when its answer tells no tokens, or nobody knows the model's price.
    """
    columns = joined.columns
    words, models, tiers = columns.words, columns.models, columns.tiers
    usages = ((row, joined.usage(row)) for row in rows)
    return [
        None if usage is None else prices.cost(words[models[row]], usage, tier=words[tiers[row]])
        for row, usage in usages
    ]


def _cost_of_group(group: UsageGroup, prices: PriceList) -> Cost | None:
    """The long requests one by one, the others as a sum: at one rate it makes no difference."""
    long, tier = sum(group.long, Usage()), group.service_tier
    costs = [prices.cost(group.model, usage, tier=tier) for usage in group.long]
    if group.requests > len(costs):
        requests = group.requests - len(costs)
        costs.append(prices.cost(group.model, group.usage - long, tier=tier, requests=requests))
    return _sum(costs)


def cost_so_far(batch: Batch, prices: PriceList) -> Cost | None:
    """What a batch has cost by the usage the service reports.

    None when it reports none, or nobody knows the price. A batch of which nothing succeeded cost nothing.
    """
    has_answers = batch.counts.completed > 0 or bool(batch.output_file_id)
    if batch.is_terminal and not has_answers and batch.usage in {None, Usage()}:
        return NOTHING
    if batch.usage is None or batch.usage == Usage():
        return NOTHING if batch.usage is not None and batch.counts.done == 0 else None
    return prices.cost(batch.model, batch.usage, requests=batch.counts.completed)


def projected(batch: Batch, prices: PriceList) -> Cost | None:
    """What a running batch will have cost at its end if it goes on as it began; None without a base for it.

    One that is being cancelled doesn't go on: what its requests under way will still cost, nobody can say.
    """
    cost, counts = cost_so_far(batch, prices), batch.counts
    is_stopping = batch.status is BatchStatus.CANCELLING
    if cost is None or is_stopping or counts.done <= 0 or counts.total <= 0:
        return None
    share = Decimal(counts.total) / Decimal(min(counts.done, counts.total))
    return Cost(cost.batch * share, cost.synchronous * share)


def about_so_far(
    batch: Batch, prices: PriceList, *, model: str, input_tokens: int, batches: Iterable[Batch]
) -> Cost | None:
    """About what a running batch has cost, from its counts, where the service doesn't tell its tokens yet.

    Args:
        batch: The batch.
        prices: The price list.
        model: Its model, as the request lines name it.
        input_tokens: Of all its requests, estimated.
        batches: The account's, newest first: how long their answers were tells how long these are.

    Returns:
        None without a base for it: no counts, no price, or no earlier batch of the model.
    """
    counts, each = batch.counts, typical_output(model, batches)
    if batch.is_terminal or counts.total <= 0 or each is None:
        return None
    completed = max(0, min(counts.completed, counts.total))
    usage = Usage(input_tokens=input_tokens * completed // counts.total, output_tokens=round(each * completed))
    return prices.cost(model, usage, requests=completed)


def typical_output(model: str, batches: Iterable[Batch]) -> float | None:
    """Output tokens of a usual answer of this model, from the newest batches that told their usage.

    Args:
        model: The model as the request lines name it; the service may answer with a dated name.
        batches: Newest first.
    """
    tokens = requests = 0
    for batch in batches:
        if batch.usage is None or batch.counts.completed <= 0 or not _is_same_model(model, batch.model):
            continue
        tokens += max(0, batch.usage.output_tokens)
        requests += batch.counts.completed
        if requests >= _ENOUGH_REQUESTS:
            break
    return tokens / requests if requests else None


def estimate_of(demands: Sequence[Demand], prices: PriceList, batches: Sequence[Batch] = ()) -> Estimate:
    """What requests will cost.

    Args:
        demands: What they ask for, by model.
        prices: The price list.
        batches: The account's batches, newest first: how long their answers were tells what is likely.
    """
    unpriced = tuple(demand.model for demand in demands if not prices.knows(demand.model))
    ordered = tuple(sorted(demands, key=lambda demand: -demand.requests))
    if unpriced or not demands:
        return Estimate(ordered, None, unpriced)
    low = _sum(_cost(demand, prices, 0) for demand in ordered)
    high = _sum(_cost(demand, prices, _most(demand)) for demand in ordered)
    likely = _sum(_cost(demand, prices, _usual(demand, batches)) for demand in ordered)
    return Estimate(ordered, Range(low or NOTHING, high, likely))


def _most(demand: Demand) -> int | None:
    """The most output tokens; None when a request sets no limit."""
    if not demand.has_output:
        return 0
    return None if demand.unbounded else demand.output_at_most


def _usual(demand: Demand, batches: Sequence[Batch]) -> int | None:
    if not demand.has_output:
        return 0
    each = typical_output(demand.model, batches)
    if each is None:
        return None
    usual = round(each * demand.requests)
    most = _most(demand)
    return usual if most is None else min(usual, most)


def _cost(demand: Demand, prices: PriceList, output_tokens: int | None) -> Cost | None:
    if output_tokens is None:
        return None
    usage = Usage(input_tokens=demand.input_tokens, output_tokens=output_tokens)
    return prices.cost(demand.model, usage, requests=demand.requests)


def _sum(costs: Iterable[Cost | None]) -> Cost | None:
    total = NOTHING
    for cost in costs:
        if cost is None:
            return None
        total += cost
    return total


def _is_same_model(asked: str, answered: str | None) -> bool:
    """``gpt-x`` asked for is answered as ``gpt-x-2026-01-31``, but ``gpt-x-mini`` is another model."""
    if not answered:
        return False
    rest = answered.removeprefix(asked)
    return answered == asked or (rest != answered and rest[:1] == "-" and rest[1:2].isdigit())
