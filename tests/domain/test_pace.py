from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain.batch import Batch, Timestamps
from batch_tui.domain.pace import (
    MAX_SAMPLES,
    SPARK_POINTS,
    Pace,
    Sample,
    pace_of,
    sparkline,
    thinned,
    with_sample,
)
from batch_tui.domain.status import BatchStatus
from tests.support.batches import BATCHES, NOON, a_batch

STEPS = st.lists(st.tuples(st.floats(0.1, 5_000), st.integers(0, 500)), max_size=60)


def walk(steps: list[tuple[float, int]]) -> tuple[Sample, ...]:
    samples: tuple[Sample, ...] = ()
    now, done = float(NOON), 0
    for seconds, more in steps:
        now, done = now + seconds, done + more
        samples = with_sample(samples, Sample(now, done))
    return samples


def steady(per_minute: int, minutes: int) -> tuple[Sample, ...]:
    return tuple(Sample(NOON + 60.0 * n, per_minute * n) for n in range(minutes + 1))


def running(done: int, total: int = 10_000) -> Batch:
    return a_batch(total=total, completed=done)


def test_a_steady_batch_has_its_rate_and_its_end() -> None:
    pace = pace_of(running(600), steady(100, 6), NOON + 360)
    assert pace.per_minute == 100
    assert pace.eta_seconds == 94 * 60
    assert pace.samples == (100.0,) * SPARK_POINTS


def test_time_since_the_last_poll_counts_towards_the_end() -> None:
    assert pace_of(running(600), steady(100, 6), NOON + 390).eta_seconds == 94 * 60 - 30


def test_the_rate_is_of_lately() -> None:
    slow_then_fast = (Sample(NOON, 0), Sample(NOON + 3600, 60), Sample(NOON + 4200, 1060))
    assert pace_of(running(1060), slow_then_fast, NOON + 4200).per_minute == 100


def test_one_jump_of_the_counts_is_spread_over_the_window() -> None:
    jumpy = (Sample(NOON, 0), Sample(NOON + 290, 0), Sample(NOON + 300, 1000))
    assert pace_of(running(1000), jumpy, NOON + 300).per_minute == 200


def test_one_sample_says_nothing_about_rate_or_end() -> None:
    pace = pace_of(running(5), (Sample(NOON, 5),), NOON + 30)
    assert pace == Pace(per_minute=None, eta_seconds=None, still_for=30.0, samples=())


def test_a_batch_that_has_not_moved_yet_has_no_end() -> None:
    still = (Sample(NOON, 0), Sample(NOON + 300, 0))
    pace = pace_of(running(0), still, NOON + 300)
    assert (pace.per_minute, pace.eta_seconds, pace.still_for) == (0.0, None, 300.0)


def test_a_batch_that_stopped_moving_has_no_end_and_says_since_when() -> None:
    samples = steady(100, 6)
    pace = pace_of(running(600), (*samples, Sample(NOON + 1200, 600)), NOON + 1200)
    assert (pace.per_minute, pace.eta_seconds, pace.still_for) == (0.0, None, 840.0)


def test_a_service_that_updates_rarely_is_not_called_still() -> None:
    rare = tuple(Sample(NOON + 600.0 * n, 500 * n) for n in range(5))
    pace = pace_of(running(2000), rare, NOON + 2400 + 900)
    assert pace.eta_seconds is not None
    assert pace.still_for == 900


def test_a_recent_past_without_movement_grows_until_it_has_some() -> None:
    seldom = (Sample(NOON, 0), Sample(NOON + 1500, 500), Sample(NOON + 3000, 1000), Sample(NOON + 4000, 1000))
    pace = pace_of(running(1000), seldom, NOON + 4000)
    assert pace.per_minute is not None
    assert 10 < pace.per_minute < 20
    assert pace.eta_seconds is not None


def test_stillness_before_any_movement_counts_from_the_start_of_the_work() -> None:
    batch = replace(running(0), times=Timestamps(in_progress=NOON - 500))
    assert pace_of(batch, (Sample(NOON, 0),), NOON + 10).still_for == 510


@pytest.mark.parametrize(
    "status",
    [BatchStatus.VALIDATING, BatchStatus.FINALIZING, *(status for status in BatchStatus if status.is_terminal)],
)
def test_only_a_batch_at_work_has_a_rate(status: BatchStatus) -> None:
    pace = pace_of(replace(running(600), status=status), steady(100, 6), NOON + 360)
    assert (pace.per_minute, pace.eta_seconds, pace.still_for) == (None, None, None)
    assert pace.samples


def test_what_is_being_cancelled_or_has_no_total_has_a_rate_but_no_end() -> None:
    cancelling = replace(running(600), status=BatchStatus.CANCELLING)
    for batch in (cancelling, running(600, total=0)):
        pace = pace_of(batch, steady(100, 6), NOON + 360)
        assert (pace.per_minute, pace.eta_seconds) == (100, None)


@given(BATCHES, STEPS, st.floats(-1e5, 1e6))
def test_nothing_a_service_sends_makes_a_pace_absurd(
    batch: Batch,
    steps: list[tuple[float, int]],
    later: float,
) -> None:
    pace = pace_of(batch, walk(steps), NOON + later)
    for value in (pace.per_minute, pace.eta_seconds, pace.still_for, *pace.samples):
        assert value is None or (math.isfinite(value) and value >= 0)


@given(STEPS)
def test_samples_stay_bounded_ordered_and_keep_both_ends(steps: list[tuple[float, int]]) -> None:
    samples: tuple[Sample, ...] = ()
    for sample in (steps_samples := walk(steps * 4)):
        samples = with_sample(samples, sample, limit=10)
    assert len(samples) <= 10
    assert [s.at for s in samples] == sorted({s.at for s in samples})
    assert [s.done for s in samples] == sorted(s.done for s in samples)
    if steps:
        assert samples[0].at == steps_samples[0].at
        assert samples[-1] == steps_samples[-1]


def test_an_older_or_smaller_read_is_not_a_sample() -> None:
    samples = (Sample(10.0, 5),)
    assert with_sample(samples, Sample(9.0, 6)) is samples
    assert with_sample(samples, Sample(10.0, 6)) is samples
    assert with_sample(samples, Sample(11.0, 4)) is samples


def test_a_stretch_without_movement_takes_two_samples() -> None:
    samples: tuple[Sample, ...] = ()
    for n in range(50):
        samples = with_sample(samples, Sample(float(n), 7))
    assert samples == (Sample(0.0, 7), Sample(49.0, 7))


def test_thinning_keeps_the_recent_past_dense() -> None:
    samples = tuple(Sample(float(n), n) for n in range(MAX_SAMPLES * 2))
    kept = thinned(samples)
    assert len(kept) <= MAX_SAMPLES
    assert kept[0] == samples[0]
    assert kept[-30:] == samples[-30:]


def test_a_sparkline_follows_the_shape() -> None:
    samples = (Sample(0.0, 0), Sample(240.0, 0), Sample(480.0, 480))
    assert sparkline(samples) == (0.0,) * 4 + (120.0,) * 4
    assert sparkline(samples[:2]) == ()
    assert sparkline(()) == ()
