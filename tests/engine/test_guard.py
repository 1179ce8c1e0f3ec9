from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from batch_tui.domain.batch import Batch
from batch_tui.domain.guard import Expected, GuardRules, Rule
from batch_tui.domain.pace import NO_PACE, Pace
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.monitoring.guard import Guard, Raised
from tests.support.batches import NOON, a_batch

FAILING = a_batch("bad", total=1000, completed=50, failed=150)
FINE = a_batch("good", total=1000, completed=200)
ACTING = GuardRules(cancel_on=frozenset({Rule.FAILURES}), countdown_seconds=60.0)


def no_pace(batch: Batch, now: float) -> Pace:
    return NO_PACE


def review(guard: Guard, *batches: Batch, now: float = NOON) -> tuple[Raised, ...]:
    return guard.review(batches, now, pace=no_pace)


def test_an_alarm_is_told_once_and_shown_as_long_as_it_holds() -> None:
    guard = Guard(GuardRules())
    assert [raised.batch_id for raised in review(guard, FAILING, FINE)] == ["bad"]
    assert review(guard, replace(FAILING, counts=replace(FAILING.counts, failed=160))) == ()
    assert guard.alarmed == {"bad"}
    assert guard.alarms("bad")[0].message.startswith("160 of 210")
    assert guard.alarms("good") == ()


def test_an_alarm_goes_when_its_cause_goes() -> None:
    guard = Guard(ACTING)
    review(guard, FAILING)
    review(guard, replace(FAILING, counts=replace(FAILING.counts, completed=800)))
    assert guard.alarmed == frozenset()
    assert guard.countdowns == ()


def test_marking_is_all_it_does_by_itself() -> None:
    guard = Guard(GuardRules())
    review(guard, FAILING)
    assert guard.countdowns == ()
    assert guard.take_due(NOON + 10**6) == ()


def test_a_rule_that_acts_counts_down_and_is_due_once() -> None:
    guard = Guard(ACTING)
    review(guard, FAILING)
    assert [(c.batch_id, c.deadline) for c in guard.countdowns] == [("bad", NOON + 60)]
    review(guard, FAILING, now=NOON + 30)
    assert guard.take_due(NOON + 59) == ()
    assert [countdown.batch_id for countdown in guard.take_due(NOON + 60)] == ["bad"]
    review(guard, FAILING, now=NOON + 70)
    assert guard.take_due(NOON + 10**6) == ()


def test_a_countdown_keeps_its_end_and_tells_the_newest_numbers() -> None:
    guard = Guard(ACTING)
    review(guard, FAILING)
    worse = replace(FAILING, counts=replace(FAILING.counts, failed=FAILING.counts.failed + 100))
    review(guard, worse, now=NOON + 30)
    (countdown,) = guard.countdowns
    assert countdown.deadline == NOON + 60
    assert countdown.alarm.message.startswith(f"{worse.counts.failed} of ")


def test_a_rule_that_does_not_act_starts_no_countdown() -> None:
    guard = Guard(replace(ACTING, cost_above=Decimal(1), failure_percent=None))
    raised = guard.review((FINE,), NOON, pace=no_pace, cost=lambda _: Expected(Decimal(2)))
    assert [r.alarm.rule for r in raised] == [Rule.COST]
    assert guard.countdowns == ()


def test_a_countdown_that_was_stopped_does_not_start_again() -> None:
    guard = Guard(ACTING)
    review(guard, FAILING, replace(FAILING, id="other"))
    guard.spare("bad")
    assert [countdown.batch_id for countdown in guard.countdowns] == ["other"]
    review(guard, FAILING, now=NOON + 5)
    assert [countdown.batch_id for countdown in guard.countdowns] == ["other"]
    guard.spare()
    assert guard.take_due(NOON + 10**6) == ()
    assert guard.alarmed == {"bad", "other"}


def test_a_batch_that_ends_or_is_being_cancelled_is_let_go() -> None:
    guard = Guard(ACTING)
    review(guard, FAILING, replace(FAILING, id="other"))
    review(guard, replace(FAILING, status=BatchStatus.COMPLETED))
    review(guard, replace(FAILING, id="other", status=BatchStatus.CANCELLING))
    assert guard.alarmed == frozenset()
    assert guard.take_due(NOON + 10**6) == ()
