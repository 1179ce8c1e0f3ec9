from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain.batch import Usage
from batch_tui.domain.money import Cost
from batch_tui.domain.spending import By, Expense, total, totals

COSTS = st.none() | st.integers(0, 9).map(lambda dollars: Cost(Decimal(dollars), Decimal(2 * dollars)))
EXPENSES = st.lists(
    st.builds(
        Expense,
        profile=st.sampled_from("pq"),
        batch_id=st.sampled_from("abc"),
        created=st.integers(0, 9),
        day=st.sampled_from(["2026-01-01", "2026-01-02", ""]),
        model=st.sampled_from(["m", "n"]),
        requests=st.integers(0, 5),
        usage=st.integers(0, 9).map(lambda tokens: Usage(input_tokens=tokens)),
        cost=COSTS,
    )
)


def cost(dollars: int) -> Cost:
    return Cost(Decimal(dollars), Decimal(2 * dollars))


def expense(batch_id: str, dollars: int | None, *, model: str = "m", created: int = 1, day: str = "d") -> Expense:
    told = None if dollars is None else cost(dollars)
    return Expense("p", batch_id, created, day, model, 10, Usage(input_tokens=5), told)


def test_a_batch_with_two_models_is_one_batch_of_two_expenses() -> None:
    told = [expense("a", 1), expense("a", 2, model="n"), expense("b", 4)]
    assert [(one.key, one.batches, one.known) for one in totals(told, By.BATCH)] == [
        ("a", 1, cost(3)),
        ("b", 1, cost(4)),
    ]
    assert [(one.key, one.batches, one.requests) for one in totals(told, By.MODEL)] == [("m", 2, 20), ("n", 1, 10)]


def test_days_come_newest_first_and_models_dearest_first() -> None:
    told = [
        expense("a", 1, created=10, day="monday"),
        expense("b", 9, created=20, day="tuesday", model="n"),
        expense("c", 1, created=11, day="monday"),
    ]
    assert [(one.key, one.known) for one in totals(told, By.DAY)] == [("tuesday", cost(9)), ("monday", cost(2))]
    assert [one.key for one in totals(told, By.MODEL)] == ["n", "m"]
    assert [one.key for one in totals(told, By.PROFILE)] == ["p"]


def test_what_nobody_knows_is_counted_and_never_added_as_nothing() -> None:
    some = total("x", [expense("a", 3), expense("b", None)])
    assert (some.cost, some.unknown) == (cost(3), 1)
    none = total("x", [expense("a", None), expense("b", None)])
    assert (none.cost, none.unknown) == (None, 2)
    assert total("x", []).cost == cost(0)


@given(EXPENSES, st.sampled_from(By))
def test_the_totals_are_the_whole_whatever_they_are_added_up_by(told: list[Expense], by: By) -> None:
    everything, parts = total("all", told), totals(told, by)
    assert sum((part.known for part in parts), cost(0)) == everything.known
    assert sum(part.requests for part in parts) == everything.requests
    assert sum((part.usage for part in parts), Usage()) == everything.usage
