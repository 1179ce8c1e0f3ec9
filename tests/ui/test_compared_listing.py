"""How two answers are told apart in a row."""

from __future__ import annotations

import pytest

from batch_tui.ui.panes.compared_listing import apart


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("", "", ("", "")),
        ("yes", "no", ("yes", "no")),
        ("It was late", "It was lost", ("It was late", "It was lost")),
        ("One two three four late", "One two three four lost", ("…late", "…lost")),
        ("One two three four", "One two three four five", ("…four", "…four five")),
        ("One two three four, five", "One two three four six", ("…four, five", "…four six")),
        ("The very same long answer", "The very same long answer", ("The very same long answer",) * 2),
        ("withoutanyblankinthewholetext1", "withoutanyblankinthewholetext2", ()),
    ],
)
def test_two_answers_are_shown_from_where_they_differ(
    before: str, after: str, shown: tuple[str, str] | tuple[()]
) -> None:
    assert apart(before, after) == (shown or (before, after))
