from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from batch_tui.ui.text.cells import Cell, Piece, Tone, cell_text
from batch_tui.ui.text.wrapping import shortened, wrapped

PIECES = st.lists(st.builds(Piece, st.text(max_size=60), st.sampled_from(Tone)), max_size=6).map(tuple)


def fact(label: str, *values: str) -> Cell:
    return (Piece(label.ljust(10), Tone.MUTED), *map(Piece, values))


def test_what_fits_stays_one_line() -> None:
    assert wrapped(fact("id", "batch_1"), 40) == [fact("id", "batch_1")]


def test_the_rest_goes_on_under_the_first_word() -> None:
    lines = wrapped(fact("refused", "A line is not JSON, so nothing of the file ran."), 36)
    assert [cell_text(line).rstrip() for line in lines] == [
        "refused   A line is not JSON, so",
        "          nothing of the file ran.",
    ]


def test_a_word_longer_than_a_line_is_cut() -> None:
    assert [cell_text(line) for line in wrapped((Piece("x" * 50),), 20)] == [
        "x" * 18,
        "  " + "x" * 18,
        "  " + "x" * 14,
    ]


def test_the_tones_stay_with_their_words() -> None:
    lines = wrapped((*fact("a", "one two three four five"), Piece("six", Tone.ERROR)), 30)
    assert [piece.text for line in lines for piece in line if piece.tone is Tone.ERROR] == ["six"]


@given(PIECES, st.integers(1, 80))
def test_no_line_is_wider_than_there_is_room_and_no_letter_is_lost(content: Cell, width: int) -> None:
    lines = wrapped(content, width)
    letters = "".join(cell_text(line) for line in lines)
    assert "".join(letters.split()) == "".join("".join(cell_text(wrapped(content, 0)[0])).split())
    # One letter alone may be wider than a line of one cell.
    assert all(cell_len(cell_text(line).rstrip()) <= max(width, 2) for line in lines)


@given(PIECES, st.integers(4, 80))
def test_what_is_shortened_fits_and_is_the_beginning_of_the_line(content: Cell, width: int) -> None:
    short = shortened(content, width, "…")
    if short is not content:
        kept = cell_text(short).removesuffix("…")
        assert cell_len(kept) + 1 <= width
        assert cell_text(wrapped(content, 0)[0]).startswith(kept)


def test_a_sentence_is_cut_behind_a_word_and_a_very_long_word_inside_it() -> None:
    assert cell_text(shortened((Piece("Make the line again, whole."),), 20, "…")) == "Make the line …"
    assert cell_text(shortened((Piece("Cancel "), Piece("x" * 50)), 30, "…")) == "Cancel " + "x" * 22 + "…"
