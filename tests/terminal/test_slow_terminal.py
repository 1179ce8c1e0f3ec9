"""A terminal that takes nothing, and one whose size won't stand still: the work goes on, the picture is right."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.pty_screen import Screen, scene

REDRAW = "\x0c"


def damage(screen: Screen) -> list[tuple[str, str]]:
    """Lines as they stand there, and as a whole redraw shows them, where the two differ."""
    before = screen.lines()
    screen.fresh()
    screen.send(REDRAW)
    screen.until_shown("live", "Batches")
    screen.until_still()
    pairs = zip(without_clock(before), without_clock(screen.lines()), strict=True)
    return [(stood, drawn) for stood, drawn in pairs if stood != drawn]


def without_clock(lines: list[str]) -> list[str]:
    """Without what changes by itself: the header's age, each row's, and the docked line's message."""
    return [re.sub(r"\s*\d+\S*\s*", " # ", line.partition("live")[0]) for line in lines[:-1]]


def test_fault_67_list_upload_create_poll_download_cancel_view_state_nothing_waits_for_the_terminal(
    tmp_path: Path,
) -> None:
    calls = tmp_path / "calls"
    with scene(tmp_path, "work") as screen:
        screen.until_shown("done", "run0003", "live")
        taken = len(screen.output)
        screen.until_full("Gg")
        screen.send("r")
        screen.until_file_has(calls, "list_batches", 2)
        screen.send("D")
        screen.until_file_has(calls, "download_file")
        screen.send("jxy")
        screen.until_file_has(calls, "cancel_batch run0000")
        screen.send("1Gn")  # what was saved may stand above it
        screen.until_file_has(calls, "upload_file", keys="y")
        screen.until_file_has(calls, "create_batch")
        screen.send("2g" + "Gg" * 40 + "r")
        screen.until_file_has(calls, "list_batches", 3)
        assert screen.is_full, "all of it behind a terminal that took nothing"
        assert list((tmp_path / "state").rglob("operations/*.json")), "and the journal was written"
        screen.until_shown("cancelling", "good.jsonl")
        assert len(screen.output) - taken < 250_000, "what was out of date is not sent"
        screen.until_still()
        assert damage(screen) == []
        screen.send("q")
        assert screen.ended() == 0
        assert screen.is_restored


SIZES = ((1, 1), (1000, 1), (1, 1000), (60, 20), (39, 9), (1000, 1000), (200, 50), (80, 24), (2, 2))


def test_fault_68_list_upload_create_poll_download_cancel_view_state_a_storm_of_sizes_ends_in_the_right_screen(
    tmp_path: Path,
) -> None:
    calls = tmp_path / "calls"
    with scene(tmp_path, "work") as screen:
        screen.until_shown("done", "run0003", "live")
        for number in range(90):
            screen.resize(*SIZES[number % len(SIZES)])
        screen.resize(100, 30)
        screen.fresh()
        while "run0003" not in screen.shown():
            screen.send(REDRAW)
            screen.read(0.5)
        screen.until_still()
        screen.send("D")
        screen.until_file_has(calls, "download_file")
        screen.send("jxyr")
        screen.until_file_has(calls, "cancel_batch")
        screen.send("1Gn")  # what was saved may stand above it
        screen.until_shown("Submit good.jsonl?")
        screen.send("y2")
        screen.until_file_has(calls, "create_batch")
        screen.until_shown("live", "Batches", "run0003")
        screen.until_still()
        assert damage(screen) == []
        assert max(map(len, screen.lines())) <= 100
        screen.send("q")
        assert screen.ended() == 0
        assert screen.is_restored
