from __future__ import annotations

from decimal import Decimal

import pytest

from batch_tui.domain.money import NOTHING, Cost, Demand, Estimate, Range

DEMANDS = (Demand("m", 1, 1, 1, 0),)


def cost(dollars: str) -> Cost:
    return Cost(Decimal(dollars), Decimal(dollars) * 2)


def estimate(low: str, high: str | None, likely: str | None = None) -> Estimate:
    told = [None if dollars is None else cost(dollars) for dollars in (high, likely)]
    return Estimate(DEMANDS, Range(cost(low), *told))


@pytest.mark.parametrize(
    ("found", "above", "typed"),
    [
        (estimate("1", "25"), None, None),
        (estimate("1", "25"), "25", None),
        (estimate("1", "25"), "24.99", 25),
        (estimate("1", "25.01"), "20", 26),
        (estimate("1", "0.2"), "0", 1),
        (estimate("1", None, "40.5"), "20", 41),
        (estimate("1", None), "20", None),
        (estimate("30", None), "20", 30),
        (Estimate(DEMANDS, None), "0", None),
        (Estimate(DEMANDS, Range(NOTHING, NOTHING)), "0", None),
    ],
)
def test_above_the_bound_whole_dollars_are_typed_rounded_up(
    found: Estimate, above: str | None, typed: int | None
) -> None:
    assert found.dollars_to_type(None if above is None else Decimal(above)) == typed


def test_an_estimate_is_exact_when_every_model_was_counted() -> None:
    counted = Demand("m", 1, 1, 1, 0, is_exact=True)
    assert Estimate((counted, counted), None).is_exact
    assert not Estimate((counted, *DEMANDS), None).is_exact
    assert not Estimate((), None).is_exact
