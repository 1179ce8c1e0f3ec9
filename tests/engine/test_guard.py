from __future__ import annotations

import os
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from batch_tui.domain.batch import NAME_KEY, Batch
from batch_tui.domain.guard import Expected, GuardRules, Rule
from batch_tui.domain.pace import NO_PACE, Pace
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.monitoring.guard import Guard, Raised
from batch_tui.engine.monitoring.spared import Spared
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


def test_a_batch_of_a_name_has_its_own_rules_in_place_of_the_others() -> None:
    calm = replace(ACTING, failure_percent=None)
    hasty = replace(ACTING, countdown_seconds=5.0)
    guard = Guard(replace(calm, named=(("nightly-*", hasty), ("night*", calm), ("by-id", hasty))))
    nightly = replace(FAILING, id="nightly", metadata={NAME_KEY: "nightly-7"})
    night = replace(FAILING, id="night", metadata={NAME_KEY: "night"})
    raised = review(guard, FAILING, nightly, night, replace(FAILING, id="by-id"))
    assert [one.batch_id for one in raised] == ["nightly", "by-id"]
    assert [countdown.deadline for countdown in guard.countdowns] == [NOON + 5, NOON + 5]


def test_what_may_change_nothing_only_marks_whatever_a_name_says() -> None:
    rules = replace(ACTING, named=(("bad", ACTING),)).acting_on(lambda _: frozenset())
    guard = Guard(rules)
    assert len(review(guard, FAILING)) == 1
    assert guard.countdowns == ()


def test_costs_are_wanted_when_any_rule_is_about_them() -> None:
    costly = replace(ACTING, cost_above=Decimal(1))
    assert not ACTING.knows_cost
    assert costly.knows_cost
    assert replace(ACTING, named=(("x", costly),)).knows_cost


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


def test_a_batch_to_be_left_alone_is_left_alone_in_every_run_until_it_ends(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "spared"
    guard, beside = Guard(ACTING, Spared(folder)), Guard(ACTING, Spared(folder))
    review(guard, FAILING)
    review(beside, FAILING)
    assert guard.spare()
    assert beside.take_due(NOON + 60) == (), "it was stopped on another screen"
    later = Guard(ACTING, Spared(folder))
    review(later, FAILING, replace(FAILING, id="other"))
    assert [countdown.batch_id for countdown in later.countdowns] == ["other"]
    assert later.alarmed == {"bad", "other"}
    review(later, replace(FAILING, status=BatchStatus.COMPLETED))
    assert list(folder.iterdir()) == []


def test_what_the_guard_itself_cancelled_is_no_decision_to_keep(tmp_path: Path) -> None:
    guard = Guard(ACTING, Spared(tmp_path / "spared"))
    review(guard, FAILING)
    assert [countdown.batch_id for countdown in guard.take_due(NOON + 60)] == ["bad"]
    review(guard, FAILING, now=NOON + 70)
    assert guard.countdowns == ()
    assert not guard.is_spared("bad")


def test_a_disk_that_refuses_leaves_the_decision_to_this_run(tmp_path: Path) -> None:
    (tmp_path / "spared").touch()
    guard = Guard(ACTING, Spared(tmp_path / "spared"))
    review(guard, FAILING)
    assert not guard.spare()
    review(guard, FAILING)
    assert guard.countdowns == ()


def test_decisions_about_batches_that_were_never_seen_again_are_dropped(tmp_path: Path) -> None:
    spared = Spared(tmp_path)
    spared.add("long ago")
    (old,) = tmp_path.iterdir()
    os.utime(old, (0, 0))
    spared.add("../../now")
    (kept,) = tmp_path.iterdir()
    assert kept != old
    assert "../../now" in Spared(tmp_path)


def test_a_batch_that_ends_or_is_being_cancelled_is_let_go() -> None:
    guard = Guard(ACTING)
    review(guard, FAILING, replace(FAILING, id="other"))
    review(guard, replace(FAILING, status=BatchStatus.COMPLETED))
    review(guard, replace(FAILING, id="other", status=BatchStatus.CANCELLING))
    assert guard.alarmed == frozenset()
    assert guard.take_due(NOON + 10**6) == ()
