from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given

from batch_tui.domain.batch import NAME_KEY, NO_METADATA, Batch, RequestCounts, Timestamps
from batch_tui.domain.status import BatchStatus
from tests.support.batches import COUNTS, a_batch


@pytest.mark.parametrize(
    ("counts", "done", "unfinished", "fraction"),
    [
        (RequestCounts(), 0, 0, 0.0),
        (RequestCounts(100, 60, 10), 70, 30, 0.7),
        (RequestCounts(100, 100, 0), 100, 0, 1.0),
        (RequestCounts(10, 9, 9), 18, 0, 1.0),
        (RequestCounts(10, -3, 2), 2, 8, 0.2),
        (RequestCounts(-1, 2, 0), 2, 0, 0.0),
    ],
)
def test_counts_are_clamped_where_they_are_drawn(
    counts: RequestCounts,
    done: int,
    unfinished: int,
    fraction: float,
) -> None:
    assert (counts.done, counts.unfinished, counts.fraction) == (done, unfinished, fraction)


@given(COUNTS)
def test_no_counts_can_overflow_a_bar(counts: RequestCounts) -> None:
    assert 0.0 <= counts.fraction <= 1.0
    assert counts.done >= 0
    assert counts.unfinished >= 0
    if counts.total >= counts.done > 0:
        assert counts.done + counts.unfinished == counts.total


@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        ({}, "batch_1"),
        ({"name": ""}, "batch_1"),
        ({"description": "d"}, "d"),
        ({"description": "d", "job_name": "j"}, "j"),
        ({"name": "n", NAME_KEY: "given"}, "given"),
    ],
)
def test_a_batch_is_called_by_its_best_name(metadata: dict[str, str], name: str) -> None:
    assert a_batch(metadata=metadata).name == name


@pytest.mark.parametrize(
    ("status", "counts", "has_failures", "is_total_loss"),
    [
        (BatchStatus.COMPLETED, RequestCounts(9, 9, 0), False, False),
        (BatchStatus.COMPLETED, RequestCounts(9, 8, 1), True, False),
        (BatchStatus.COMPLETED, RequestCounts(9, 0, 9), True, True),
        (BatchStatus.COMPLETED, RequestCounts(0, 0, 0), False, False),
        (BatchStatus.IN_PROGRESS, RequestCounts(9, 0, 9), True, False),
        (BatchStatus.FAILED, RequestCounts(), True, False),
        (BatchStatus.EXPIRED, RequestCounts(9, 5, 0), True, False),
        (BatchStatus.CANCELLED, RequestCounts(9, 5, 0), False, False),
    ],
)
def test_an_end_says_whether_something_went_wrong(
    status: BatchStatus,
    counts: RequestCounts,
    has_failures: bool,  # noqa: FBT001
    is_total_loss: bool,  # noqa: FBT001
) -> None:
    batch = replace(a_batch(status=status), counts=counts)
    assert (batch.has_failures, batch.is_total_loss) == (has_failures, is_total_loss)


def test_the_end_is_the_time_of_whichever_end_it_was() -> None:
    assert Timestamps(created=1, in_progress=2, finalizing=3).ended is None
    for word in ("completed", "failed", "expired", "cancelled"):
        assert replace(Timestamps(created=1), **{word: 7}).ended == 7
    assert Timestamps(completed=0).ended == 0


def test_the_raw_text_is_no_difference() -> None:
    assert replace(a_batch(), raw="{}") == a_batch()


def test_a_batch_cannot_be_changed() -> None:
    batch = a_batch()
    with pytest.raises(FrozenInstanceError):
        batch.id = "other"  # type: ignore[misc]
    assert Batch("x").metadata is NO_METADATA
