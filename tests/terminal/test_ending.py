"""How the screen ends when it is made to: the terminal as it was found, the session kept, nothing left running."""

from __future__ import annotations

import os
import resource
import signal
import stat
import sys
import termios
from pathlib import Path

import pytest

from tests.support.pty_screen import Screen, is_stopped, scene, terminal
from tests.support.screen import KEY

WITHOUT_SPIN = 3.0
"""Seconds of a processor, not of the clock: a program that spins takes all it gets until it is killed."""

TAKEN = b"\x1b[?1049h"
"""What a program says when it takes the terminal."""


def opened(screen: Screen) -> Screen:
    screen.until_shown("b00003", "live")
    return screen


def has_mouse(screen: Screen) -> bool:
    """Whether the program has taken the mouse, by what it said last."""
    return screen.output.rfind(b"\x1b[?1000h") > screen.output.rfind(b"\x1b[?1000l")


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGHUP, id="fault_64_view_hang_up"),
        pytest.param(signal.SIGTERM, id="fault_65_view_terminate"),
        pytest.param(signal.SIGINT, id="fault_65_view_interrupt"),
    ],
)
def test_a_signal_ends_it_with_the_terminal_as_it_was_and_the_place_kept(
    tmp_path: Path, number: signal.Signals
) -> None:
    with scene(tmp_path, "calm") as screen:
        opened(screen).send("jj ")
        screen.until_shown("▪")
        screen.signal(number)
        assert screen.ended() == 128 + number
        assert screen.is_restored
    with scene(tmp_path, "calm") as again:
        opened(again).send("g")
        assert "▪ ✓ b00002" in again.until_shown("b00002", "b00003")


@pytest.mark.parametrize("is_own", [True, False], ids=["told_by_a_signal", "seen_by_the_end_of_input"])
def test_fault_64_view_state_a_terminal_that_is_gone_ends_it_without_a_spin(
    tmp_path: Path, *, is_own: bool
) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    with scene(tmp_path, "calm", is_own=is_own) as screen:
        opened(screen).hang_up()
        assert screen.ended_unread() == 128 + signal.SIGHUP
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < WITHOUT_SPIN
    assert (tmp_path / "state" / "session.json").exists()


def test_fault_65_view_a_terminal_that_takes_nothing_can_not_keep_it(tmp_path: Path) -> None:
    with scene(tmp_path, "calm") as screen:
        opened(screen).send("Gg" * 40 + "r")
        screen.until_file_has(tmp_path / "calls", "list_batches", 2)
        screen.signal(signal.SIGTERM)
        assert screen.ended_unread() == 128 + signal.SIGTERM


def test_who_waits_for_keys_keeps_nobody_from_ending(tmp_path: Path) -> None:
    patient = "import runpy, batch_tui.ui.terminal.driver as driver; driver._LOOK = 3600.0\n"
    program = patient + "runpy.run_module('tests.support.screen_program', run_name='__main__')"
    with terminal(["-c", program, str(tmp_path), "calm"]) as screen:
        opened(screen).send("\x11")
        assert screen.ended() == 0
        assert screen.is_restored


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        pytest.param("bug-in-worker", "", id="fault_70_list_poll_in_a_worker"),
        pytest.param("bug-in-handler", "\x0c", id="fault_70_view_in_a_handler"),
        pytest.param("bug-in-draw", "\x0c", id="fault_70_view_in_a_widget_that_draws_itself"),
        pytest.param("bug-in-keys", "U", id="fault_70_view_in_the_thread_that_reads_keys"),
    ],
)
def test_a_bug_leaves_a_redacted_report_and_the_terminal_as_it_was(tmp_path: Path, name: str, keys: str) -> None:
    with scene(tmp_path, name) as screen:
        if keys:
            screen.until_shown("live")
            screen.send(keys)
        assert screen.ended() == 1
        assert screen.is_restored
        (report,) = (tmp_path / "state").glob("crash-*.txt")
        assert stat.S_IMODE(report.stat().st_mode) == 0o600
        text = report.read_text()
        assert "Traceback" in text
        assert KEY not in text
        assert KEY.encode() not in screen.output
        assert f"the report is in {report}"[:40].encode() in screen.output
        assert b"Traceback" not in screen.output


def test_fault_66_view_ctrl_z_gives_the_terminal_back_and_fg_the_whole_screen(tmp_path: Path) -> None:
    with scene(tmp_path, "calm") as screen:
        opened(screen).send("\x1a")
        screen.until(lambda: is_stopped(screen.process.pid), "it is stopped")
        screen.until(lambda: not screen.read(0))
        assert screen.is_lent
        screen.fresh()
        screen.signal(signal.SIGCONT)
        screen.until_shown("b00003", "live", "Inspect")
        screen.send("j")
        screen.until_shown("b00001")
        screen.send("q")
        assert screen.ended() == 0
        assert screen.is_restored


def test_fault_66_view_a_mouse_that_was_let_go_of_stays_the_terminals_after_fg(tmp_path: Path) -> None:
    with scene(tmp_path, "calm") as screen:
        opened(screen).send("M")
        screen.until_shown("The mouse is the terminal's")
        assert not has_mouse(screen)
        screen.send("\x1a")
        screen.until(lambda: is_stopped(screen.process.pid), "it is stopped")
        screen.fresh()
        screen.signal(signal.SIGCONT)
        screen.until_shown("b00003", "live", "Inspect")
        assert not has_mouse(screen)
        screen.send("M")
        screen.until_shown("The mouse is ours again.")
        assert has_mouse(screen)
        screen.send("q")
        assert screen.ended() == 0
        assert screen.is_restored


def test_fault_66_view_the_shell_has_its_own_title_while_the_screen_is_away(tmp_path: Path) -> None:
    title = "\x1b]0;batch-tui 1✗\x07".encode()
    with scene(tmp_path, "calm") as screen:
        opened(screen).until(lambda: title in screen.output, "the title")
        screen.send("\x1a")
        screen.until(lambda: is_stopped(screen.process.pid), "it is stopped")
        screen.until(lambda: not screen.read(0))
        assert screen.is_restored
        taken = len(screen.output)
        screen.signal(signal.SIGCONT)
        screen.until(lambda: title in screen.output[taken:], "the title")
        screen.send("q")
        assert screen.ended() == 0
        assert screen.is_restored


def test_fault_66_view_stopped_without_a_word_it_goes_on_with_one_reader_of_keys(tmp_path: Path) -> None:
    with scene(tmp_path, "calm") as screen:
        opened(screen).until_still()
        settings, taken = termios.tcgetattr(screen.master), screen.output.count(TAKEN)
        for _ in range(2):
            screen.signal(signal.SIGSTOP)
            screen.until(lambda: is_stopped(screen.process.pid), "it is stopped")
            termios.tcsetattr(screen.master, termios.TCSANOW, screen.before)
            screen.fresh()
            screen.signal(signal.SIGCONT)
            screen.until_shown("b00003", "live", "Inspect")
            assert termios.tcgetattr(screen.master) == settings
        assert screen.output.count(TAKEN) == taken
        screen.send("q")
        assert screen.ended() == 0
        assert screen.is_restored


def test_fault_64_view_a_hang_up_comes_with_a_signal_to_go_on(tmp_path: Path) -> None:
    with scene(tmp_path, "calm") as screen:
        opened(screen)
        taken = screen.output.count(TAKEN)
        screen.signal(signal.SIGHUP)
        screen.signal(signal.SIGCONT)
        assert screen.ended() == 128 + signal.SIGHUP
        assert screen.output.count(TAKEN) == taken
        assert screen.is_restored


def test_fault_60_view_state_two_instances_stand_side_by_side(tmp_path: Path) -> None:
    with scene(tmp_path, "calm") as first, scene(tmp_path, "calm") as second:
        opened(first)
        opened(second).send("j")
        first.send("jj")
        second.send("q")
        assert second.ended() == 0
        first.until_shown("b00003")
        first.send("q")
        assert first.ended() == 0
        assert b"rash" not in first.output + second.output
    with scene(tmp_path, "calm") as third:
        opened(third)


REFUSED = {
    "fault_69_list_upload_create_poll_download_cancel_view_state_term_dumb": {"TERM": "dumb"},
    "fault_69_list_upload_create_poll_download_cancel_view_state_no_term": {"TERM": ""},
}


@pytest.mark.parametrize("environ", [pytest.param(environ, id=name) for name, environ in REFUSED.items()])
def test_a_terminal_that_can_show_nothing_is_told_of_the_verbs(tmp_path: Path, environ: dict[str, str]) -> None:
    arguments = ["-m", "tests.support.screen_program", str(tmp_path), "calm"]
    with terminal(arguments, environ=environ) as screen:
        assert screen.ended() == 2
        assert b"batch-tui list" in screen.output
        assert b"\x1b" not in screen.output
    assert not (tmp_path / "calls").exists()
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("closed", ["stdin", "stderr", "both"])
def test_fault_69_list_upload_create_poll_download_cancel_view_state_without_a_terminal_it_names_the_verbs(
    tmp_path: Path, closed: str
) -> None:
    redirections = {"stdin": "</dev/null", "stderr": f"2>{tmp_path}/told", "both": f"</dev/null 2>{tmp_path}/told"}
    program = f"exec '{sys.executable}' -m tests.support.screen_program '{tmp_path}' calm {redirections[closed]}"
    arguments = ["-c", f"import os; os.execv('/bin/sh', ['sh', '-c', {program!r}])"]
    with terminal(arguments) as screen:
        assert screen.ended() == 2
        told = tmp_path / "told"
        assert b"batch-tui list" in (told.read_bytes() if told.exists() else screen.output)
        assert b"\x1b" not in screen.output
    assert not (tmp_path / "calls").exists()
    assert not (tmp_path / "state").exists()


def test_fault_58_59_63_view_a_bad_state_directory_and_a_clock_that_is_off_keep_nobody_from_looking(
    tmp_path: Path,
) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "batches.json").write_bytes(b"\x00\xff{")
    (tmp_path / "state").write_text("a file stands where the directory should be")
    with scene(tmp_path, "calm") as screen:
        opened(screen).send("j")
        screen.until_shown("b00001")
        screen.send("q")
        assert screen.ended() == 0
        assert screen.is_restored


def test_fault_53_55_57_view_what_is_no_file_is_one_sentence_and_the_screen_goes_on(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    os.mkfifo(workspace / "a-fifo.jsonl")
    (workspace / "b-directory.jsonl").mkdir()
    (workspace / "c-link.jsonl").symlink_to("nowhere")
    (workspace / "d\udcff\x1b[31m.jsonl").write_text("{}\n")
    with scene(tmp_path, "work") as screen:
        screen.until_shown("run0003", "live", "good.jsonl")
        screen.send("1gn")
        screen.until_shown("a-fifo.jsonl is not a regular file")
        screen.send("jn")
        screen.until_shown("d\ufffd\u241b[31m", "line 1: Missing required parameter: 'custom_id'.")
        screen.send("jn")
        screen.until_shown("Submit good.jsonl?")
        screen.send("z")
        screen.until_still()
        screen.send("jn")
        screen.until_shown("+ b-dire", "No local file is selected")
        assert "c-link" not in screen.shown(), "a link to nowhere is no file"
        (workspace / "done_output.jsonl").symlink_to("/nowhere/at/all")
        screen.send("2gD")
        screen.until_shown("done_output.jsonl is a symbolic link")
        screen.send("\x11")
        assert screen.ended() == 0
        assert b"\x1b[31m.jsonl" not in screen.output
        assert not Path("/nowhere").exists()


def test_fault_76_view_the_key_is_on_no_screen_and_in_no_file(tmp_path: Path) -> None:
    with scene(tmp_path, "work") as screen:
        screen.until_shown("run0003", "live")
        for keys in ("3", "]]]]", "1", "]", "2", "?", "\x1b", "r", "D"):
            screen.send(keys)
            screen.until_still()
        assert KEY.encode() not in Path(f"/proc/{screen.process.pid}/cmdline").read_bytes()
        screen.signal(signal.SIGTERM)
        screen.ended()
        assert KEY.encode() not in screen.output
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 2
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(None, 1, id="fault_70_upload_create_download_cancel_view_state_a_bug"),
        pytest.param(signal.SIGHUP, 129, id="fault_64_upload_create_download_cancel_view_state_hung_up"),
        pytest.param(signal.SIGTERM, 143, id="fault_65_upload_create_download_cancel_view_state_terminated"),
    ],
)
def test_an_end_in_the_middle_of_everything_keeps_every_intent(
    tmp_path: Path, number: signal.Signals | None, code: int
) -> None:
    calls = tmp_path / "calls"
    with scene(tmp_path, "bug-while-working") as screen:
        screen.until_shown("run0003", "live")
        screen.send("jxy")
        screen.until_file_has(calls, "cancel_batch")
        screen.send("2gD")
        screen.until_file_has(calls, "download_file")
        screen.send("1Gn")  # what was saved may stand above it
        screen.until_shown("Submit good.jsonl?")
        screen.send("y")
        screen.until_file_has(calls, "create_batch")
        if number is None:
            screen.send("\x0c")
        else:
            screen.signal(number)
        assert screen.ended() == code
        assert screen.is_restored
        assert b"good.jsonl" in screen.output.rpartition(b"\x1b[?1049l")[2], "what may cost money is told"
    kept = [path.read_text() for path in (tmp_path / "state").rglob("operations/*.json")]
    assert sum('"stage":"creating"' in text or '"stage":"ambiguous"' in text for text in kept) == 1
    assert any('"kind":"cancel"' in text for text in kept)
    assert calls.read_text().count("create_batch") == 1
    saved = [path for path in (tmp_path / "workspace").iterdir() if path.name != "good.jsonl"]
    assert all(path.read_bytes().endswith(b"\n") for path in saved), "whole, or not there"
