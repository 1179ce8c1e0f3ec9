"""How fast a batch moves, from samples of its counts, and what may honestly be said about its end.

A service updates counts in jumps, and polls come at uneven times. The rate is therefore the one over
a recent window that begins at a movement, not between the last two samples; and no end is promised to a batch that
doesn't move, that has shown no movement yet, or whose total isn't known.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from batch_tui.domain.batch import Batch
from batch_tui.domain.status import BatchStatus

WINDOW = 600.0
"""Seconds of the recent past the rate is taken from, at least; more when it holds no whole movement."""
MAX_SAMPLES = 120
"""Samples kept of one batch."""
SPARK_POINTS = 8
"""Rates the sparkline is drawn from."""
_STALL_FACTOR = 4.0
_STALL_FLOOR = 120.0
_RECENT = 32


@dataclass(frozen=True, slots=True)
class Sample:
    """How many requests had ended at a time."""

    at: float
    """Unix seconds."""
    done: int


@dataclass(frozen=True, slots=True)
class Pace:
    """How a batch moves."""

    per_minute: float | None = None
    """Requests that come to an end per minute lately; None when nothing is known, 0.0 when it stands still."""
    eta_seconds: float | None = None
    """Seconds to the end of its requests at this rate; None when nobody can say."""
    still_for: float | None = None
    """Seconds since the counts last moved; None when unknown or not in progress."""
    samples: tuple[float, ...] = ()
    """Requests per minute over equal slices of the recorded time, oldest first, for a sparkline."""


NO_PACE = Pace()


def pace_of(batch: Batch, samples: Sequence[Sample], now: float) -> Pace:
    """The pace of a batch at a time.

    Args:
        batch: The batch as last read.
        samples: Its recorded counts, oldest first; ``done`` doesn't fall.
        now: Unix seconds.
    """
    spark = sparkline(samples)
    if batch.status not in {BatchStatus.IN_PROGRESS, BatchStatus.CANCELLING, BatchStatus.UNKNOWN} or not samples:
        return Pace(samples=spark)
    still_for = max(0.0, now - _last_movement(batch, samples))
    rate = _rate(samples)
    if rate is None or rate <= 0 or _stands_still(samples, rate, still_for):
        return Pace(None if rate is None else 0.0, None, still_for, spark)
    is_ending = batch.status is BatchStatus.CANCELLING or batch.counts.total <= 0
    left = max(0.0, batch.counts.unfinished / rate * 60 - (now - samples[-1].at))
    return Pace(rate, None if is_ending else left, still_for, spark)


def thinned(samples: Sequence[Sample], limit: int = MAX_SAMPLES) -> tuple[Sample, ...]:
    """At most ``limit`` samples: the older half loses every second one, so that the recent past stays dense."""
    kept = tuple(samples)
    while len(kept) > max(2, limit):
        half = len(kept) // 2
        kept = kept[:half:2] + kept[half:]
    return kept


def with_sample(samples: tuple[Sample, ...], new: Sample, limit: int = MAX_SAMPLES) -> tuple[Sample, ...]:
    """The samples with one more at their end; an older time or a smaller count (a stale read) changes nothing.

    Of a stretch without movement only its two ends are kept: that is all a rate can use.
    """
    if samples and (new.at <= samples[-1].at or new.done < samples[-1].done):
        return samples
    if len(samples) >= 2 and samples[-2].done == samples[-1].done == new.done:
        return (*samples[:-1], new)
    return thinned((*samples, new), limit)


def sparkline(samples: Sequence[Sample], points: int = SPARK_POINTS) -> tuple[float, ...]:
    """Requests per minute over ``points`` equal slices of the recorded time; empty without movement in it."""
    if len(samples) < 2 or samples[-1].done <= samples[0].done:
        return ()
    start, width = samples[0].at, (samples[-1].at - samples[0].at) / points
    edges = [_done_at(samples, start + width * n) for n in range(points + 1)]
    return tuple(60 * (after - before) / width for before, after in pairwise(edges))


def _rate(samples: Sequence[Sample]) -> float | None:
    """Requests per minute since the last movement before the recent window, or since the first sample.

    It begins at a movement, so that a jump of the counts is spread over all the time it stands for.
    """
    if len(samples) < 2:
        return None
    newest, start = samples[-1], samples[0]
    for later, earlier in pairwise(reversed(samples)):
        if earlier.done < later.done < newest.done and newest.at - later.at >= WINDOW:
            start = later
            break
    span = newest.at - start.at
    return 60 * (newest.done - start.done) / span if span > 0 else None


def _stands_still(samples: Sequence[Sample], per_minute: float, still_for: float) -> bool:
    """True when it hasn't moved for much longer than its own rate, and its own usual gaps, explain."""
    moves = [after.at for before, after in pairwise(samples[-_RECENT:]) if after.done > before.done]
    usual_gap = max((later - earlier for earlier, later in pairwise(moves[-8:])), default=0.0)
    return still_for > max(_STALL_FLOOR, _STALL_FACTOR * usual_gap, _STALL_FACTOR * 60 / per_minute)


def _last_movement(batch: Batch, samples: Sequence[Sample]) -> float:
    """When the counts last rose; before any rise, when it entered ``in_progress`` or was first seen."""
    newest = samples[-1].done
    for before, after in zip(reversed(samples[:-1]), reversed(samples[1:]), strict=True):
        if before.done < newest:
            return after.at
    if newest == 0 and batch.times.in_progress is not None:
        return float(batch.times.in_progress)
    return samples[0].at


def _done_at(samples: Sequence[Sample], at: float) -> float:
    """Requests ended at a time within the samples, on the line between its neighbours."""
    n = bisect_right(samples, at, key=lambda sample: sample.at)
    if n in {0, len(samples)}:
        return float(samples[0 if n == 0 else -1].done)
    before, after = samples[n - 1], samples[n]
    return before.done + (at - before.at) / (after.at - before.at) * (after.done - before.done)
