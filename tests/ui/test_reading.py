from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from batch_tui.ui.text.json_tones import json_pieces
from batch_tui.ui.text.lines import Lines, TextLine
from batch_tui.ui.widgets.reading import Reading, Row, breaks
from batch_tui.ui.widgets.viewer import clipped

TEXTS = st.lists(st.text("ab\u0301日 ", max_size=40), max_size=12)
STEP = st.one_of(
    st.tuples(st.sampled_from(["move", "page", "wheel", "shift", "go"]), st.integers(-30, 30)),
    st.tuples(st.sampled_from(["wrap", "next", "previous"]), st.just(0)),
)


def _reading(lines: list[str], width: int = 10, height: int = 4) -> Reading:
    reading = Reading()
    reading.open(Lines(map(TextLine, lines)))
    reading.resize(width, height)
    return reading


def _perform(reading: Reading, name: str, count: int) -> None:
    steps = {"move": reading.move, "page": reading.page_by, "wheel": reading.wheel, "go": reading.go_to}
    if name in steps:
        steps[name](count)
    elif name == "shift":
        reading.shift(count)
    elif name == "wrap":
        reading.toggle_wrap()
    else:
        reading.to_match(1 if name == "next" else -1)


@given(TEXTS, st.lists(STEP), st.integers(1, 20), st.integers(1, 8))
def test_after_any_steps_the_cursor_is_a_row_in_sight(
    lines: list[str], steps: list[tuple[str, int]], width: int, height: int
) -> None:
    reading = _reading(lines, width, height)
    reading.search("b")
    for name, count in steps:
        _perform(reading, name, count)
        rows = reading.rows()
        assert len(rows) <= height
        assert reading.left >= 0
        assert not lines or reading.cursor in rows


@given(TEXTS.filter(bool), st.integers(2, 20))
def test_wrapped_rows_hold_every_character_once_in_order(lines: list[str], width: int) -> None:
    reading = _reading(lines, width, 1000)
    reading.toggle_wrap()
    shown: dict[int, str] = {}
    for row in reading.rows():
        text = reading.source.line(row.line).text
        start, end = reading.span_of(row)
        shown[row.line] = shown.get(row.line, "") + text[start:end]
        assert len(reading.text_of(row, text)[1]) <= width
        assert reading.text_of(row, text)[1] in {text[start:end], text[start : end - 1]}
    assert shown == dict(enumerate(lines))


def test_a_wrapped_line_is_broken_between_words_and_a_long_word_where_the_row_is_full() -> None:
    reading = _reading(["the quick brown foxes jump", "a-word-longer-than-a-row"], width=10, height=20)
    reading.toggle_wrap()
    rows = [reading.text_of(row, reading.source.line(row.line).text)[1] for row in reading.rows()]
    assert rows == ["the quick ", "brown ", "foxes jump", "a-word-lon", "ger-than-a", "-row"]


def test_wrapped_json_is_broken_behind_a_comma_too() -> None:
    line = TextLine('{"first":1,"second":2,"third":3}', is_json=True)
    assert [line.text[start:] for start in breaks(line, 12)][1:] == ['"second":2,"third":3}', '"third":3}']


def test_a_match_in_a_wrapped_line_puts_the_cursor_on_its_row() -> None:
    reading = _reading(["one two three four five six"], width=9)
    reading.toggle_wrap()
    reading.search("four")
    text = reading.source.line(0).text
    assert "four" in reading.text_of(reading.cursor, text)[1]


@given(TEXTS.filter(bool), st.integers(2, 20))
def test_the_row_before_the_row_after_is_the_row_itself(lines: list[str], width: int) -> None:
    reading = _reading(lines, width)
    reading.toggle_wrap()
    row = Row(0)
    while (following := reading.after(row)) is not None:
        assert reading.before(following) == row
        row = following
    assert row.line == len(lines) - 1


@given(st.text())
def test_telling_json_apart_keeps_every_character_of_any_text(text: str) -> None:
    assert "".join(piece.text for piece in json_pieces(text)) == text


@given(st.text('{}":,1a \\'), st.integers(0, 60))
def test_clipping_pieces_is_clipping_their_text(text: str, start: int) -> None:
    assert "".join(piece.text for piece in clipped(json_pieces(text), start)) == text[start:]


def test_a_search_that_is_too_long_to_finish_says_so() -> None:
    reading = _reading(["x" * 5_000_000, "needle"])
    assert reading.search("needle").is_complete is False
