from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from batch_tui.ui.panes.columns import batch_columns
from batch_tui.ui.widgets.fitting import fit_columns

COLUMNS = batch_columns()


def _ids(width: int, skip: int = 0) -> list[str]:
    return [placed.column.id for placed in fit_columns(COLUMNS, width, skip=skip)]


def test_a_wide_table_shows_every_column_but_the_narrow_form_of_the_bar() -> None:
    assert _ids(120) == [column.id for column in COLUMNS if column.id != "percent"]


def test_columns_go_in_the_order_model_cost_time_left_then_the_bar_becomes_a_number() -> None:
    everything = set(_ids(200))
    gone: list[str] = []
    for width in range(200, 40, -1):
        gone += [column for column in sorted(everything) if column not in _ids(width) and column not in gone]
    assert gone[:4] == ["model", "cost", "left", "progress"]
    assert "percent" in _ids(62)


def test_a_very_wide_table_keeps_the_columns_beside_the_name_and_writes_the_model_out() -> None:
    widths = {placed.column.id: placed.width for placed in fit_columns(COLUMNS, 300)}
    assert widths["name"] == 48
    assert widths["model"] > 60
    at_120 = {placed.column.id: placed.width for placed in fit_columns(COLUMNS, 118)}
    assert at_120["model"] >= len("text-embedding-3-small")
    assert at_120["name"] >= 20


def test_sixty_cells_keep_name_word_and_counts() -> None:
    assert {"glyph", "name", "status", "total"} <= set(_ids(58))


def test_moving_columns_out_on_the_left_brings_in_those_on_the_right() -> None:
    assert "model" not in _ids(78)
    assert "model" in _ids(78, skip=4)
    assert _ids(78, skip=4)[:2] == ["glyph", "name"]


@given(st.integers(30, 300), st.integers(0, 12))
def test_columns_fill_the_width_exactly_and_never_overrun_it(width: int, skip: int) -> None:
    placed = fit_columns(COLUMNS, width, skip=skip)
    used = sum(entry.width for entry in placed) + len(placed) - 1
    assert used == width
    assert all(entry.width >= entry.column.width for entry in placed)
