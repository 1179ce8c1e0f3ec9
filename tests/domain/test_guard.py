from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain.batch import Batch, Timestamps
from batch_tui.domain.guard import Expected, GuardRules, Rule, alarms
from batch_tui.domain.pace import NO_PACE, Pace
from batch_tui.domain.status import BatchStatus
from tests.support.batches import BATCHES, NOON, a_batch

SILENT = GuardRules(failure_percent=None, no_progress_seconds=None, expires_within_seconds=None)


def broken(
    batch: Batch,
    pace: Pace = NO_PACE,
    rules: GuardRules = SILENT,
    cost: Decimal | None = None,
    now: float = NOON,
) -> list[tuple[Rule, str]]:
    expected = None if cost is None else Expected(cost)
    return [(alarm.rule, alarm.message) for alarm in alarms(batch, pace, now, rules=rules, cost=expected)]


@pytest.mark.parametrize(
    ("completed", "failed", "is_alarm"),
    [(79, 21, True), (80, 20, False), (0, 99, False), (0, 100, True), (1000, 100, False)],
)
def test_failures_count_by_share_once_enough_ran(completed: int, failed: int, is_alarm: bool) -> None:  # noqa: FBT001
    batch = a_batch(total=50_000, completed=completed, failed=failed)
    found = broken(batch, rules=replace(SILENT, failure_percent=20.0))
    assert [rule for rule, _ in found] == [Rule.FAILURES] * is_alarm


def test_an_alarm_has_its_numbers() -> None:
    batch = a_batch(total=50_000, completed=686, failed=1_214)
    assert broken(batch, rules=replace(SILENT, failure_percent=20.0)) == [
        (Rule.FAILURES, "1,214 of 1,900 requests failed (64%, limit 20%)"),
    ]
    assert broken(a_batch(), rules=replace(SILENT, cost_above=Decimal(50)), cost=Decimal("61.5")) == [
        (Rule.COST, "expected to cost $61.50 (limit $50.00)"),
    ]
    stalled = broken(
        a_batch(total=900, completed=9), Pace(still_for=2000), replace(SILENT, no_progress_seconds=1800)
    )
    assert stalled == [(Rule.STALLED, "not moving for 33m20s at 9 of 900 (limit 30m00s)")]
    soon = replace(a_batch(total=100, completed=62), times=Timestamps(expires=NOON + 3600))
    rules = replace(SILENT, expires_within_seconds=7200.0)
    assert broken(soon, rules=rules) == [(Rule.EXPIRING, "expires in 1h00m with 62% done (limit 90%)")]
    assert broken(soon, rules=rules, now=NOON + 3601) == [
        (Rule.EXPIRING, "its window is over with 62% done (limit 90%)"),
    ]


@pytest.mark.parametrize(
    ("window", "left", "is_alarm"),
    [
        (86_400, 7_200, True),
        (86_400, 7_201, False),
        (7 * 86_400, 7_200, True),
        (7 * 86_400, 7_201, False),
        (3_600, 3_600, False),
        (3_600, 301, False),
        (3_600, 300, True),
        (0, 7_200, True),
    ],
)
def test_a_short_window_is_about_to_close_as_much_later(window: int, left: int, is_alarm: bool) -> None:  # noqa: FBT001
    times = Timestamps(created=NOON + left - window, expires=NOON + left)
    found = broken(replace(a_batch(), times=times), rules=replace(SILENT, expires_within_seconds=7200.0))
    assert [rule for rule, _ in found] == [Rule.EXPIRING] * is_alarm


@pytest.mark.parametrize("nearness", ["about", "more than"])
def test_an_estimated_cost_says_so(nearness: str) -> None:
    rules = replace(SILENT, cost_above=Decimal(50))
    (alarm,) = alarms(a_batch(), NO_PACE, NOON, rules=rules, cost=Expected(Decimal("61.5"), nearness))
    assert alarm.message == f"expected to cost {nearness} $61.50 (limit $50.00)"


def test_a_cost_nobody_knows_or_within_the_limit_is_no_alarm() -> None:
    rules = replace(SILENT, cost_above=Decimal(50))
    assert broken(a_batch(), rules=rules) == []
    assert broken(a_batch(), rules=rules, cost=Decimal(50)) == []
    assert broken(a_batch(), cost=Decimal(10**9)) == []


def test_stillness_is_no_alarm_while_finalizing_or_when_unknown() -> None:
    rules = replace(SILENT, no_progress_seconds=10.0)
    assert broken(a_batch(), Pace(still_for=9.0), rules) == []
    assert broken(a_batch(), NO_PACE, rules) == []
    assert broken(a_batch(status=BatchStatus.FINALIZING), Pace(still_for=99.0), rules) == []


def test_an_end_of_the_window_that_is_far_or_nearly_done_is_no_alarm() -> None:
    rules = replace(SILENT, expires_within_seconds=3600.0)
    soon, far = Timestamps(expires=NOON + 3599), Timestamps(expires=NOON + 3601)
    assert broken(replace(a_batch(completed=90), times=soon), rules=rules) == []
    assert broken(replace(a_batch(completed=10), times=far), rules=rules) == []
    assert broken(replace(a_batch(completed=10), times=Timestamps()), rules=rules) == []


@given(BATCHES, st.floats(0, 1e9), st.decimals(0, 10**6))
def test_a_batch_that_ended_or_is_being_cancelled_raises_nothing(
    batch: Batch, still: float, cost: Decimal
) -> None:
    rules = GuardRules(cost_above=Decimal(1), after_requests=0)
    found = alarms(batch, Pace(still_for=still), NOON, rules=rules, cost=Expected(cost))
    assert len({alarm.rule for alarm in found}) == len(found)
    if batch.is_terminal or batch.status is BatchStatus.CANCELLING:
        assert found == ()


def test_the_gravest_comes_first() -> None:
    batch = replace(a_batch(total=1000, completed=100, failed=100), times=Timestamps(expires=NOON + 60))
    found = broken(batch, Pace(still_for=10**6), GuardRules(cost_above=Decimal(1)), Decimal(2))
    assert [rule for rule, _ in found] == [Rule.FAILURES, Rule.COST, Rule.STALLED, Rule.EXPIRING]
