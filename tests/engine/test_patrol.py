from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from batch_tui.domain.batch import Batch
from batch_tui.domain.guard import DEFAULT_RULES, GuardRules, Rule
from batch_tui.domain.money import Price
from batch_tui.domain.operation import SubmitOperation
from batch_tui.domain.pace import Pace
from batch_tui.engine.events import EventLog
from batch_tui.engine.money.forecast import Forecast
from batch_tui.engine.money.prices import PriceList
from batch_tui.engine.monitoring.guard import Guard
from batch_tui.engine.monitoring.history import History
from batch_tui.engine.monitoring.patrol import ROUND, Patrol
from batch_tui.engine.monitoring.store import NO_CHANGES, BatchStore, Changes
from tests.support.batches import NOON, a_batch

NO_PRICES = PriceList()


class _CountedHistory(History):
    """Counts the batches somebody asked the pace of."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def pace(self, batch: Batch, now: float) -> Pace:
        self.asked += 1
        return super().pace(batch, now)


class _Round:
    """A patrol on a clock that the test moves."""

    def __init__(self, rules: GuardRules = DEFAULT_RULES, prices: PriceList = NO_PRICES) -> None:
        self.now = float(NOON)
        self.store, self.history = BatchStore(), _CountedHistory()
        self.events = EventLog(None, clock=lambda: self.now)
        self.submits: list[SubmitOperation] = []
        self.patrol = Patrol(
            Guard(rules),
            self.store,
            self.history,
            lambda: Forecast(prices, self.store.batches, lambda: self.submits),
            self.events,
            clock=lambda: self.now,
        )

    def judged(self, changes: Changes) -> int:
        """How many batches a review judges."""
        before = self.history.asked
        self.patrol.review(changes)
        return self.history.asked - before


def test_pages_that_come_at_once_are_judged_and_not_all_that_runs_again_and_again() -> None:
    on = _Round()
    pages = [[a_batch(f"{page}-{n}") for n in range(10)] for page in range(5)]
    assert [on.judged(on.store.apply(page)) for page in pages] == [10] * 5
    on.now += ROUND
    assert on.judged(NO_CHANGES) == 50


def test_a_batch_that_stands_still_is_found_though_nothing_changes() -> None:
    on = _Round()
    still = a_batch(completed=1, total=1000)
    on.history.record(still, on.now)
    on.patrol.review(on.store.apply([still]))
    assert on.patrol.take_raised() == ()
    on.now += 1900
    on.patrol.review(NO_CHANGES)
    assert [raised.alarm.rule for raised in on.patrol.take_raised()] == [Rule.STALLED]


def test_nothing_stands_still_while_nobody_can_look() -> None:
    on = _Round()
    still, other = a_batch("still", completed=1, total=1000), a_batch("other", completed=1, total=1000)
    for batch in (still, other):
        on.history.record(batch, on.now)
    on.patrol.review(on.store.apply([still, other]))
    on.now += 1900
    on.patrol.review(Changes(updated=("other",)), is_current=False)
    assert [raised.batch_id for raised in on.patrol.take_raised()] == ["other"]
    on.patrol.review(NO_CHANGES, is_current=False)
    assert on.patrol.take_raised() == ()
    on.patrol.review(NO_CHANGES)
    assert [raised.batch_id for raised in on.patrol.take_raised()] == ["still"]


def test_a_clock_that_was_put_back_does_not_end_the_rounds() -> None:
    on = _Round()
    on.patrol.review(on.store.apply([a_batch()]))
    on.now -= 10_800
    assert on.judged(NO_CHANGES) == 1


def test_a_cost_that_only_the_submit_can_tell_is_an_alarm_and_an_event_with_its_numbers() -> None:
    on = _Round(GuardRules(cost_above=Decimal(1)), PriceList({"m": Price(Decimal(1), Decimal(10))}))
    submit = SubmitOperation("i" * 32, "in.jsonl", "", "/v1/responses", NOON, requests=9, model="m", batch_id="b")
    on.submits = [replace(submit, tokens=1_500_000), replace(submit, batch_id="cheap", tokens=900_000)]
    running = [replace(a_batch(name, total=9), usage=None, model="m") for name in ("b", "cheap")]
    on.patrol.review(on.store.apply(running))
    assert [(one.batch_id, one.alarm.rule) for one in on.patrol.take_raised()] == [("b", Rule.COST)]
    (event,) = on.events.recent()
    assert (event.batch_id, event.text) == ("b", "alarm: expected to cost more than $1.50 (limit $1.00)")


def test_a_countdown_is_told_with_the_time_that_was_set_however_long_the_judging_took() -> None:
    on = _Round(GuardRules(cancel_on=frozenset({Rule.FAILURES}), countdown_seconds=20.0))
    changes = on.store.apply([a_batch("bad", total=1000, completed=50, failed=150)])
    pace = on.history.pace

    def slow(batch: Batch, now: float) -> Pace:
        on.now += 0.004
        return pace(batch, now)

    on.history.pace = slow  # type: ignore[method-assign]
    on.patrol.review(changes)
    (event,) = on.events.recent("bad")
    assert event.text.endswith("; to be cancelled in 20s")
