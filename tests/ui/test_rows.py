from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.ui.widgets.picked import Picked
from batch_tui.ui.widgets.rows import RowModel
from tests.support.counted_id import CountedId

IDS = st.lists(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), unique=True).map(tuple)
STEP = st.one_of(
    st.tuples(st.just("rows"), IDS),
    st.tuples(st.sampled_from(["move", "page", "wheel"]), st.integers(-40, 40)),
    st.tuples(st.just("resize"), st.integers(-1, 12)),
    st.tuples(st.sampled_from(["mark", "range", "all", "clear"]), st.none()),
)


def _model(count: int, page: int) -> RowModel:
    rows = RowModel()
    rows.resize(page)
    rows.set_rows([str(number) for number in range(count)])
    return rows


def _perform(rows: RowModel, step: tuple[str, object]) -> None:
    name, value = step
    if isinstance(value, tuple):
        rows.set_rows(value)
    elif isinstance(value, int):
        {"move": rows.move, "page": rows.page_by, "wheel": rows.wheel, "resize": rows.resize}[name](value)
    else:
        {
            "mark": rows.toggle_mark,
            "range": rows.toggle_range,
            "all": rows.toggle_all,
            "clear": rows.clear_marks,
        }[name]()


@given(st.lists(STEP))
def test_after_any_steps_the_cursor_is_in_sight_and_no_line_is_wasted(
    steps: list[tuple[str, object]],
) -> None:
    rows = RowModel()
    for step in steps:
        _perform(rows, step)
        assert (rows.cursor is None) == (not rows.ids)
        assert rows.cursor is None or rows.cursor in rows.in_sight
        assert 0 <= rows.top <= max(0, len(rows.ids) - rows.page)


@given(IDS, IDS, st.integers(0, 25), st.integers(1, 10))
def test_the_cursor_follows_its_row_wherever_that_goes(
    before: tuple[str, ...], after: tuple[str, ...], place: int, page: int
) -> None:
    rows = RowModel()
    rows.resize(page)
    rows.set_rows(before)
    rows.move(place)
    cursor = rows.cursor
    rows.set_rows(after)
    if cursor in after:
        assert rows.cursor == cursor


def test_new_rows_above_leave_the_cursor_on_its_line_of_the_screen() -> None:
    rows = _model(100, 10)
    rows.page_by(50)
    line = rows.place - rows.top
    rows.set_rows(["new-1", "new-2", *rows.ids])
    assert (rows.cursor, rows.place - rows.top) == ("50", line)


def test_a_cursor_whose_row_is_gone_stays_at_its_position() -> None:
    rows = _model(10, 5)
    rows.move(4)
    rows.set_rows([row_id for row_id in rows.ids if row_id != "4"])
    assert rows.cursor == "5"


def test_stepping_over_the_edge_moves_the_sight_by_half_a_page_so_that_a_held_key_stays_cheap() -> None:
    rows = _model(1000, 30)
    moves = 0
    for _ in range(300):
        top = rows.top
        rows.move(rows.place + 1)
        moves += rows.top != top
    assert moves <= 300 / 15 + 1


def test_a_range_marks_what_lies_between_and_gives_back_what_is_left_again() -> None:
    rows = _model(10, 10)
    rows.set_marks(["9"])
    rows.move(2)
    rows.toggle_range()
    rows.move(5)
    assert rows.marks == {"2", "3", "4", "5", "9"}
    rows.move(3)
    assert rows.marks == {"2", "3", "9"}
    rows.toggle_range()
    rows.move(8)
    assert rows.marks == {"2", "3", "9"}


def test_marking_all_twice_leaves_only_marks_of_hidden_rows() -> None:
    rows = _model(3, 3)
    rows.set_marks(["hidden"])
    rows.toggle_all()
    assert rows.marks == {"0", "1", "2", "hidden"}
    rows.toggle_all()
    assert rows.marks == {"hidden"}


@pytest.mark.parametrize(("place", "top"), [(0, 0), (9, 0), (10, 5), (50, 45), (99, 90)])
def test_a_cursor_that_stood_before_the_first_page_is_shown_among_its_neighbours(place: int, top: int) -> None:
    rows = RowModel()
    rows.set_rows([f"r{number}" for number in range(100)])
    assert rows.move_to(f"r{place}")
    rows.resize(10)
    assert (rows.place, rows.top) == (place, top)


@given(IDS, IDS)
def test_rows_that_come_below_others_stand_where_they_would_had_they_come_together(
    above: tuple[str, ...], below: tuple[str, ...]
) -> None:
    ids = tuple(dict.fromkeys(above + below))
    stepwise, at_once = _model(0, 4), _model(0, 4)
    for shown in (above, ids):
        stepwise.set_rows(shown)
    at_once.set_rows(ids)
    for row_id in ids:
        assert stepwise.move_to(row_id)
        assert at_once.move_to(row_id)
        assert stepwise.place == at_once.place == ids.index(row_id)


def test_a_page_below_ten_thousand_rows_looks_at_the_page_alone() -> None:
    rows, ids = _model(0, 40), [CountedId(number) for number in range(10_100)]
    rows.set_rows(ids[:10_000])
    CountedId.looks = 0
    rows.set_rows(ids)
    assert CountedId.looks < 200
    assert rows.move_to("10099")


@given(IDS, st.permutations(range(26)), st.integers(0, 26), st.integers(0, 26))
def test_rows_picked_from_others_are_what_they_are_as_rows_of_their_own(
    ids: tuple[str, ...], order: list[int], count: int, place: int
) -> None:
    places = [n for n in order if n < len(ids)][:count]
    own, picked = _model(0, 4), _model(0, 4)
    for rows, others in ((own, [ids[n] for n in places]), (picked, Picked(ids, places))):
        rows.set_rows(ids)
        rows.move(place)
        rows.set_rows(others)
        rows.toggle_mark()
    assert (picked.cursor, picked.place, picked.top) == (own.cursor, own.place, own.top)
    assert (picked.in_sight, picked.marks) == (own.in_sight, own.marks)
    for rows in (own, picked):
        rows.toggle_all()
    assert picked.marks == own.marks
    assert tuple(picked.ids) == own.ids
    assert [row_id in picked for row_id in ids] == [row_id in own for row_id in ids]
    assert picked.move_to("nobody") is False
