from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain.batch import PARENT_KEY, Batch
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.monitoring.store import NO_CHANGES, BatchStore, Changes
from tests.support.batches import BATCHES, NOON, a_batch, many
from tests.support.counted_id import CountedId

READS = st.lists(BATCHES, max_size=12)


def test_what_is_new_is_added_and_what_moved_is_updated() -> None:
    store = BatchStore()
    assert store.apply([a_batch("a"), a_batch("b")]) == Changes(added=("a", "b"))
    assert store.apply([a_batch("a"), a_batch("b", completed=5)]) == Changes(updated=("b",))
    found = store.get("b")
    assert found is not None
    assert found.counts.completed == 5


def test_an_unchanged_read_changes_nothing() -> None:
    store = BatchStore()
    store.apply(many(3))
    before = store.batches()
    assert not store.apply(many(3))
    assert store.batches() is before


@given(READS, READS)
def test_applying_the_same_reads_again_changes_nothing(first: list[Batch], second: list[Batch]) -> None:
    store = BatchStore()
    store.apply(first)
    store.apply(second)
    before = store.batches()
    assert store.apply(second) == NO_CHANGES
    assert store.batches() == before


@given(READS, READS)
def test_the_changes_are_exactly_the_difference(first: list[Batch], second: list[Batch]) -> None:
    store = BatchStore()
    store.apply(first)
    before = {batch.id: batch for batch in store.batches()}
    changes = store.apply(second)
    after = {batch.id: batch for batch in store.batches()}
    assert set(changes.added) == after.keys() - before.keys()
    assert set(changes.updated) == {i for i in before if before[i] != after[i]}
    assert changes.removed == ()


@given(READS)
def test_order_tally_and_active_ids_always_agree_with_the_batches(reads: list[Batch]) -> None:
    store = BatchStore()
    for read in reads:
        store.apply([read])
    batches = store.batches()
    assert len(batches) == len(store) == len({batch.id for batch in batches})
    assert list(batches) == sorted(batches, key=lambda b: (-(b.times.created or 0), b.id))
    assert store.tally == Counter(batch.status for batch in batches)
    assert store.active_ids == {batch.id for batch in batches if batch.status.is_active}


@given(st.lists(BATCHES, min_size=1, max_size=8))
def test_a_batch_that_ended_is_never_unended(reads: list[Batch]) -> None:
    store = BatchStore()
    ended: set[str] = set()
    for read in reads:
        store.apply([read])
        if read.is_terminal:
            ended.add(read.id)
        assert all(batch.is_terminal for batch in store.batches() if batch.id in ended)


def test_an_older_read_of_an_ended_batch_is_dropped_even_in_one_call() -> None:
    store = BatchStore()
    done = a_batch("a", BatchStatus.COMPLETED, completed=100, output="out")
    store.apply([done, a_batch("a", completed=40)])
    assert store.get("a") == done


def test_the_files_of_an_ended_batch_stay_known() -> None:
    store = BatchStore()
    store.apply([a_batch("a", BatchStatus.EXPIRED, output="out", errors="err")])
    assert store.apply([a_batch("a", BatchStatus.EXPIRED)]) == NO_CHANGES
    late = BatchStore()
    late.apply([a_batch("a", BatchStatus.COMPLETED)])
    assert late.apply([a_batch("a", BatchStatus.COMPLETED, output="out")]) == Changes(updated=("a",))


def test_a_status_may_go_back_while_nothing_has_ended() -> None:
    store = BatchStore()
    store.apply([a_batch("a", BatchStatus.FINALIZING)])
    paused = replace(a_batch("a", BatchStatus.UNKNOWN), raw_status="paused")
    assert store.apply([paused]) == Changes(updated=("a",))


def test_a_batch_that_is_gone_stays_until_it_is_dismissed() -> None:
    store = BatchStore()
    store.apply([a_batch("a"), a_batch("b")])
    assert store.dismiss("a") == NO_CHANGES
    assert store.mark_gone("a") == Changes(updated=("a",))
    assert store.mark_gone("a") == NO_CHANGES
    assert store.mark_gone("nobody") == NO_CHANGES
    assert store.is_gone("a")
    assert "a" in store
    assert store.active_ids == {"b"}
    assert store.dismiss("a") == Changes(removed=("a",))
    assert [batch.id for batch in store.batches()] == ["b"]
    assert store.tally == {BatchStatus.IN_PROGRESS: 1}


def test_a_batch_that_was_gone_is_back_when_it_is_read_again() -> None:
    store = BatchStore()
    store.apply([a_batch("a")])
    store.mark_gone("a")
    assert store.apply([a_batch("a")]) == Changes(updated=("a",))
    assert not store.is_gone("a")


def test_a_batch_without_a_creation_time_comes_last_and_moves_when_it_gets_one() -> None:
    store = BatchStore()
    store.apply([a_batch("x", created=None), a_batch("old", created=NOON - 9)])
    assert [batch.id for batch in store.batches()] == ["old", "x"]
    store.apply([a_batch("x", created=NOON)])
    assert [batch.id for batch in store.batches()] == ["x", "old"]


def test_the_servers_clock_is_learned_and_does_not_jitter() -> None:
    store = BatchStore()
    assert store.server_offset == 0.0
    store.note_server_time(NOON + 3600, NOON)
    store.note_server_time(NOON + 3601, NOON)
    assert store.server_offset == 3600.0
    store.note_server_time(NOON, NOON)
    assert store.server_offset == 0.0


@pytest.mark.parametrize(
    ("earlier", "later", "both"),
    [
        (Changes(added=("a",)), Changes(updated=("a",)), Changes(added=("a",))),
        (Changes(added=("a",)), Changes(removed=("a",)), NO_CHANGES),
        (Changes(updated=("a",)), Changes(updated=("b",)), Changes(updated=("a", "b"))),
        (Changes(updated=("a",)), Changes(removed=("a",)), Changes(removed=("a",))),
        (Changes(removed=("a",)), Changes(added=("a",)), Changes(updated=("a",))),
        (NO_CHANGES, Changes(added=("a",)), Changes(added=("a",))),
    ],
)
def test_two_changes_become_one_step(earlier: Changes, later: Changes, both: Changes) -> None:
    assert earlier.merge(later) == both
    assert bool(both) == (both != NO_CHANGES)


def test_an_update_of_a_few_compares_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    store = BatchStore()
    store.apply(many(2_000))
    compared = 0
    plain = Batch.__eq__

    def counting(self: Batch, other: object) -> bool:
        nonlocal compared
        compared += 1
        return plain(self, other)

    monkeypatch.setattr(Batch, "__eq__", counting)
    changed = [replace(batch, model="other") for batch in many(100)]
    assert len(store.apply(changed).updated) == 100
    assert compared <= 100


def test_all_are_given_in_their_order_after_each_page_without_a_look_at_each() -> None:
    batches = [replace(batch, id=CountedId(batch.id)) for batch in many(2_000)]
    store = BatchStore()
    store.apply(batches[:1_900])
    store.apply(batches[1_900:])
    store.apply([moved := replace(batches[7], times=replace(batches[7].times, created=NOON + 60))])
    CountedId.looks = 0
    assert store.batches() == (moved, *batches[:7], *batches[8:])
    assert CountedId.looks == 0


def test_a_batch_that_another_sends_again_is_known_for_it() -> None:
    store = BatchStore()
    retry = Batch("b2", BatchStatus.VALIDATING, metadata={PARENT_KEY: "b1"})
    store.apply([Batch("b1", BatchStatus.COMPLETED), retry])
    assert store.has_retries("b1")
    assert not store.has_retries("b2")
