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
    assert seen.first("d", 4) == 4


@given(groups=st.lists(st.lists(st.sampled_from("abcdefghijkl"), min_size=1, max_size=4), max_size=12))
def test_the_first_line_is_that_of_a_plain_table(groups: list[list[str]]) -> None:
    seen, number, table = SeenIds(), 1, dict[str, int]()
    for group in groups:
        is_new = len(set(group)) == len(group) and not table.keys() & set(group)
        assert seen.take(group, number) is is_new
        for n, custom_id in enumerate(group, number):
            first = table.setdefault(custom_id, n)
            if not is_new:
                assert seen.first(custom_id, n) == first
        number += len(group)


def test_what_is_not_new_may_be_counted() -> None:
    seen = SeenIds()
    assert seen.take_all(["a", "b"], 1) == 0
    assert seen.take_all(["b", "c", "c", "d"], 3) == 2
    assert [seen.first(custom_id, 9) for custom_id in "abcd"] == [1, 2, 4, 6]


def test_beyond_the_bound_every_id_counts_as_new() -> None:
    seen = SeenIds(bound=2)
    assert seen.take(["a", "b"], 1)
    assert seen.is_full
    assert seen.take(["a"], 3)
    assert seen.first("b", 4) == 4
