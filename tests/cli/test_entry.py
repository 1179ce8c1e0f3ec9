"""The program from its first byte to its last, in a terminal of its own."""

from __future__ import annotations

import time
from pathlib import Path

from batch_tui.engine.monitoring.cache import Snapshot, SnapshotFile
from tests.support.batches import many
from tests.support.terminal import Terminal, program

MAIN = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
before = termios.tcgetattr(0)
sys.argv = ["batch-tui"]
from batch_tui.cli.entry import main
try:
    code = main()
except SystemExit as end:
    code = end.code
same = termios.tcgetattr(0) == before
os.write(2, f"\\x1b]7777;code {code} same {same}\\x1b\\\\".encode())
"""
NOBODY = "http://127.0.0.1:9/v1"


def environ_in(folder: Path, **more: str) -> dict[str, str]:
    places = {f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("CACHE", "STATE", "CONFIG")}
    return {**places, "HOME": str(folder), "OPENAI_API_KEY": "sk-not-a-key", "OPENAI_BASE_URL": NOBODY, **more}


def output_of(terminal: Terminal, keys: str = "") -> bytes:
    if keys:
        terminal.send(keys)
    return terminal.until("code 0 same True")


def a_snapshot(folder: Path) -> None:
    from batch_tui.engine.configuration.settings import Flags, load_settings  # noqa: PLC0415 - only here

    paths = load_settings(environ_in(folder), Flags()).paths
    snapshot = Snapshot(many(3), time.time(), is_complete=True)
    assert SnapshotFile(paths.cache, service=f"{NOBODY} None None").save(snapshot)


def test_the_second_start_paints_first_and_answers_what_was_typed_before_it_had_loaded(tmp_path: Path) -> None:
    a_snapshot(tmp_path)
    environ = environ_in(tmp_path)
    with program(["-c", MAIN], environ=environ) as terminal:
        output_of(terminal, "q")
    assert (tmp_path / "cache" / "batch-tui" / "frame").exists()
    with program(["-c", MAIN], environ=environ) as terminal:
        while b"opening" not in terminal._pending:
            terminal._pending += terminal._read()
        shown = output_of(terminal, "q")
    assert shown.startswith(b"\x1b[?1049h\x1b[?25l")
    assert b"b00000" in shown[: shown.index(b"opening")]
    assert shown.count(b"\x1b[?1049l") == 1
    assert b"q\r\n" not in shown


def test_what_goes_wrong_before_the_screen_is_said_on_the_terminal_given_back(tmp_path: Path) -> None:
    a_snapshot(tmp_path)
    environ = environ_in(tmp_path)
    with program(["-c", MAIN], environ=environ) as terminal:
        output_of(terminal, "q")
    with program(["-c", BROKEN + MAIN], environ=environ) as terminal:
        shown = terminal.until("code 2 same True")
    assert shown.index(b"opening") < shown.index(b"\x1b[?1049l") < shown.index(b"it broke")


BROKEN = """
import os
import batch_tui.engine.configuration.settings as settings
from batch_tui.domain.errors import ConfigurationError
def broken(*words, **named):
    raise ConfigurationError("it broke")
settings.load_settings = broken
"""
