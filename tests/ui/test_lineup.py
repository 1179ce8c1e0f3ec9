"""Which rows of Batches are shown, in which order, and how much is looked at for it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterable
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain.batch import NAME_KEY, Batch, Timestamps
from batch_tui.domain.lineage import GROUP_KEY, PART_KEY
from batch_tui.domain.status import BatchStatus
from batch_tui.ui.controllers.background import LongLived
from batch_tui.ui.panes.batch_rows import BatchRows
from batch_tui.ui.panes.columns import BatchFacts
from batch_tui.ui.panes.conditions import Readings, TextCondition
from batch_tui.ui.panes.filter_language import parse_filter
from batch_tui.ui.panes.lineup import Lineup
from batch_tui.ui.panes.ordering import Order
from batch_tui.ui.panes.row_fields import NUMBERS
from tests.support.batches import NOON, a_batch, many
from tests.support.lineups import lineup_of, listed

TEXTS = [
    "",
    "b",
    "b0",
    "b00",
    "b000 !b0003",
    "fail>0",
    "fail>0 b",
    "age<3m",
    "is:problem",
    "status:fail,compl",
    "new",
]
ORDERS = [
    Order(),
    Order("fail"),
    Order("fail", is_descending=False),
    Order("name"),
    Order("age", is_descending=False),
]


def rows_of(*batches: Batch) -> BatchRows:
    rows = BatchRows()
    rows.set_batches(batches)
    return rows


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each filter by words looked at."""
    found: list[int] = []
    select = TextCondition.select

    def counted(self: TextCondition, places: Iterable[int], readings: Readings, now: float) -> list[int]:
        places = tuple(places)
        found.append(len(places))
        return select(self, places, readings, now)

    monkeypatch.setattr(TextCondition, "select", counted)
    return found


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The id of each batch whose failed requests were read."""
    found: list[str] = []

    def noted(batch: Batch) -> float:
        found.append(batch.id)
        return batch.counts.failed

    monkeypatch.setattr("batch_tui.ui.panes.row_readings.NUMBERS", {**NUMBERS, "fail": noted})
    return found


@pytest.mark.parametrize(
    ("order", "sorted_ids"),
    [
        (Order("fail"), ["z", "a", "b"]),
        (Order("fail", is_descending=False), ["a", "b", "z"]),
        (Order("name"), ["z", "b", "a"]),
        (Order("age"), ["a", "z", "b"]),
        (Order("age", is_descending=False), ["z", "a", "b"]),
    ],
)
def test_rows_that_are_equal_stay_newest_first(order: Order, sorted_ids: list[str]) -> None:
    rows = rows_of(
        a_batch("a", total=9, created=NOON - 1),
        a_batch("z", total=9, failed=2, created=NOON - 3),
        replace(a_batch("b", total=9), times=Timestamps()),  # nobody knows when it was made
    )
    lineup = lineup_of(rows)
    assert listed(rows, lineup, order=order.reversed()) != sorted_ids
    assert listed(rows, lineup, order=order) == sorted_ids


def test_by_status_what_moves_stands_over_what_ended_badly_and_that_over_what_ended_well() -> None:
    ended = [BatchStatus.CANCELLED, BatchStatus.COMPLETED, BatchStatus.FAILED, BatchStatus.EXPIRED]
    moving = [BatchStatus.FINALIZING, BatchStatus.CANCELLING, BatchStatus.VALIDATING, BatchStatus.IN_PROGRESS]
    rows = rows_of(
        *(a_batch(f"{status} {n}", status, created=NOON - n) for n in range(2) for status in (*ended, *moving)),
        a_batch("with failures", BatchStatus.COMPLETED, failed=1, created=NOON - 9),
    )
    falling = [
        *(
            f"{status} {n}"
            for status in ("cancelling", "finalizing", "in_progress", "validating")
            for n in range(2)
        ),
        *(f"{status} {n}" for status in ("failed", "expired", "cancelled") for n in range(2)),
        *("with failures", "completed 0", "completed 1"),
    ]
    lineup = lineup_of(rows)
    assert listed(rows, lineup, order=Order("status")) == falling
    rising = listed(rows, lineup, order=Order("status", is_descending=False))
    assert rising[:3] == ["completed 0", "completed 1", "with failures"]
    assert rising[-2:] == ["cancelling 0", "cancelling 1"]


def test_one_more_letter_looks_only_at_the_rows_shown(looks: list[int]) -> None:
    rows = rows_of(*many(200))
    lineup = lineup_of(rows)
    for text in ("b001", "b0012", "b0012 b00123", "b0012", "x", "b00123"):
        listed(rows, lineup, text=text)
    assert looks == [200, 100, 10, 10, 200, 10]


def test_a_backspace_looks_at_no_row_unless_time_tells_which_are_shown(looks: list[int]) -> None:
    rows = rows_of(*many(200))
    lineup = lineup_of(rows)
    for text in ("b001", "b0012"):
        listed(rows, lineup, text=text)
    looks.clear()
    assert listed(rows, lineup, text="b001") == [f"b{n:05d}" for n in range(100, 200)]
    assert looks == []
    for text in ("age<3m b", "age<3m b0", "age<3m b"):
        listed(rows, lineup, text=text)
    assert looks == [3, 3, 3]


def test_a_filter_by_time_or_of_other_rows_looks_at_all_of_them(looks: list[int]) -> None:
    batches = many(20)
    rows = rows_of(*batches)
    lineup = lineup_of(rows)
    listed(rows, lineup, text="age<3m")
    listed(rows, lineup, text="age<3m b0")
    assert looks == [3]
    looks.clear()
    listed(rows, lineup, text="b0001")
    rows.set_batches([replace(batches[0], metadata={"name": "b00010 again"}), *batches[1:]], ["b00000"])
    assert listed(rows, lineup, text="b00010") == ["b00000", "b00010"]
    assert looks == [20, 20]


def test_a_toggle_of_the_order_reads_nothing_and_a_change_only_what_changed(reads: list[str]) -> None:
    batches = [a_batch(f"b{n}", failed=n, created=NOON - n) for n in range(50)]
    rows = rows_of(*batches)
    lineup = lineup_of(rows)
    assert listed(rows, lineup, order=Order("fail")) == [f"b{n}" for n in reversed(range(50))]
    assert len(reads) == 50
    reads.clear()
    assert listed(rows, lineup, order=Order("fail", is_descending=False)) == [f"b{n}" for n in range(50)]
    assert listed(rows, lineup, order=Order("fail"), text="b1")[0] == "b19"
    assert reads == []
    changed = a_batch("b7", failed=100, created=NOON - 7)
    rows.set_batches([*batches[:7], changed, *batches[8:]], ["b7"])
    assert listed(rows, lineup, order=Order("fail"))[0] == "b7"
    assert reads == ["b7"]
    reads.clear()
    rows.set_batches([a_batch("new", failed=3), *batches[:7], *batches[8:49]], ["new", "b7", "b49"])
    assert listed(rows, lineup, order=Order("fail"))[0] == "b48"
    assert reads == ["new"]


async def test_all_is_read_before_a_key_asks_for_it(reads: list[str]) -> None:
    rows = rows_of(*many(250))
    lineup = lineup_of(rows)
    settled: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    work = asyncio.create_task(lineup.read_ahead(settled.set_result))
    lineup.forget(["b00000"])
    assert await settled == len(reads) == 250
    work.cancel()
    listed(rows, lineup, order=Order("fail"))
    assert len(reads) == 250


def test_what_many_rows_are_made_of_is_looked_through_once_for_garbage() -> None:
    before = gc.get_freeze_count()
    try:
        long_lived = LongLived()
        long_lived.settled(200)
        assert gc.get_freeze_count() == before
        long_lived.settled(5_000)
        frozen = gc.get_freeze_count()
        assert frozen > before
        kept: list[list[int]] = [[] for _ in range(1_000)]
        long_lived.settled(5_100)
        assert gc.get_freeze_count() <= frozen
        long_lived.settled(6_100)
        assert gc.get_freeze_count() > frozen + len(kept) // 2
    finally:
        gc.unfreeze()


def test_what_is_known_beyond_the_services_words_is_asked_for_anew_when_it_is_another() -> None:
    alarmed: set[str] = set()
    rows = rows_of(*many(5))
    lineup = Lineup(rows, lambda batch: BatchFacts(batch, is_alarmed=batch.id in alarmed), ["name"])
    assert listed(rows, lineup, text="is:alarmed") == []
    alarmed.add("b00003")
    lineup.forget(["b00003"])
    assert listed(rows, lineup, text="is:alarmed") == ["b00003"]


STEP = st.tuples(st.sampled_from(TEXTS), st.sampled_from(ORDERS), st.integers(0, 6), st.integers(0, 3))


@given(st.lists(STEP, max_size=8))
def test_whatever_was_shown_before_what_is_shown_is_what_a_fresh_look_gives(
    steps: list[tuple[str, Order, int, int]],
) -> None:
    batches = [*many(6), a_batch("b00099", BatchStatus.FAILED, failed=1, created=NOON - 900)]
    rows = rows_of(*batches)
    lineup, numbers = lineup_of(rows), count()
    for text, order, place, move in steps:
        match move:
            case 0:
                batches[place] = replace(batches[place], counts=replace(batches[place].counts, failed=place + 1))
            case 1:
                batches.insert(0, a_batch(f"new{next(numbers)}", created=NOON + 9))
            case 2:
                del batches[0 if len(batches) < 8 else place]
                batches.append(a_batch(f"old{next(numbers)}", created=NOON - 9000))
            case _:
                pass
        rows.set_batches(batches)
        found = listed(rows, lineup, text=text, order=order)
        assert found == listed(rows, text=text, order=order)
        kept = [b.id for b in batches if parse_filter(text).matches(BatchFacts(b), float(NOON))]
        assert sorted(found) == sorted(kept)


@given(
    st.lists(
        st.tuples(st.sampled_from([*TEXTS, "p", "p1", "big", "!big", "big x"]), st.sampled_from(ORDERS)),
        max_size=6,
    )
)
def test_a_group_is_shown_with_each_of_its_batches_that_a_filter_keeps(steps: list[tuple[str, Order]]) -> None:
    metadata = {GROUP_KEY: "g", PART_KEY: "1/2", NAME_KEY: "big x 1/2"}
    parts = [
        a_batch(f"p{n}", failed=n, created=NOON - 90, metadata={**metadata, PART_KEY: f"{n}/2"}) for n in (1, 2)
    ]
    batches = [*many(5), *parts]
    rows = rows_of(*batches)
    lineup, whole = lineup_of(rows), rows.get("g")
    assert whole is not None
    for text, order in steps:
        found = listed(rows, lineup, text=text, order=order)
        kept = [b.id for b in (*batches, whole) if parse_filter(text).matches(BatchFacts(b), float(NOON))]
        assert set(found) == {"g" if row_id in {"p1", "p2"} else row_id for row_id in kept}
        assert found == [row_id for row_id in listed(rows, order=order) if row_id in found]
