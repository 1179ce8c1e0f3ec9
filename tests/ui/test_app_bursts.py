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


BEHIND = {
    "a filter that is accepted": ("/run\r", "j", ("batches", "run0001")),
    "a choice of a menu": ("Yi", "j", ("batches", "run0000")),
    "a batch that is opened": ("\r", "2j", ("batches", "run0000")),
    "a question that is answered": ("jxy", "j", ("batches", "run0001")),
    "a command of the list": (":zoom\r", "jj", ("batches", "run0001")),
}


@pytest.mark.parametrize(("first", "behind", "place"), BEHIND.values(), ids=[*BEHIND])
def test_keys_in_one_packet_do_what_they_do_one_by_one(
    tmp_path: Path, first: str, behind: str, place: tuple[str, str]
) -> None:
    with scene(tmp_path, "work") as screen:
        screen.until_shown("Help", "run0002")
        screen.until_still()
        screen.send(first + behind)
        screen.until_still()
        screen.send("\x11")
        screen.ended()
    session = load_session(session_file(tmp_path / "state"))
    assert (session.pane, session.cursor) == place
