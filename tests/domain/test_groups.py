from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain.batch import NAME_KEY, PARENT_KEY, Batch, RequestCounts, Usage
from batch_tui.domain.groups import Group, Grouping, groups_of
from batch_tui.domain.lineage import GROUP_KEY, PART_KEY
from batch_tui.domain.queueing import QueueEntry, QueueStage
from batch_tui.domain.status import BatchStatus
from tests.support.batches import NOON, a_batch

S = BatchStatus


def part(
    number: int,
    status: BatchStatus = S.COMPLETED,
    *,
    of: int = 3,
    total: int = 100,
    completed: int = 0,
    failed: int = 0,
) -> Batch:
    metadata = {GROUP_KEY: "g", PART_KEY: f"{number}/{of}", NAME_KEY: f"big {number}/{of}"}
    made = a_batch(f"b{number}", status, metadata=metadata, created=NOON + number, ended=NOON + 90 + number)
    return replace(made, counts=RequestCounts(total, completed, failed))


def retry(parent: str, *, total: int = 4, completed: int = 0, failed: int = 0) -> Batch:
    batch_id = f"again-{parent}"
    made = a_batch(batch_id, S.COMPLETED, metadata={PARENT_KEY: parent}, created=NOON + 500, ended=NOON + 600)
    return replace(made, counts=RequestCounts(total, completed, failed))


def entry(number: int, stage: QueueStage = QueueStage.WAITING, *, of: int = 3) -> QueueEntry:
    metadata = {GROUP_KEY: "g", PART_KEY: f"{number}/{of}"}
    return QueueEntry(
        id=f"e{number}",
        path=f"/parts/{number}.jsonl",
        sha256="",
        endpoint="/v1/responses",
        model="m",
        tokens=10,
        requests=100,
        created_at=NOON + 0.5,
        name=f"big {number}/{of}",
        metadata=metadata,
        stage=stage,
        reason="No room.",
    )


def the_group(*batches: Batch, entries: tuple[QueueEntry, ...] = ()) -> Group:
    (group,) = groups_of(batches, entries)
    return group


def test_a_group_has_its_parts_in_the_order_of_the_file_and_then_its_retries() -> None:
    again = replace(retry("b2"), metadata={PARENT_KEY: "b2"})
    group = the_group(part(3), again, part(1), a_batch("other"), entries=(entry(2),))
    assert [str(member.place) for member in group.members] == ["1/3", "2/3", "3/3"]
    assert [member.is_waiting for member in group.members] == [False, True, False]
    assert [batch.id for batch in group.batches] == ["b1", "b3"]
    group = the_group(part(3), again, part(2), part(1))
    assert [batch.id for batch in group.batches] == ["b1", "b2", "b3", "again-b2"]
    assert (group.name, group.size, group.missing) == ("big", 3, ())


def test_a_part_that_is_nowhere_is_named_and_fails_nothing() -> None:
    group = the_group(part(1), part(3))
    assert group.missing == (2,)
    assert group.status is S.CANCELLED
    assert the_group(part(1), part(3, S.EXPIRED)).status is S.EXPIRED
    assert the_group(part(1), entries=(entry(3, QueueStage.FAILED),)).status is S.FAILED


@pytest.mark.parametrize(
    ("statuses", "waits", "status", "word"),
    [
        ((S.COMPLETED, S.COMPLETED), 0, S.COMPLETED, "completed"),
        ((S.COMPLETED, S.EXPIRED), 0, S.EXPIRED, "expired"),
        ((S.FAILED, S.CANCELLED), 0, S.FAILED, "failed"),
        ((S.COMPLETED, S.IN_PROGRESS), 0, S.IN_PROGRESS, "in_progress"),
        ((S.CANCELLING, S.VALIDATING), 0, S.VALIDATING, "validating"),
        ((S.CANCELLING, S.CANCELLED), 0, S.CANCELLING, "cancelling"),
        ((S.IN_PROGRESS,), 1, S.IN_PROGRESS, "in_progress"),
        ((S.COMPLETED,), 1, S.IN_PROGRESS, "queued"),
        ((), 2, S.VALIDATING, "queued"),
    ],
)
def test_the_whole_has_ended_only_when_nothing_runs_and_nothing_waits(
    statuses: tuple[BatchStatus, ...], waits: int, status: BatchStatus, word: str
) -> None:
    size = len(statuses) + waits
    parts = [part(n, s, of=size, total=100, completed=90) for n, s in enumerate(statuses, 1)]
    held = tuple(entry(n, of=size) for n in range(len(statuses) + 1, size + 1))
    group = the_group(*parts, entries=held)
    assert group.status is status
    assert group.batch.raw_status == word
    assert group.is_ended is status.is_terminal


def test_what_a_retry_answered_is_completed() -> None:
    group = the_group(
        part(1, of=2, total=100, completed=96, failed=4),
        part(2, S.EXPIRED, of=2, total=100, completed=50),
        retry("b1", total=4, completed=3, failed=1),
    )
    assert group.counts == RequestCounts(200, 149, 1)
    assert group.status is S.EXPIRED
    whole = the_group(
        part(1, of=1, total=100, completed=96, failed=4),
        retry("b1", total=4, completed=4),
    )
    assert whole.counts == RequestCounts(100, 100, 0)
    assert whole.status is S.COMPLETED


def test_a_refused_part_that_a_retry_answered_is_counted_by_it() -> None:
    refused = part(2, S.FAILED, of=2, total=0)
    clean = part(1, of=2, total=100, completed=100)
    group = the_group(clean, refused, retry("b2", total=80, completed=80))
    assert (group.counts, group.status) == (RequestCounts(180, 180, 0), S.COMPLETED)
    some = the_group(clean, refused, retry("b2", total=80, completed=70, failed=10))
    assert (some.counts, some.status) == (RequestCounts(180, 170, 10), S.COMPLETED)
    whole = the_group(clean, refused, retry("b1", total=80, completed=80))
    assert (whole.counts, whole.status) == (RequestCounts(180, 180, 0), S.COMPLETED), "a retry of the whole"


def test_the_retry_of_a_retry_answers_a_refused_part_too() -> None:
    refused = part(1, S.FAILED, of=1, total=0)
    first = retry("b1", total=80, completed=70, failed=10)
    second = replace(retry(first.id, total=10, completed=8, failed=2), times=first.times)
    group = the_group(refused, first, second)
    assert (group.counts, group.status) == (RequestCounts(80, 78, 2), S.COMPLETED)


def test_what_no_retry_ran_keeps_a_group_from_being_completed() -> None:
    refused = part(2, S.FAILED, of=2, total=0)
    unclean = part(1, of=2, total=100, completed=96, failed=4)
    assert the_group(unclean, refused, retry("b1", total=84, completed=84)).status is S.FAILED, "of unknown size"
    expired = part(1, S.EXPIRED, of=1, total=100, completed=50, failed=10)
    again = replace(retry("b1", total=50, completed=30, failed=10), status=S.EXPIRED)
    assert the_group(expired, again).status is S.EXPIRED
    some = retry("b1", total=10, completed=5, failed=5)
    assert the_group(expired, some).counts == RequestCounts(100, 55, 15)
    assert the_group(expired, some).status is S.EXPIRED, "only the failed ones were sent again"


def test_a_refused_part_that_waits_again_counts_once() -> None:
    refused = part(2, S.FAILED, of=2, total=0)
    group = the_group(part(1, of=2, total=100, completed=100), refused, entries=(entry(2, of=2),))
    assert group.counts == RequestCounts(200, 100, 0)
    assert group.status is S.IN_PROGRESS
    assert group.waiting[0].reason == "No room."
    gone = the_group(
        part(1, of=2, total=100, completed=100), refused, entries=(entry(2, QueueStage.FAILED, of=2),)
    )
    assert gone.status is S.FAILED
    assert gone.counts == RequestCounts(200, 100, 0)
    assert the_group(part(1, of=2, completed=100), refused).status is S.FAILED


def test_as_one_batch_it_has_a_name_times_and_tokens() -> None:
    parts = [replace(part(n), usage=Usage(input_tokens=n), counts=RequestCounts(1, 1, 0)) for n in (1, 2, 3)]
    one = the_group(*parts).batch
    assert (one.id, one.name) == ("g", "big")
    assert (one.times.created, one.times.completed) == (NOON + 1, NOON + 93)
    assert one.usage == Usage(input_tokens=6)
    assert PART_KEY not in one.metadata
    untold = the_group(parts[0], parts[1], replace(parts[2], usage=None))
    assert untold.batch.usage is None


def test_only_the_queue_may_know_of_a_group() -> None:
    group = the_group(entries=(entry(1, of=2), entry(2, of=2)))
    assert (group.name, group.batch.model, group.counts) == ("big", "m", RequestCounts(200, 0, 0))
    assert group.batches == ()
    assert not group.has_results


def test_what_belongs_to_no_group_makes_none() -> None:
    assert groups_of([a_batch("x"), retry("x")], []) == ()


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from(S), st.integers(-2, 9), st.integers(-2, 9))))
def test_counts_are_never_more_than_all(rows: list[tuple[int, BatchStatus, int, int]]) -> None:
    batches = [
        replace(part(number, status, of=4, total=5, completed=done, failed=failed), id=f"x{place}")
        for place, (number, status, done, failed) in enumerate(rows)
    ]
    for group in groups_of(batches):
        assert group.counts.completed >= 0
        assert group.counts.done <= group.counts.total
        assert group.status.is_terminal is group.is_ended


def test_a_group_that_is_as_it_was_is_the_same_one_and_another_is_made_anew() -> None:
    grouping = Grouping()
    other = replace(part(1), id="y", metadata={GROUP_KEY: "h", PART_KEY: "1/1"})
    first = {group.id: group for group in grouping.of([part(1), part(2), other], [entry(3)])}
    again = {group.id: group for group in grouping.of([part(1), part(2), other], [entry(3)])}
    assert again["g"] is first["g"]
    assert again["h"] is first["h"]
    for batches, entries in (
        ([part(1), part(2, completed=5), other], [entry(3)]),
        ([part(1), part(2), retry("b1"), other], [entry(3)]),
        ([part(1), part(2), other], [entry(3, QueueStage.SENT)]),
        ([part(1), other], []),
    ):
        now = {group.id: group for group in grouping.of(batches, entries)}
        assert now["h"] is first["h"]
        assert now["g"] is not first["g"]
        assert tuple(now.values()) == groups_of(batches, entries)


def test_a_retry_that_was_listed_before_its_part_joins_the_group_with_it() -> None:
    grouping = Grouping()
    assert grouping.of([part(2), retry("b1")])[0].retries == ()
    assert grouping.of([part(2), retry("b1"), part(1)])[0].retries == (retry("b1"),)
