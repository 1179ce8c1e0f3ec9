"""Which rows batches, groups and the queue make, before anything is drawn."""

from __future__ import annotations

from dataclasses import replace

from batch_tui.domain.batch import NAME_KEY, PARENT_KEY, Batch
from batch_tui.domain.lineage import GROUP_KEY, PART_KEY
from batch_tui.domain.queueing import QueueEntry, QueueStage
from batch_tui.domain.status import BatchStatus
from batch_tui.ui.panes.batch_rows import BatchRows
from tests.support.batches import NOON, a_batch, many
from tests.support.counted_id import CountedId
from tests.support.lineups import listed


def part(number: int, status: BatchStatus = BatchStatus.COMPLETED, *, of: int = 3, group: str = "g") -> Batch:
    metadata = {GROUP_KEY: group, PART_KEY: f"{number}/{of}", NAME_KEY: f"big {number}/{of}"}
    return a_batch(f"p{number}", status, total=10, completed=9, failed=1, created=NOON - 90, metadata=metadata)


def waiting(number: int, *, of: int = 3, group: str = "g", stage: QueueStage = QueueStage.WAITING) -> QueueEntry:
    metadata = {GROUP_KEY: group, PART_KEY: f"{number}/{of}"} if group else {}
    name = f"big {number}/{of}" if group else "alone"
    return QueueEntry(
        f"e{number}", f"/in/{number}.jsonl", "s", "/v1/chat/completions", "m", 5, 10, NOON, name=name,
        metadata=metadata, stage=stage, reason="No room.",
    )  # fmt: skip


def shown(rows: BatchRows) -> list[str]:
    return listed(rows, text="!nobody")


def three_parts() -> BatchRows:
    rows = BatchRows()
    rows.set_batches([a_batch("new"), part(1), part(2), a_batch("old", created=NOON - 900)])
    rows.set_queue([waiting(3)])
    return rows


def test_a_group_is_one_row_among_the_others_newest_first() -> None:
    rows = three_parts()
    assert shown(rows) == ["new", "g", "old"]
    assert rows.title("g") == "+ big ×3"
    whole = rows.get("g")
    assert whole is not None
    assert (whole.counts.total, whole.counts.completed, whole.counts.failed) == (30, 18, 2)


def test_it_unfolds_into_its_parts_in_file_order_with_those_that_wait() -> None:
    rows = three_parts()
    assert rows.fold("g", is_open=True) == "g"
    assert shown(rows) == ["new", "g", "p1", "p2", "queue:e3", "old"]
    assert rows.title("p2") == "  part 2/3"
    assert rows.title("g").startswith("- ")
    assert rows.fold("g", is_open=True) is None


def test_a_fold_is_closed_from_any_of_its_rows() -> None:
    rows = three_parts()
    rows.fold("g", is_open=True)
    assert rows.fold("queue:e3", is_open=False) == "g"
    assert shown(rows) == ["new", "g", "old"]
    assert rows.fold("new", is_open=True) is None


def test_a_retry_of_a_part_stands_in_its_group() -> None:
    rows = BatchRows()
    rows.set_batches([a_batch("again", metadata={PARENT_KEY: "p1"}), part(1), part(2), part(3)])
    rows.fold("g", is_open=True)
    assert shown(rows) == ["g", "p1", "p2", "p3", "again"]
    assert rows.with_groups(["again"]) == {"again", "g"}


def test_a_filter_that_keeps_one_part_shows_the_group() -> None:
    rows = three_parts()
    assert listed(rows, text="id:p2") == ["g"]
    assert listed(rows, text="nobody") == []


def test_an_alarmed_part_brings_its_group_to_the_top() -> None:
    assert listed(three_parts(), first=frozenset({"p1"})) == ["g", "new", "old"]


def test_what_waits_by_itself_stands_over_everything() -> None:
    rows = three_parts()
    rows.set_queue([waiting(3), waiting(9, group="")])
    assert shown(rows) == ["queue:e9", "new", "g", "old"]


def test_a_group_that_only_waits_is_there_before_its_first_batch() -> None:
    rows = BatchRows()
    rows.set_queue([waiting(1), waiting(2), waiting(3)])
    assert shown(rows) == ["g"]
    whole = rows.get("g")
    assert whole is not None
    assert whole.raw_status == "queued"


def test_a_part_that_was_refused_and_waits_again_is_one_row() -> None:
    rows = BatchRows()
    refused = replace(part(1, BatchStatus.FAILED, of=1), id="p1")
    rows.set_batches([refused])
    rows.set_queue([waiting(1, of=1)])
    rows.fold("g", is_open=True)
    assert shown(rows) == ["g", "queue:e1"]


def test_a_change_elsewhere_leaves_the_groups_and_one_of_a_part_adds_them_up_anew() -> None:
    rows = three_parts()
    before = rows.get("g")
    rows.set_batches([a_batch("new", completed=5), part(1), part(2)], touched=["new", "old"])
    assert rows.get("g") is before
    rows.set_batches([replace(part(1), counts=replace(part(1).counts, completed=10)), part(2)], touched=["p1"])
    whole = rows.get("g")
    assert whole is not None
    assert whole.counts.completed == 19
    rows.set_batches([part(2)], touched=["p1"])
    assert rows.groups["g"].missing == (1,)


def test_a_page_of_older_batches_looks_at_the_page_alone() -> None:
    batches = [replace(batch, id=CountedId(batch.id)) for batch in many(5_000)]
    rows = BatchRows()
    rows.set_batches(batches[:4_900])
    CountedId.looks = 0
    rows.set_batches(batches, touched=[batch.id for batch in batches[4_900:]])
    found = listed(rows)
    assert rows.batches_of(tuple(found)) == tuple(batches)
    assert CountedId.looks < 500
    assert found == [batch.id for batch in batches]


def test_batches_that_changed_or_went_while_others_came_are_what_they_are_now() -> None:
    rows = BatchRows()
    first = [a_batch(name, created=NOON - n) for n, name in enumerate("abc")]
    rows.set_batches(first)
    moved, late = replace(first[1], raw="moved"), a_batch("d", created=NOON - 9)
    rows.set_batches([first[0], moved, late], touched=["b", "c", "d"])
    assert listed(rows) == ["a", "b", "d"]
    assert rows.batches_of(("a", "b", "d")) == (first[0], moved, late)
    assert rows.get("c") is None
    assert len(rows) == 3


def test_everything_is_shown_by_what_keeps_all_as_by_nothing_that_hides() -> None:
    rows = three_parts()
    rows.fold("g", is_open=True)
    assert listed(rows) == shown(rows)
    assert listed(rows, first=frozenset({"old"}))[0] == "old"


def test_the_batches_of_the_marks_are_looked_up_once_and_anew_for_what_changed() -> None:
    rows, marks = three_parts(), frozenset({"old", "new", "g", "not there"})
    before = rows.marked(marks)
    assert [batch.id for batch in before] == ["new", "g", "old"]
    assert rows.marked(marks) is before
    assert [batch.id for batch in rows.marked(frozenset({"old"}))] == ["old"]
    ended = a_batch("new", BatchStatus.COMPLETED)
    rows.marked(marks)
    rows.set_batches([ended, part(1), part(2), a_batch("old", created=NOON - 900)], ["new"])
    assert ended in rows.marked(marks)
    whole = rows.marked(marks)[1]
    rows.set_queue([])
    assert rows.marked(marks)[1] != whole


def test_a_few_marks_and_very_many_are_found_in_the_order_of_the_list() -> None:
    rows = BatchRows()
    rows.set_batches([*many(300), part(1, of=2), part(2, of=2)])
    every = [f"b{n:05d}" for n in range(300)]
    newest = listed(rows)
    for marks in (every[7:9], every[:200], [*every, "g", "not there"]):
        found = rows.marked(frozenset(marks))
        assert [batch.id for batch in found] == [row_id for row_id in newest if row_id in marks]
    assert rows.marked(frozenset(newest)) == rows.tops
    rows.set_batches(many(300))
    assert rows.marked(frozenset(every)) == many(300)
