"""An editor or a pager has the terminal: the work goes on behind it, and it keeps nobody from ending."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.pty_screen import Screen, is_stopped, scene

WAITS = "printf '\\033[?1049h\\033[?1000hGUEST IS HERE'; while :; do sleep 0.05; done"
PATIENT = f"trap 'echo told > \"$0.told\"; exit 0' HUP; {WAITS}"
STUBBORN = f"trap '' HUP TERM; {WAITS}"


@contextmanager
def guest(folder: Path, script: str, *, name: str = "calm") -> Iterator[Screen]:
    """The screen, with an editor of this script in front of it."""
    editor = folder / "editor"
    editor.write_text(f'#!/bin/sh\necho $$ > "$0.pid"\n{script}\n')
    editor.chmod(0o755)
    with scene(folder, name, environ={"EDITOR": str(editor)}) as screen:
        try:
            screen.until_shown("live", "Batches")
            screen.send("e")
            screen.until_shown("GUEST IS HERE")
            yield screen
        finally:
            stop(folder)


def stop(folder: Path) -> None:
    """End the editor that a test left behind."""
    pid = int((folder / "editor.pid").read_text())
    if Path(f"/proc/{pid}").exists():
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGHUP, id="fault_64_view_hang_up"),
        pytest.param(signal.SIGTERM, id="fault_65_view_terminate"),
    ],
)
@pytest.mark.parametrize("script", [PATIENT, STUBBORN], ids=["a_guest_that_ends", "a_guest_that_stays"])
def test_a_signal_ends_it_behind_an_editor_too(tmp_path: Path, number: signal.Signals, script: str) -> None:
    with guest(tmp_path, script) as screen:
        screen.signal(number)
        assert screen.ended() == 128 + number
        assert screen.is_restored
        assert (tmp_path / "editor.told").exists() == (script is PATIENT), "the guest is hung up on"
    assert (tmp_path / "state" / "session.json").exists()


def test_fault_64_view_a_terminal_that_is_gone_behind_an_editor_ends_it(tmp_path: Path) -> None:
    with guest(tmp_path, STUBBORN) as screen:
        screen.hang_up()
        assert screen.ended_unread() == 128 + signal.SIGHUP


def test_fault_65_create_view_what_may_cost_money_is_told_behind_an_editor_too(tmp_path: Path) -> None:
    with guest(tmp_path, PATIENT, name="bug-while-working") as screen:
        stop(tmp_path)
        screen.until_shown("run0003")
        screen.send("1gn")
        screen.until_shown("Submit good.jsonl?")
        screen.send("y2")
        screen.until_file_has(tmp_path / "calls", "create_batch")
        screen.send("e")
        screen.until_shown("GUEST IS HERE")
        screen.signal(signal.SIGTERM)
        assert screen.ended() == 128 + signal.SIGTERM
        assert b"maybe submitted" in screen.output.rpartition(b"\x1b[?1049l")[2]


def test_polls_go_on_behind_an_editor_and_the_screen_comes_back_as_it_is_now(tmp_path: Path) -> None:
    release = "read line; printf '\\033[?1049l'"
    with guest(tmp_path, f"printf 'GUEST IS HERE'; {release}", name="hurried") as screen:
        seen = (tmp_path / "calls").read_text().count("list_batches")
        taken = len(screen.output)
        screen.until_file_has(tmp_path / "calls", "list_batches", seen + 2)
        assert not screen.read(0)
        assert len(screen.output) == taken, "nothing is drawn over the guest"
        screen.fresh()
        screen.send("\r")
        screen.until_shown("Batches", "live")
        screen.send("q")
        assert screen.ended() == 0
        assert screen.is_restored


def test_fault_65_view_ctrl_c_in_an_editor_is_the_editors(tmp_path: Path) -> None:
    with guest(tmp_path, f"trap 'printf INTERRUPTED' INT QUIT; {WAITS}") as screen:
        screen.send("\x03")
        screen.until_shown("INTERRUPTED")
        screen.send("\x1c")
        screen.until(lambda: screen.output.count(b"INTERRUPTED") == 2)
        stop(tmp_path)
        screen.until_shown("Batches", "live")
        screen.send("q")
        assert screen.ended() == 0


def test_fault_66_view_ctrl_z_in_an_editor_stops_both_and_fg_goes_back_to_it(tmp_path: Path) -> None:
    with guest(tmp_path, WAITS) as screen:
        screen.send("\x1a")
        screen.until(lambda: is_stopped(screen.process.pid), "it is stopped")
        taken = len(screen.output)
        os.killpg(screen.process.pid, signal.SIGCONT)
        screen.until(lambda: not is_stopped(screen.process.pid), "it goes on")
        screen.until_still()
        assert b"Batches" not in screen.output[taken:], "the editor still has the terminal"
        stop(tmp_path)
        screen.fresh()
        screen.until_shown("Batches", "live")
        screen.send("q")
        assert screen.ended() == 0


def test_an_editor_that_does_not_exist_is_one_sentence_and_the_screen_is_back(tmp_path: Path) -> None:
    with scene(tmp_path, "calm", environ={"EDITOR": "/nowhere/editor"}) as screen:
        screen.until_shown("live", "Batches")
        screen.send("e")
        screen.until_shown("/nowhere/editor can't be started")
        screen.send("j")
        screen.until_shown("b00001", "Batches")
        screen.send("q")
        assert screen.ended() == 0
        assert screen.is_restored


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 3", "ended with exit code 3."),
        ("kill -SEGV $$", "was ended by SIGSEGV."),
        ("kill -36 $$", "was ended by signal 36."),
    ],
)
def test_an_editor_that_ends_badly_is_told_of(tmp_path: Path, script: str, said: str) -> None:
    editor = tmp_path / "ed"
    editor.write_text(f"#!/bin/sh\n{script}\n")
    editor.chmod(0o755)
    with scene(tmp_path, "calm", environ={"EDITOR": str(editor)}, size=(200, 50)) as screen:
        screen.until_shown("live", "Batches")
        screen.send("e")
        screen.until_shown(f"/ed {said}", "Batches")
        screen.send("q")
        assert screen.ended() == 0
        assert screen.is_restored
