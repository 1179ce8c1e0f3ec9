from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from batch_tui.ui import first_frame
from batch_tui.ui.first_frame import MAX_AGE, FirstFrame, age_text, wanted
from tests.support.terminal import ROOT

NOW = 1_800_000_000.0
LINES = ["one", "two", "three"]


class Tty:
    """Both ends of a pty of this process."""

    def __init__(self, columns: int, lines: int) -> None:
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def shown(self) -> bytes:
        return os.read(self.master, 65536)

    def close(self) -> None:
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def tty(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tty]:
    terminal = Tty(20, 3)
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())
    yield terminal
    terminal.close()


def environ_in(folder: Path, **more: str) -> dict[str, str]:
    return {"XDG_CACHE_HOME": str(folder), "TERM": "xterm-256color", "LANG": "C.UTF-8", **more}


def a_frame(tty: Tty, environ: dict[str, str]) -> FirstFrame:
    return FirstFrame(environ, input_fd=tty.slave, output_fd=tty.slave)


def keep(tty: Tty, folder: Path, **more: str) -> None:
    assert a_frame(tty, environ_in(folder, **more)).save(LINES, 20, "", NOW)


def test_the_last_picture_is_painted_with_its_age(tmp_path: Path, tty: Tty) -> None:
    keep(tty, tmp_path)
    frame = a_frame(tty, environ_in(tmp_path))
    assert frame.paint(NOW + 3 * 3600)
    shown = tty.shown().decode()
    assert shown.index("\x1b[?1049h") < shown.index("one") < shown.index("\x1b[3;1Hthree")
    assert "stale 3h" in shown
    frame.leave()


def test_keys_typed_meanwhile_are_kept_without_an_echo_and_the_terminal_is_given_back(
    tmp_path: Path, tty: Tty
) -> None:
    before = termios.tcgetattr(tty.slave)
    keep(tty, tmp_path)
    frame = a_frame(tty, environ_in(tmp_path))
    assert frame.paint(NOW)
    tty.shown()
    os.write(tty.master, b"jx\r")
    assert os.read(tty.slave, 10) == b"jx\r"
    frame.leave()
    assert tty.shown() == b"\x1b[0m\x1b[?1049l\x1b[?25h"
    assert termios.tcgetattr(tty.slave) == before


@pytest.mark.parametrize(
    "other",
    [
        {"OPENAI_API_KEY": "sk-other"},
        {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"},
        {"BATCH_TUI_PROFILE": "work"},
        {"TERM": "xterm"},
        {"NO_COLOR": "1"},
        {"TERM": "dumb"},
    ],
)
def test_another_environment_is_another_screen(tmp_path: Path, tty: Tty, other: dict[str, str]) -> None:
    keep(tty, tmp_path)
    frame = a_frame(tty, environ_in(tmp_path) | other)
    assert not frame.paint(NOW)
    assert frame.attributes is None


def test_another_size_an_old_picture_or_none_is_not_painted(tmp_path: Path, tty: Tty) -> None:
    assert not a_frame(tty, environ_in(tmp_path)).paint(NOW)
    keep(tty, tmp_path)
    assert not a_frame(tty, environ_in(tmp_path)).paint(NOW + MAX_AGE + 1)
    fcntl.ioctl(tty.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 4, 20, 0, 0))
    assert not a_frame(tty, environ_in(tmp_path)).paint(NOW)


@pytest.mark.parametrize("keep_bytes", [0, 5, 30, 60])
def test_a_cut_file_is_not_painted(tmp_path: Path, tty: Tty, keep_bytes: int) -> None:
    keep(tty, tmp_path)
    path = tmp_path / "batch-tui" / "frame"
    path.write_bytes(path.read_bytes()[:keep_bytes])
    assert not a_frame(tty, environ_in(tmp_path)).paint(NOW)


def test_a_changed_configuration_is_another_screen(tmp_path: Path, tty: Tty) -> None:
    config = tmp_path / "config.toml"
    config.write_text("theme = 'nord'\n")
    environ = environ_in(tmp_path)
    assert a_frame(tty, environ).save(LINES, 20, str(config), NOW)
    frame = a_frame(tty, environ)
    assert frame.paint(NOW)
    frame.leave()
    config.write_text("theme = 'gruvbox'\n")
    assert not a_frame(tty, environ).paint(NOW)


def test_no_terminal_and_a_background_process_paint_nothing(
    tmp_path: Path, tty: Tty, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(tty, tmp_path)
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: -1)
    assert not a_frame(tty, environ_in(tmp_path)).paint(NOW)
    with (tmp_path / "file").open("w+b") as file:
        assert not FirstFrame(environ_in(tmp_path), input_fd=file.fileno(), output_fd=file.fileno()).paint(NOW)


def test_the_file_is_private_and_holds_no_key(tmp_path: Path, tty: Tty) -> None:
    keep(tty, tmp_path, OPENAI_API_KEY="sk-very-secret")
    path = tmp_path / "batch-tui" / "frame"
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"secret" not in path.read_bytes()


def test_a_disk_that_refuses_keeps_no_picture_and_stops_nothing(tmp_path: Path, tty: Tty) -> None:
    (tmp_path / "batch-tui").write_text("a file where the directory should be")
    assert not a_frame(tty, environ_in(tmp_path)).save(LINES, 20, "", NOW)


def test_fault_74_state_a_picture_beyond_all_bounds_is_neither_kept_nor_painted(
    tmp_path: Path, tty: Tty, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(tty, tmp_path)
    frame = a_frame(tty, environ_in(tmp_path))
    size = Path(frame.path).stat().st_size
    monkeypatch.setattr(first_frame, "MAX_BYTES", size)
    assert not frame.save([*LINES, "x" * size], 20, "", NOW)
    assert Path(frame.path).stat().st_size == size, "the one before stays"
    assert frame.paint(NOW)
    monkeypatch.setattr(first_frame, "MAX_BYTES", size - 1)
    assert not a_frame(tty, environ_in(tmp_path)).paint(NOW)


def test_words_on_the_command_line_ask_for_no_picture() -> None:
    assert wanted([], {"HOME": "/home/someone"}) is not None
    assert wanted(["list"], {"HOME": "/home/someone"}) is None
    assert wanted([], {}) is None


@pytest.mark.parametrize(("seconds", "text"), [(0, "0s"), (59, "59s"), (60, "1m"), (7200, "2h"), (172_800, "2d")])
def test_an_age_has_one_unit(seconds: int, text: str) -> None:
    assert age_text(seconds) == text


def test_it_loads_nothing_that_takes_time() -> None:
    program = (
        "import os, sys; before = set(sys.modules); import batch_tui.cli.entry; print(*set(sys.modules) - before)"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = {name for name in done.stdout.split() if not name.startswith("batch_tui")}
    assert loaded <= {"time", "__future__"}
