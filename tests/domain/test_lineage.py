from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain.batch import PARENT_KEY, Batch, Timestamps
from batch_tui.domain.lineage import family_of, parent_of, root_of


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
