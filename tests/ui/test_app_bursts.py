"""Keys that arrive in one piece, behind a pane switch or before the screen is up, on a real terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from batch_tui.ui.session import load_session, session_file
from tests.support.pty_screen import Screen, scene
from tests.support.screen_program import REQUEST

SIZES = [(120, 36), (80, 24)]


def leave(screen: Screen) -> None:
    screen.until_shown("Help")
    screen.until_still()
    screen.send("q")
    screen.ended()


@pytest.mark.parametrize("size", SIZES)
def test_keys_behind_a_pane_switch_go_to_the_new_pane(tmp_path: Path, size: tuple[int, int]) -> None:
    (tmp_path / "workspace").mkdir()
    for name in "abcd":
        (tmp_path / "workspace" / f"{name}.jsonl").write_text(REQUEST)
    with scene(tmp_path, "calm", size=size) as screen:
        screen.until_shown("Help", "b00002")
        screen.until_still()
        screen.send("1jj\r")
        screen.until_shown("3 Inspect  c.jsonl")
        screen.send("2jjj")
        leave(screen)
    session = load_session(session_file(tmp_path / "state"))
    assert (session.pane, session.cursor) == ("batches", "b00003")


@pytest.mark.parametrize("size", SIZES)
def test_keys_typed_before_the_screen_is_up_move_in_the_list_of_the_last_run(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    with scene(tmp_path, "calm", size=size) as screen:
        screen.until_shown("Help", "b00002")
        leave(screen)
    with scene(tmp_path, "calm", size=size) as screen:
        screen.send("12jjj")
        leave(screen)
    session = load_session(session_file(tmp_path / "state"))
    assert (session.pane, session.cursor) == ("batches", "b00003")
