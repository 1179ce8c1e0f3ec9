from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
from textual.driver import Driver
from textual.drivers.headless_driver import HeadlessDriver

from batch_tui.engine.cockpit import Cockpit
from batch_tui.ui.session import SessionState
from batch_tui.ui.terminal.guest import GuestRoom
from batch_tui.ui.terminal.lifecycle import run_screen
from tests.support.fake_service import FakeService
from tests.support.screen import KEY, settings_in

RENEWED = "a-fresh-key-that-has-no-known-shape"


class Broken:
    """A screen that ends with a bug."""

    driver_class: type[Driver] = HeadlessDriver
    place = SessionState()
    return_code = None

    def __init__(self, bug: Exception) -> None:
        self.bug = bug
        self.guests = GuestRoom(suspend=nullcontext)

    async def run_async(self, *, mouse: bool = True) -> int | None:
        return None

    def end(self, code: int = 0) -> None:
        """Never asked to."""

    def let_go(self) -> bytes:
        return b""


def test_a_crash_report_holds_no_key_this_run_has_used(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)  # the end of a screen leaves its own behind
    settings = settings_in(tmp_path)
    cockpit = Cockpit(settings, FakeService())
    cockpit.events.keep_out(RENEWED)
    bug = RuntimeError(f"refused for {KEY}, then for {RENEWED}")
    assert run_screen(Broken(bug), cockpit, has_mouse=False) == 1
    said = capfd.readouterr().err
    assert "RuntimeError" in said
    written = "".join(path.read_text() for path in settings.paths.state.rglob("*") if path.is_file())
    assert "refused for" in written
    assert not any(key in text for key in (KEY, RENEWED) for text in (said, written))
