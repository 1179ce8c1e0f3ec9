from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from batch_tui.jsonl.checking.ids import SeenIds


def test_a_repetition_in_bulk_is_refused_and_leaves_nothing_behind() -> None:
    seen = SeenIds()
    assert seen.take(["a", "b"], 1)
    assert not seen.take(["c", "a"], 3)
    assert seen.take(["c"], 3)
    assert not seen.take(["d", "d"], 4)
    assert seen.take(["d"], 4)


@given(groups=st.lists(st.lists(st.sampled_from("abcdefghijkl"), min_size=1, max_size=4), max_size=12))
def test_the_first_line_is_that_of_a_plain_table(groups: list[list[str]]) -> None:
    seen, number, table = SeenIds(), 1, dict[str, int]()
    for group in groups:
        is_new = len(set(group)) == len(group) and not table.keys() & set(group)
        assert seen.take(group, number) is is_new
        for n, custom_id in enumerate(group, number):
            if not is_new:
                assert seen.take([custom_id], n) is (custom_id not in table)
            first = table.setdefault(custom_id, n)
            assert seen.line_of(custom_id) == first
        number += len(group)


def test_the_line_is_that_of_the_whole_hash_not_of_bytes_that_lie_across_two() -> None:
    # Small numbers are their own hash: the bytes of the third stand across the first two as well.
    class Hashed(str):
        __slots__ = ("number",)
        number: int

        def __hash__(self) -> int:
            return self.number

    def hashed(number: int) -> Hashed:
        made = Hashed()
        made.number = number
        return made

    seen = SeenIds()
    assert seen.take([hashed(0x0100), hashed(0), hashed(1)], 1)
    assert seen.line_of(hashed(1)) == 3


def test_what_is_not_new_may_be_counted() -> None:
    seen = SeenIds()
    assert seen.take_all(["a", "b"], 1) == 0
    assert seen.take_all(["b", "c", "c", "d"], 3) == 2
    assert [seen.line_of(custom_id) for custom_id in "abcd"] == [1, 2, 4, 6]


def test_beyond_the_bound_every_id_counts_as_new() -> None:
    seen = SeenIds(bound=2)
    assert seen.take(["a", "b"], 1)
    assert seen.is_full
    assert seen.take(["a"], 3)
    assert seen.take(["b"], 4)
