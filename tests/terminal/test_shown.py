"""What goes to the terminal of a picture, when the terminal shows some of it already."""

from __future__ import annotations

from rich.console import Console
from rich.segment import Segment
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from batch_tui.ui.terminal.shown import ShownScreen

CONSOLE = Console()


def a_strip(text: str) -> Strip:
    return Strip([Segment(text)])


def whole(*lines: tuple[str, ...]) -> LayoutUpdate:
    """A picture of the whole screen."""
    width = sum(map(len, lines[0]))
    return LayoutUpdate([[a_strip(text) for text in line] for line in lines], Region(0, 0, width, len(lines)))


def part(y: int, left: int, right: int, *texts: str) -> ChopsUpdate:
    """A picture of some columns of a line of four cells, cut where the texts meet."""
    chops: list[dict[int, Strip | None]] = [{} for _ in range(y + 1)]
    ends: list[list[int]] = [[] for _ in range(y + 1)]
    x = 0
    for text in texts:
        chops[y][x] = a_strip(text)
        x += len(text)
        ends[y].append(x)
    return ChopsUpdate(chops, [(y, left, right)], ends)


def test_the_first_picture_is_sent_whole_each_piece_once() -> None:
    assert ShownScreen().sequences(whole(("ab", "cd"), ("ef", "gh")), CONSOLE) == "\x1b[1;1Habcd\x1b[2;1Hefgh"


def test_the_same_picture_again_sends_nothing() -> None:
    shown = ShownScreen()
    shown.sequences(whole(("ab", "cd")), CONSOLE)
    assert shown.sequences(whole(("ab", "cd")), CONSOLE) == ""


def test_only_the_piece_that_says_something_else_is_sent() -> None:
    shown = ShownScreen()
    shown.sequences(whole(("ab", "cd"), ("ef", "gh")), CONSOLE)
    assert shown.sequences(whole(("ab", "cd"), ("ef", "XY")), CONSOLE) == "\x1b[2;3HXY"


def test_a_part_that_is_shown_already_is_not_sent() -> None:
    shown = ShownScreen()
    shown.sequences(whole(("ab", "cd")), CONSOLE)
    assert shown.sequences(part(0, 2, 4, "ab", "cd"), CONSOLE) == ""
    assert shown.sequences(part(0, 2, 4, "ab", "XY"), CONSOLE) == "\x1b[1;3HXY"


def test_a_part_that_ends_inside_a_piece_is_cut_there() -> None:
    shown = ShownScreen()
    shown.sequences(whole(("abcd",)), CONSOLE)
    assert shown.sequences(part(0, 0, 2, "XYZW"), CONSOLE) == "\x1b[1;1HXY"


def test_what_a_piece_covered_is_sent_when_it_comes_back() -> None:
    shown = ShownScreen()
    shown.sequences(whole(("ab", "cd")), CONSOLE)
    shown.sequences(whole(("aXXd",)), CONSOLE)
    assert shown.sequences(whole(("ab", "cd")), CONSOLE) == "\x1b[1;1Habcd"


def test_a_piece_that_was_cut_off_is_not_taken_for_shown() -> None:
    shown = ShownScreen()
    shown.sequences(whole(("abcd",)), CONSOLE)
    shown.sequences(part(0, 0, 2, "XYcd"), CONSOLE)
    assert shown.sequences(whole(("abcd",)), CONSOLE) == "\x1b[1;1Habcd"


def test_a_forgotten_screen_is_sent_again() -> None:
    shown = ShownScreen()
    shown.sequences(whole(("ab", "cd")), CONSOLE)
    shown.forget()
    assert shown.sequences(whole(("ab", "cd")), CONSOLE) == "\x1b[1;1Habcd"


def test_another_size_sends_everything_again() -> None:
    shown = ShownScreen()
    shown.sequences(whole(("ab", "cd")), CONSOLE)
    assert shown.sequences(whole(("ab", "cd", "e")), CONSOLE) == "\x1b[1;1Habcde"


def test_a_picture_is_counted_as_shown_only_when_it_is_sent() -> None:
    shown = ShownScreen()
    shown.differences(whole(("ab", "cd")))
    assert shown.sequences(whole(("ab", "cd")), CONSOLE) == "\x1b[1;1Habcd"


def test_anything_but_a_picture_of_cells_is_sent_as_it_is_and_leaves_nothing_known() -> None:
    shown = ShownScreen()
    shown.sequences(whole(("ab", "cd")), CONSOLE)
    assert shown.differences("words") == "words"
    assert shown.sequences(whole(("ab", "cd")), CONSOLE) == "\x1b[1;1Habcd"
    assert shown.differences(None) is None
