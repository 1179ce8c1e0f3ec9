"""What reaches a terminal when every string of batches, files, results and local names is hostile."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest

from batch_tui.domain.text import printable, printable_body
from tests.support.hostile import ALL, HUGE, SHORT
from tests.support.pty_screen import Screen, scene

OURS = re.compile(
    r"\x1b\[[0-9;]*m"  # looks
    r"|\x1b\[[0-9;]*[HABCDJKd]"  # moves and clears
    r"|\x1b\[\?(?:25|7|1000|1003|1004|1006|1015|1016|1049|2004|2026|2048)[hl]"
    r"|\x1b\[\?(?:2026|2048)\$p"
    r"|\x1b\[(?:>\d+|<)u"
    r"|\x1b\[2[23];0t"
    r"|\x1b\]0;batch-tui[ \d▶✗>x]*\x07"
    r"|\x1b\]22;[a-z-]+\x07"  # the shape of the pointer
    r"|\r\n"
)
"""All that the screen itself may send beside text."""
FOREIGN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def foreign_in(output: bytes) -> list[str]:
    """Characters that are no text, after our own sequences are taken out."""
    rest = OURS.sub("", output.decode("utf-8"))
    return sorted({repr(char) for char in rest if unicodedata.category(char) in FOREIGN})


def look_everywhere(screen: Screen) -> None:
    """Every pane, tab and list that shows what came from outside."""
    screen.until_shown("EVIL", "live")
    files = ("1", "]", "]", "[", "[", "j\r", "2")
    for keys in (*files, "3", "]", "]", "]", "]", "]", "2\r", "4", "\rw", "\x1b", "/EVIL\x1b", "?"):
        screen.send(keys)
        screen.until_still()
    screen.send("\x1b2jj")
    for _ in range(7):
        screen.send("jj\r")
        screen.until_still()
        screen.send("2")
    screen.send("D")
    screen.until_still()


@pytest.mark.parametrize("size", [(200, 50), (80, 24)], ids=["wide", "narrow"])
def test_fault_27_56_57_71_72_73_75_list_poll_download_view_no_foreign_byte_reaches_the_terminal(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    with scene(tmp_path, "hostile", size=size) as screen:
        look_everywhere(screen)
        assert (tmp_path / "calls").read_text().count("list_files") > 1, "remote files were looked at"
        assert "[@click=app.quit()]" in screen.output.decode(), "markup is text"
        assert "␛]52;c;" in screen.output.decode(), "what is hostile is shown, and seen to be"
        screen.send("\x1b[<0;60;4M\x1b[<0;60;4m" * 3)
        screen.until_still()
        assert screen.process.poll() is None, "a click on markup does nothing"
        screen.send("\x11")
        assert screen.ended() == 0
        assert foreign_in(screen.output) == []
        assert screen.is_restored


@pytest.mark.parametrize("text", [ALL, *SHORT])
def test_fault_71_72_73_74_75_view_state_one_door_makes_any_text_harmless(text: str) -> None:
    for shown in (printable(text), printable_body(text)):
        assert not [char for char in shown if unicodedata.category(char) in FOREIGN and char not in "\n\t"]
        shown.encode("utf-8")


def test_fault_74_list_poll_download_view_a_megabyte_where_a_word_is_expected_costs_what_can_be_seen(
    tmp_path: Path,
) -> None:
    with scene(tmp_path, "huge") as screen:
        screen.until_shown("HUGE", "live")
        for place in range(3):
            below = "g" + "j" * place
            for keys in (f"2{below}3", "]]", "]]", f"2{below}\r", "\rw", f"\x1b1{below}\r", "]wG"):
                screen.send(keys)
                screen.until_still()
        screen.send("\x11")
        assert screen.ended() == 0
        assert foreign_in(screen.output) == []
        assert len(screen.output) < HUGE, "all that was shown is less than one of the texts"


def test_fault_74_view_a_line_of_a_megabyte_and_a_million_marks_are_bounded() -> None:
    line = "x" * 1_000_000
    assert len(printable(line)) <= 4096
    marks = printable_body("e" + "\u0301" * 1_000_000)
    assert len(marks) < 20
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 1000
    assert "\u200d" not in printable(family)
