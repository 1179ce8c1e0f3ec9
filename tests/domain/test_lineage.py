from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain import groups, lineage
from batch_tui.domain.batch import PARENT_KEY, Batch, Timestamps
from batch_tui.domain.lineage import (
    GROUP_KEY,
    PART_KEY,
    family_of,
    first_of,
    group_of,
    latest_retry,
    missing_parts,
    parent_of,
    place_of,
    relatives_of,
    root_of,
)
from batch_tui.domain.status import BatchStatus


def batch(batch_id: str, parent: str = "", created: int = 0) -> Batch:
    metadata = {PARENT_KEY: parent} if parent else {}
    return Batch(batch_id, metadata=metadata, times=Timestamps(created=created))


def ids(batches: tuple[Batch, ...]) -> list[str]:
    return [member.id for member in batches]


def test_a_family_is_the_same_whichever_member_is_named() -> None:
    batches = [
        batch("c", "b", 3),
        batch("b", "a", 2),
        batch("other", "", 1),
        batch("a", "", 1),
        batch("b2", "a", 4),
    ]
    for name in ("a", "b", "b2", "c"):
        assert ids(family_of(name, batches)) == ["a", "b", "c", "b2"]
    assert ids(family_of("other", batches)) == ["other"]


def test_a_parent_that_is_gone_leaves_its_child_as_the_first() -> None:
    assert ids(family_of("b", [batch("b", "gone"), batch("c", "b", 1)])) == ["b", "c"]


def test_the_lines_of_strangers_are_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    followed: list[str] = []

    def noted(batch_id: str, batches: Mapping[str, Batch]) -> str:
        followed.append(batch_id)
        return root_of(batch_id, batches)

    monkeypatch.setattr(lineage, "root_of", noted)
    batches = [Batch("first"), Batch("again", metadata={PARENT_KEY: "first"}), *(Batch(str(n)) for n in range(99))]
    assert [batch.id for batch in family_of("again", batches)] == ["first", "again"]
    assert set(followed) == {"first", "again"}
    followed.clear()
    monkeypatch.setattr(groups, "root_of", noted)
    part = Batch("part", metadata={GROUP_KEY: "g", PART_KEY: "1/1"})
    assert [group.id for group in groups.groups_of([part, *batches])] == ["g"]
    assert set(followed) == {"part", "again"}


def test_an_unknown_batch_has_no_family() -> None:
    assert family_of("x", [batch("a")]) == ()


def test_an_empty_parent_is_none() -> None:
    assert parent_of(Batch("a", metadata={PARENT_KEY: ""})) is None


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("abcdefg"), min_size=1))
def test_parents_that_go_in_circles_end(parents: dict[str, str]) -> None:
    batches = {name: batch(name, parent) for name, parent in parents.items()}
    for name in batches:
        assert root_of(name, batches) in batches
        assert name in ids(family_of(name, batches.values())) or root_of(name, batches) != name


def part(batch_id: str, place: str, created: int = 0, **more: object) -> Batch:
    metadata = {GROUP_KEY: "G", PART_KEY: place}
    made = batch(batch_id, created=created)
    status = more.get("status", BatchStatus.COMPLETED)
    assert isinstance(status, BatchStatus)
    return replace(made, metadata=metadata, status=status)


def test_the_parts_of_a_group_and_their_retries_are_one_family() -> None:
    batches = [part("q", "2/2", 1), part("p", "1/2", 2), batch("r", "q", 3), batch("other", "", 4)]
    for name in ("p", "q", "r", "G"):
        assert ids(family_of(name, batches)) == ["p", "q", "r"]
    assert ids(first_of(batches[:3])) == ["p", "q"]


def test_a_group_asks_for_all_its_parts_and_a_part_for_itself() -> None:
    batches = [part("q", "2/2", 1), part("p", "1/2", 2), batch("r", "p", 3), batch("s", "r", 4)]
    whole = relatives_of("G", batches)
    assert whole is not None
    assert (ids(whole.asked), ids(whole.others)) == (["p", "q"], ["r", "s"])
    # The retry of the whole group hangs on its first part and may have answers for the second.
    one = relatives_of("q", batches)
    assert one is not None
    assert (ids(one.asked), ids(one.others)) == (["q"], ["r", "s"])
    retry = relatives_of("r", batches)
    assert retry is not None
    assert (ids(retry.asked), ids(retry.others)) == (["r"], ["p", "s"])
    assert ids(retry.all) == ["p", "r", "s"]
    assert relatives_of("nobody", batches) is None


def test_a_part_that_was_refused_and_sent_anew_counts_once() -> None:
    failed = BatchStatus.FAILED
    batches = [part("p", "1/2", 1), part("no", "2/2", 2, status=failed), part("yes", "2/2", 3)]
    assert ids(first_of(batches)) == ["p", "yes"]
    later = [part("yes", "1/1", 1), part("no", "1/1", 2, status=failed)]
    assert ids(first_of(later)) == ["yes"]
    assert ids(first_of([part("a", "1/1", 1, status=failed), part("b", "1/1", 2, status=failed)])) == ["b"]


def test_parts_that_no_batch_is_there_for_are_named() -> None:
    assert missing_parts([part("p", "1/4"), part("q", "3/4"), batch("r", "p")]) == (2, 4)
    assert missing_parts([part("p", "1/1")]) == ()
    assert missing_parts([batch("a")]) == ()


@pytest.mark.parametrize("place", ["", "3", "0/2", "3/2", "1/2/3", "a/b", "-1/2", "1/99999999"])
def test_a_place_that_makes_no_sense_is_none(place: str) -> None:
    assert place_of(part("p", place)) is None
    assert place_of(Batch("p", metadata={PART_KEY: "1/2"})) is None


def test_a_part_says_where_it_stands() -> None:
    place = place_of(part("p", "3/7"))
    assert place is not None
    assert str(place) == "3/7"
    assert group_of(part("p", "3/7")) == "G"


def test_the_latest_retry_is_the_newest_one_that_brought_something_back() -> None:
    first, second, third = batch("r1", "a", 2), batch("r2", "a", 3), batch("r3", "a", 4)
    others = [batch("a", "", 1), batch("again", "r2", 9), batch("other", "b", 9)]
    assert latest_retry("a", others) is None
    assert latest_retry("a", [third, *others, first, second]) == third
    answered = [replace(first, output_file_id="f1"), replace(second, error_file_id="f2")]
    assert latest_retry("a", [*answered, third, *others]) == answered[1]
