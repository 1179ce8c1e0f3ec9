"""Batches for tests, made in one line, and hypothesis strategies for any."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st

from batch_tui.domain.batch import NO_METADATA, Batch, RequestCounts, Timestamps
from batch_tui.domain.status import BatchStatus

NOON = 1_790_000_000
"""Unix seconds that tests take for now."""
DAY = 86_400


def a_batch(
    batch_id: str = "batch_1",
    status: BatchStatus = BatchStatus.IN_PROGRESS,
    *,
    total: int = 100,
    completed: int = 0,
    failed: int = 0,
    created: int | None = NOON,
    ended: int | None = None,
    output: str | None = None,
    errors: str | None = None,
    metadata: Mapping[str, str] = NO_METADATA,
) -> Batch:
    """A batch that is consistent in itself; ``ended`` fills the timestamp that belongs to the status."""
    return Batch(
        id=batch_id,
        status=status,
        raw_status=status.value,
        endpoint="/v1/chat/completions",
        input_file_id=f"file-in-{batch_id}",
        output_file_id=output,
        error_file_id=errors,
        completion_window="24h",
        counts=RequestCounts(total=total, completed=completed, failed=failed),
        times=Timestamps(
            created=created,
            expires=None if created is None else created + DAY,
            completed=ended if status is BatchStatus.COMPLETED else None,
            failed=ended if status is BatchStatus.FAILED else None,
            expired=ended if status is BatchStatus.EXPIRED else None,
            cancelled=ended if status is BatchStatus.CANCELLED else None,
        ),
        metadata=metadata,
        model="gpt-5-mini",
    )


def many(count: int, status: BatchStatus = BatchStatus.COMPLETED) -> tuple[Batch, ...]:
    """Batches newest first, a minute apart, ids ``b00000`` upward from the newest."""
    return tuple(
        a_batch(f"b{n:05d}", status, completed=100, created=NOON - 60 * n, ended=NOON, output=f"out-{n}")
        for n in range(count)
    )


_INSTANTS = st.none() | st.integers(min_value=-(10**6), max_value=4 * 10**9)

COUNTS = st.builds(
    RequestCounts,
    total=st.integers(-5, 60_000),
    completed=st.integers(-5, 60_000),
    failed=st.integers(-5, 60_000),
)
"""Counts as a server may send them, nonsense included."""

TIMES = st.builds(
    Timestamps,
    created=_INSTANTS,
    in_progress=_INSTANTS,
    finalizing=_INSTANTS,
    completed=_INSTANTS,
    failed=_INSTANTS,
    expires=_INSTANTS,
    expired=_INSTANTS,
    cancelling=_INSTANTS,
    cancelled=_INSTANTS,
)

BATCHES = st.builds(
    Batch,
    id=st.sampled_from(["a", "b", "c", "d"]),
    status=st.sampled_from(BatchStatus),
    counts=COUNTS,
    times=TIMES,
    output_file_id=st.none() | st.just("out"),
    error_file_id=st.none() | st.just("err"),
    metadata=st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=2),
)
"""Any batch, with ids from a small set so that reads collide."""
