from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from batch_tui.ui.widgets.line_editor import EditedLine

KEYS = ["backspace", "delete", "ctrl+w", "ctrl+u", "left", "right", "home", "end", "f5"]


@given(
    st.lists(st.one_of(st.sampled_from(KEYS).map(lambda key: ("key", key)), st.text().map(lambda t: ("text", t))))
)
def test_after_any_keys_the_cursor_is_inside_and_the_text_printable(steps: list[tuple[str, str]]) -> None:
    line = EditedLine()
    for kind, value in steps:
        line = line.insert(value) if kind == "text" else (line.press(value) or line)
        assert 0 <= line.cursor <= len(line.text)
        assert line.text.isprintable()


def test_words_and_everything_before_the_cursor_can_be_cut() -> None:
    line = EditedLine("status:failed nightly ", 22)
    cut = line.press("ctrl+w")
    assert cut == EditedLine("status:failed ", 14)
    assert EditedLine("abc", 2).press("ctrl+u") == EditedLine("c", 0)


def test_a_key_that_is_not_for_editing_is_refused() -> None:
    assert EditedLine("a", 1).press("f5") is None
