"""A signal during the start: before the screen is loaded, and between the first frame and the live screen."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from tests.support.pty_screen import Screen, terminal

FRAME = Path("cache", "batch-tui", "frame")
STEPS = (
    "batch_tui.cli.main",
    "textual.app",
    "batch_tui.engine.cockpit:Cockpit.__init__",
    "batch_tui.ui.app:BatchTuiApp.__init__",
    "batch_tui.ui.terminal.lifecycle:install",
    "batch_tui.ui.app:BatchTuiApp.run_async",
    "batch_tui.ui.terminal.driver:PatientDriver.__init__",
    "batch_tui.ui.terminal.driver:PatientDriver.start_application_mode",
    "batch_tui.ui.app:BatchTuiApp.get_default_screen",
    "batch_tui.ui.app:BatchTuiApp.compose",
    "batch_tui.ui.app:BatchTuiApp.on_mount",
    "batch_tui.ui.app:BatchTuiApp._begin",
)
"""Of the start, in their order."""


@contextmanager
def started(folder: Path, environ: Mapping[str, str]) -> Iterator[Screen]:
    """The whole program on a service that can't be reached."""
    home = {f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("CONFIG", "STATE", "CACHE")}
    service = {"OPENAI_API_KEY": "sk-test-0123456789", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    arguments = ["-m", "tests.support.early_signal"]
    with terminal(arguments, environ={"HOME": str(folder), **home, **service, **environ}) as screen:
        yield screen


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A home in which the screen was open before, and its last picture: the next start paints that first."""
    folder = tmp_path_factory.mktemp("home")
    with started(folder, {}) as screen:
        screen.until_shown("Batches", "127.0.0.1:9")
        screen.send("\x11")
        assert screen.ended() == 0
    return folder, (folder / FRAME).read_bytes()


WAYS = (
    ("fault_64_view", signal.SIGHUP),
    ("fault_65_view_terminate", signal.SIGTERM),
    ("fault_65_view_interrupt", signal.SIGINT),
)


def cases() -> Iterator[ParameterSet]:
    """Every step over a picture, each third without one, the signals in turn."""
    for place, at in enumerate(STEPS):
        name, number = WAYS[place % 3]
        short = at.rpartition(":")[2].replace(".", "_")
        yield pytest.param(at, number, True, id=f"{name}_at_{short}")
        if place % 3 == 1:
            yield pytest.param(at, number, False, id=f"{name}_at_{short}_without_a_picture")


@pytest.mark.parametrize(("at", "number", "is_painted"), list(cases()))
def test_a_signal_during_the_start_ends_it_with_the_terminal_as_it_was(
    home: tuple[Path, bytes], at: str, number: signal.Signals, *, is_painted: bool
) -> None:
    folder, frame = home
    (folder / FRAME).write_bytes(frame)
    other = {} if is_painted else {"TERM": "xterm"}
    with started(folder, {"AT": at, "SIGNAL": str(int(number)), **other}) as screen:
        assert screen.ended() == 128 + number
        assert screen.is_restored
        assert b"Traceback" not in screen.output
        assert is_painted == (b"opening" in screen.output)
    assert (folder / FRAME).read_bytes() == frame, "a screen that never showed anything is no picture"


@pytest.mark.parametrize("late", [{"GRACE": "0"}, {"GRACE": "0.9", "HANGS": "1"}], ids=["at_once", "given_back"])
@pytest.mark.parametrize("at", ["batch_tui.ui.app:BatchTuiApp.run_async", "batch_tui.ui.app:BatchTuiApp._begin"])
def test_fault_65_view_an_end_by_force_takes_nothing_from_the_shell(
    tmp_path: Path, at: str, late: dict[str, str]
) -> None:
    ends = {"AT": at, "SIGNAL": str(int(signal.SIGTERM)), "TERM": "xterm"}
    with started(tmp_path, {**ends, **late}) as screen:
        assert screen.ended() == 128 + signal.SIGTERM
        assert screen.is_restored
        assert screen.output.count(b"\x1b[?1049h") == screen.output.count(b"\x1b[?1049l"), "one goodbye each"
