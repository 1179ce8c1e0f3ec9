"""Signs, bars, columns: what a batch looks like before it is drawn."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from batch_tui.domain.batch import Batch, RequestCounts, Timestamps
from batch_tui.domain.pace import Pace
from batch_tui.domain.status import BatchStatus
from batch_tui.domain.text import printable
from batch_tui.ui.panes.batch_rows import BatchRows
from batch_tui.ui.panes.columns import COLUMNS, BatchFacts, View, age, batch_cells, batch_columns
from batch_tui.ui.panes.ordering import Order
from batch_tui.ui.text.bars import legend, progress_bar, sparkline
from batch_tui.ui.text.cells import Tone, cell_text
from batch_tui.ui.text.glyphs import ASCII, UTF8, batch_sign, status_sign
from tests.support.batches import NOON, a_batch
from tests.support.lineups import listed

COUNT = st.integers(-(10**6), 10**12)
ANY_BATCH = st.builds(
    Batch,
    st.text(min_size=1),
    st.sampled_from(BatchStatus),
    st.text(),
    counts=st.builds(RequestCounts, COUNT, COUNT, COUNT),
    times=st.builds(Timestamps, st.none() | st.integers(-(10**14), 10**14)),
    metadata=st.dictionaries(st.just("name"), st.text()),
    model=st.none() | st.text(),
)


def _cells(batch: Batch, *, is_absolute: bool = False, is_cancelling: bool = False) -> dict[str, str]:
    facts = BatchFacts(batch, Pace(168.0), Decimal("1.5"), is_cancelling=is_cancelling)
    cells = batch_cells(facts, COLUMNS, View(NOON + 3661, is_absolute=is_absolute))
    return {column.id: cell_text(content) for column, content in zip(COLUMNS, cells, strict=True)}


def test_every_state_has_a_sign_of_one_cell_and_none_is_used_twice() -> None:
    for is_ascii in (False, True):
        signs = [status_sign(status, is_ascii=is_ascii).glyph for status in BatchStatus]
        assert all(cell_len(sign) == 1 for sign in signs)
        assert len(set(signs)) == len(signs)
        assert not is_ascii or "".join(signs).isascii()


@pytest.mark.parametrize(
    ("completed", "failed", "glyph", "tone"),
    [(10, 0, "✓", Tone.SUCCESS), (8, 2, "!", Tone.WARNING), (0, 10, "✗", Tone.ERROR)],
)
def test_completed_is_green_only_when_something_succeeded_and_nothing_failed(
    completed: int, failed: int, glyph: str, tone: Tone
) -> None:
    sign = batch_sign(a_batch("b", BatchStatus.COMPLETED, total=10, completed=completed, failed=failed))
    assert (sign.glyph, sign.word, sign.tone) == (glyph, "completed", tone)


def test_a_word_nobody_knows_is_shown_as_it_came() -> None:
    assert batch_sign(Batch("b", BatchStatus.UNKNOWN, "Paused!")).word == "Paused!"


@given(ANY_BATCH, st.integers(0, 40), st.booleans())
def test_a_bar_is_as_wide_as_asked_whatever_the_counts(batch: Batch, width: int, is_ascii: bool) -> None:  # noqa: FBT001
    assert cell_len(cell_text(progress_bar(batch, width, ASCII if is_ascii else UTF8))) == width


def test_a_bar_is_full_only_when_nothing_is_left_and_one_failure_is_always_seen() -> None:
    assert cell_text(progress_bar(a_batch(total=10_000, completed=9_999), 8, UTF8)) == "███████▉"
    assert cell_text(progress_bar(a_batch(total=10_000, completed=10_000), 8, UTF8)) == "█" * 8
    assert "▒" in cell_text(progress_bar(a_batch(total=50_000, completed=100, failed=1), 8, UTF8))
    ended = a_batch("b", BatchStatus.EXPIRED, total=100, completed=50)
    assert cell_text(progress_bar(ended, 8, UTF8)) == "████····"
    assert cell_text(progress_bar(ended, 8, ASCII)) == "####...."


def test_a_bar_of_one_colour_is_green_only_when_every_request_succeeded() -> None:
    def tones(completed: int, failed: int) -> set[Tone]:
        batch = a_batch("b", BatchStatus.COMPLETED, total=9, completed=completed, failed=failed)
        return {piece.tone for piece in progress_bar(batch, 8, UTF8, has_red=False)}

    assert tones(9, 0) == {Tone.SUCCESS}
    assert tones(8, 1) == {Tone.WARNING}
    assert tones(0, 9) == {Tone.ERROR}


def test_the_legend_says_all_four_numbers_in_words() -> None:
    ended = a_batch("b", BatchStatus.EXPIRED, total=2000, completed=1188, failed=12)
    assert " ".join(cell_text(legend(ended, UTF8)).split()) == "█ 1,188 completed ▒ 12 failed · 800 never ran"


@given(st.lists(st.floats()), st.integers(0, 12))
def test_a_sparkline_bears_any_numbers(values: list[float], width: int) -> None:
    assert len(sparkline(values, width, UTF8)) == min(width, len(values))


def test_a_sparkline_shows_heights() -> None:
    assert sparkline([0, 50, 100, math.nan], 8, UTF8) == "▁▅█▁"


def test_the_columns_of_a_running_batch_read_as_on_the_sketch() -> None:
    cells = _cells(a_batch("b", total=50_000, completed=31_192, failed=12))
    assert cells["total"] == "31.2k/50.0k"
    assert cells["fail"] == "12"
    assert cells["age"] == "1h01m"
    assert cells["left"] == "22h58m"
    assert cells["percent"] == "62%"
    assert cells["rate"] == "168/min"
    assert cells["cost"] == "$1.50"


def test_a_cancellation_that_was_sent_shows_at_once() -> None:
    cells = _cells(a_batch(), is_cancelling=True)
    assert (cells["glyph"], cells["status"]) == ("⊗", "cancelling…")
    assert _cells(a_batch("b", BatchStatus.COMPLETED), is_cancelling=True)["status"] == "completed"


@given(ANY_BATCH, st.booleans())
def test_no_batch_a_server_can_send_breaks_a_cell_or_the_order(batch: Batch, is_absolute: bool) -> None:  # noqa: FBT001
    for text in _cells(batch, is_absolute=is_absolute).values():
        assert printable(text) == text
    rows = BatchRows()
    rows.set_batches([batch, a_batch()])
    for column in COLUMNS:
        assert len(listed(rows, order=Order(column.id))) == len(rows)


def test_ages_change_once_a_minute_so_that_a_still_screen_stays_still() -> None:
    assert [age(seconds) for seconds in (12, 59.9, 60, 119, 3600, 90_000, None)] == [
        "12s",
        "59s",
        "0h01m",
        "0h01m",
        "1h00m",
        "1d01h",
        "-",
    ]


def test_chosen_columns_keep_their_order_and_unknown_ones_are_left_out() -> None:
    chosen = [column.id for column in batch_columns(["cost", "nonsense", "progress", "cost"])]
    assert chosen == ["glyph", "name", "cost", "progress", "percent"]
