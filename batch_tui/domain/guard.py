"""When a batch runs away: rules over what is known of it, and the alarms they raise. No clock, no acting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from fnmatch import fnmatchcase

from batch_tui.domain.batch import Batch
from batch_tui.domain.formatting import duration, grouped, money
from batch_tui.domain.pace import Pace
from batch_tui.domain.status import BatchStatus

_MOVING = frozenset({BatchStatus.IN_PROGRESS, BatchStatus.UNKNOWN})
_GUARDED = _MOVING | {BatchStatus.VALIDATING, BatchStatus.FINALIZING}


class Rule(StrEnum):
    """What a batch can break."""

    FAILURES = "failures"
    COST = "cost"
    STALLED = "stalled"
    EXPIRING = "expiring"


@dataclass(frozen=True, slots=True)
class GuardRules:
    """The thresholds; None switches a rule off."""

    failure_percent: float | None = 20.0
    """Alarm when more than this share of the finished requests failed, 0 to 100."""
    after_requests: int = 100
    """Finished requests before a share of failures means anything."""
    cost_above: Decimal | None = None
    """Alarm when the cost, so far, projected or estimated, is above this many US dollars."""
    no_progress_seconds: float | None = 1_800.0
    """Alarm when a batch in progress hasn't moved for this long."""
    expires_within_seconds: float | None = 7_200.0
    """Alarm when the window closes within this time and less than ``below_percent`` is done.

    Of a window of less than a day it is the same share: 5 minutes of an hour.
    """
    below_percent: float = 90.0
    """Share of finished requests that is enough shortly before the window closes, 0 to 100."""
    cancel_on: frozenset[Rule] = frozenset()
    """Rules whose alarm cancels the batch, after a countdown; the others only mark it."""
    countdown_seconds: float = 60.0
    """Time to stop an automatic cancel."""
    named: tuple[tuple[str, GuardRules], ...] = ()
    """Other rules in place of all of these, for batches of a name (or an id) that fits a shell's pattern."""

    def of(self, batch: Batch) -> GuardRules:
        """The rules for one batch: the first named ones that fit, else these."""
        fitting = (rules for pattern, rules in self.named if _fits(batch, pattern))
        return next(fitting, self)

    @property
    def knows_cost(self) -> bool:
        """True when any batch is judged by its cost."""
        return any(rules.cost_above is not None for rules in (self, *(rules for _, rules in self.named)))

    def acting_on(self, change: Callable[[frozenset[Rule]], frozenset[Rule]]) -> GuardRules:
        """The same rules, all of them with other ones that cancel."""
        named = tuple((pattern, rules.acting_on(change)) for pattern, rules in self.named)
        return replace(self, cancel_on=change(self.cancel_on), named=named)


def _fits(batch: Batch, pattern: str) -> bool:
    return batch.id == pattern or fnmatchcase(batch.name, pattern)


DEFAULT_RULES = GuardRules()


@dataclass(frozen=True, slots=True)
class Expected:
    """What a batch will have cost at its end."""

    dollars: Decimal
    """US dollars."""
    nearness: str = ""
    """``about`` for an estimate, ``more than`` for a part of it; empty when the service's own figures say it."""

    def __str__(self) -> str:
        return f"{self.nearness} {money(self.dollars)}".lstrip()


@dataclass(frozen=True, slots=True)
class Alarm:
    """One rule that a batch breaks."""

    rule: Rule
    message: str
    """One clause with its numbers: ``214 of 900 requests failed (23%, limit 20%)``."""


def alarms(
    batch: Batch,
    pace: Pace,
    now: float,
    *,
    rules: GuardRules = DEFAULT_RULES,
    cost: Expected | None = None,
) -> tuple[Alarm, ...]:
    """The rules an active batch breaks, gravest first; none for one that ended or is being cancelled.

    Args:
        batch: The batch as last read.
        pace: How it moves.
        now: Unix seconds by the server's clock.
        rules: The thresholds.
        cost: What it will cost, as the caller knows or estimates it; None when unknown.
    """
    if batch.status not in _GUARDED:
        return ()
    found = (
        _failures(batch, rules),
        _cost(cost, rules),
        _stalled(batch, pace, rules),
        _expiring(batch, now, rules),
    )
    return tuple(alarm for alarm in found if alarm is not None)


def _failures(batch: Batch, rules: GuardRules) -> Alarm | None:
    done, failed = batch.counts.done, max(0, batch.counts.failed)
    if rules.failure_percent is None or done < max(1, rules.after_requests):
        return None
    share = 100 * failed / done
    if share <= rules.failure_percent:
        return None
    counts = f"{grouped(failed)} of {grouped(done)} requests failed"
    return Alarm(Rule.FAILURES, f"{counts} ({share:.0f}%, limit {rules.failure_percent:g}%)")


def _cost(cost: Expected | None, rules: GuardRules) -> Alarm | None:
    if cost is None or rules.cost_above is None or cost.dollars <= rules.cost_above:
        return None
    return Alarm(Rule.COST, f"expected to cost {cost} (limit {money(rules.cost_above)})")


def _stalled(batch: Batch, pace: Pace, rules: GuardRules) -> Alarm | None:
    limit = rules.no_progress_seconds
    if limit is None or pace.still_for is None or batch.status not in _MOVING or pace.still_for < limit:
        return None
    where = f"at {grouped(batch.counts.done)} of {grouped(max(0, batch.counts.total))}"
    return Alarm(Rule.STALLED, f"not moving for {duration(pace.still_for)} {where} (limit {duration(limit)})")


def _expiring(batch: Batch, now: float, rules: GuardRules) -> Alarm | None:
    expires, within = batch.times.expires, rules.expires_within_seconds
    if expires is None or within is None or batch.status is BatchStatus.FINALIZING:
        return None
    left, done = expires - now, 100 * batch.counts.fraction
    if left > batch.times.notice(within) or done >= rules.below_percent:
        return None
    when = f"expires in {duration(left)}" if left > 0 else "its window is over"
    return Alarm(Rule.EXPIRING, f"{when} with {int(done)}% done (limit {rules.below_percent:g}%)")
