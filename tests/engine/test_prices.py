from __future__ import annotations

from decimal import Decimal

from batch_tui.domain.batch import Usage
from batch_tui.domain.money import Cost, Price
from batch_tui.engine.money.prices import PriceList

MILLION = 1_000_000


def test_the_batch_rate_is_half_of_the_synchronous_one() -> None:
    cost = PriceList().cost("gpt-4o-mini", Usage(input_tokens=MILLION, output_tokens=MILLION))
    assert cost == Cost(Decimal("0.375"), Decimal("0.75"))


def test_a_dated_model_costs_what_its_family_costs() -> None:
    usage = Usage(input_tokens=1234, output_tokens=567)
    prices = PriceList()
    assert prices.cost("gpt-4o-mini-2024-07-18", usage) == prices.cost("gpt-4o-mini", usage)


def test_embeddings_are_billed_at_half_although_the_data_has_no_batch_rate() -> None:
    cost = PriceList().cost("text-embedding-3-small", Usage(input_tokens=MILLION))
    assert cost == Cost(Decimal("0.01"), Decimal("0.02"))


def test_an_unknown_model_has_no_price_instead_of_a_guess() -> None:
    assert PriceList().cost("echo", Usage(input_tokens=1)) is None
    assert PriceList().cost(None, Usage(input_tokens=1)) is None
    assert not PriceList().knows("echo")
    assert PriceList().knows("gpt-4o-mini")


def test_the_profiles_own_price_wins() -> None:
    own = PriceList({"gpt-4o-mini": Price(Decimal(2), Decimal(4), Decimal(1))})
    cost = own.cost("gpt-4o-mini", Usage(input_tokens=MILLION, cached_tokens=MILLION // 2, output_tokens=MILLION))
    assert cost == Cost(Decimal("5.5"), Decimal(11))


def test_cached_tokens_never_exceed_the_input() -> None:
    price = Price(Decimal(2), Decimal(0), Decimal(1))
    assert price.cost(Usage(input_tokens=MILLION, cached_tokens=9 * MILLION)) == Decimal(1)
    assert PriceList().cost("gpt-4o-mini", Usage(input_tokens=10, cached_tokens=99)) is not None


def test_a_long_request_costs_more_a_token_and_many_short_ones_do_not() -> None:
    # gpt-5.4 (OpenAI's price list, 2026): $2.50 a million in, $15 out; above 272,000 tokens $5 and $22.50.
    prices = PriceList()
    short = Usage(input_tokens=272_000, output_tokens=MILLION)
    long = Usage(input_tokens=300_000, cached_tokens=100_000, output_tokens=MILLION)
    assert prices.cost("gpt-5.4", short) == Cost(Decimal("7.84"), Decimal("15.68"))
    assert prices.cost("gpt-5.4", long) == Cost(Decimal("11.775"), Decimal("23.55"))
    many = Usage(input_tokens=272_000 * 4, output_tokens=4 * MILLION)
    assert prices.cost("gpt-5.4", many, requests=4) == Cost(Decimal("31.36"), Decimal("62.72"))


def test_an_answer_on_another_tier_has_its_own_rate() -> None:
    # gpt-5.4 (OpenAI's price list, 2026), a million in and out: $17.50, flex half of it, priority twice.
    usage = Usage(input_tokens=MILLION, output_tokens=MILLION)
    paid = {
        tier: PriceList().cost("gpt-5.4", usage, tier=tier, requests=10)
        for tier in ("", "default", "flex", "priority", "made-up")
    }
    assert {tier: cost and cost.batch for tier, cost in paid.items()} == {
        "": Decimal("8.75"),
        "default": Decimal("8.75"),
        "flex": Decimal("8.75"),
        "priority": Decimal(35),
        "made-up": Decimal("8.75"),
    }
    assert {cost and cost.synchronous for cost in paid.values()} == {Decimal("17.5")}


def test_costs_add_up() -> None:
    assert Cost(Decimal(1), Decimal(2)) + Cost(Decimal(3), Decimal(4)) == Cost(Decimal(4), Decimal(6))
