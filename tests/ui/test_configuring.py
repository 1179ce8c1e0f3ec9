"""The configuration in the editor: what the next start would say of it is said when the editor is left."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from batch_tui.cli.main import main
from batch_tui.ui.controllers.configuring import Configuring
from batch_tui.ui.controllers.handover import Handover
from batch_tui.ui.terminal.guest import GuestRoom
from tests.support.fake_service import FakeService
from tests.support.screen import Stage, stage

MISTAKES = {
    "[ui]\nascii = 3\n": "config.toml:2: ui.ascii: must be true or false, not a whole number.",
    "\n[ui]\ntheme = 'plaid'\n": 'config.toml:3: theme = "plaid": there is no such theme.',
    "[ui]\ncolumns = ['colour']\n": "config.toml:2: there is no column 'colour'",
    "[keys]\ncancel = 'x'\nsafe = 'z'\n": "config.toml:3: there is no command 'safe' (did you mean save?).",
    "[keys]\ncancel = 'D'\n": "config.toml:2: 'D' is ",
    "[guard]\nfailure_percent = 5\nhelp\n": "config.toml:3: ",
    "default_profile = 'work'\n": "config.toml:1: no profile 'work'",
}


async def written(running: Stage, text: str) -> str:
    """Write a configuration with the editor; gives what is said then."""
    settings = running.app.cockpit.settings
    folder = settings.paths.config.parent
    (folder / "wanted").write_text(text)
    editor = folder / "editor"
    editor.write_text(f'#!/bin/sh\ncp "{folder / "wanted"}" "$1"\n')
    editor.chmod(0o755)
    desk = running.app.desk
    environ = {"EDITOR": str(editor)}
    handover = Handover(desk, guests=GuestRoom(nullcontext), write=lambda _: None, environ=environ)
    running.app.dock.clear_message()
    Configuring(desk, handover).open()
    await running.settle()
    assert settings.paths.config.read_text() == text
    return running.said()


@pytest.mark.parametrize("text", MISTAKES)
async def test_a_mistake_is_told_with_its_line_when_the_editor_is_left(tmp_path: Path, text: str) -> None:
    async with stage(tmp_path, FakeService(), size=(240, 36)) as running:
        assert MISTAKES[text] in await written(running, text)


async def test_what_is_well_is_said_to_hold_from_the_next_start_and_what_is_as_it_was_is_not(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, FakeService()) as running:
        text = "[ui]\ntheme = 'nord'\n[keys]\ncancel = 'ctrl+x'\n"
        assert "takes effect at the next start" in await written(running, text)
        assert "configuration" not in await written(running, text)


@pytest.mark.parametrize("text", MISTAKES)
def test_the_doctor_finds_what_would_keep_the_screen_from_opening(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(text)
    for name in ("CONFIG", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.setenv("BATCH_TUI_CONFIG", str(config))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    assert main(["doctor", "--offline"]) == 1
    said = capsys.readouterr().out
    assert any(line.startswith("!!  configuration") and MISTAKES[text] in line for line in said.splitlines())
