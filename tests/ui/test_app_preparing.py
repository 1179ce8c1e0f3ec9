"""What is typed while a question is being prepared answers nothing, and does nothing else by surprise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.events import Key

from batch_tui.domain.limits import Limits
from batch_tui.domain.problems import Report
from batch_tui.jsonl.worker.workshop import Workshop
from batch_tui.ui.session import SessionState
from tests.support.fake_service import FakeService
from tests.support.screen import Stage, stage
from tests.support.screen_program import REQUEST


@asynccontextmanager
async def preparing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Stage, asyncio.Event]]:
    """Files with a file that was asked to be submitted; its check goes on when the event is set."""
    (folder / "workspace").mkdir()
    (folder / "workspace" / "a.jsonl").write_text(REQUEST)
    check, held, asked = Workshop.check, asyncio.Event(), asyncio.Event()
    held.set()

    async def slow(workshop: Workshop, path: Path, *, limits: Limits, wants_digest: bool = True) -> Report:
        asked.set()
        await held.wait()
        return await check(workshop, path, limits=limits, wants_digest=wants_digest)

    async with stage(folder, FakeService(), session=SessionState(pane="files")) as running:
        await running.until(lambda: running.app.deck.files.current[0] is not None)
        held.clear()
        asked.clear()
        monkeypatch.setattr(Workshop, "check", slow)
        await running.pilot.press("n")
        await running.until_seen(asked.is_set)
        yield running, held
        held.set()


@pytest.mark.parametrize("key", ["y", "enter", "q", "e"])
async def test_an_answer_before_the_question_does_nothing_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    async with preparing(tmp_path, monkeypatch) as (running, held):
        await running.pilot.press(key)
        await running.until_seen(lambda: "still being prepared" in running.said())
        assert running.app.deck.panels.current == "files"
        held.set()
        await running.until(lambda: running.app.dock.is_asking)
        assert running.service.count("create_batch") == 0
        await running.press("y")
        await running.until(lambda: running.service.count("create_batch") == 1)


async def test_other_keys_go_on_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with preparing(tmp_path, monkeypatch) as (running, _):
        await running.pilot.press("2")
        await running.until_seen(lambda: running.app.deck.panels.current == "batches")


async def test_esc_stops_what_prepares_a_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with preparing(tmp_path, monkeypatch) as (running, held):
        await running.pilot.press("escape")
        await running.until_seen(lambda: "Stopped checking a.jsonl: nothing was sent." in running.said())
        held.set()
        await running.settle()
        assert not running.app.dock.is_asking
        await running.press("y")
        assert "still being prepared" not in running.said()


async def test_a_key_typed_before_the_question_came_is_no_answer_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with preparing(tmp_path, monkeypatch) as (running, held):
        early = [Key("y", "y"), Key("n", "n")]
        held.set()
        await running.until(lambda: running.app.dock.is_asking)
        for key in early:
            running.app.post_message(key)
        await running.settle()
        assert running.app.dock.is_asking
        assert running.service.count("upload_file") == 0
        running.app.post_message(Key("y", "y"))
        await running.until(lambda: running.service.count("create_batch") == 1)


async def test_the_search_for_files_to_clean_is_prepared_and_stopped_like_a_submit(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeService(), session=SessionState(pane="files")) as running:
        held = running.service.hold("list_files")
        await running.pilot.press("C")
        await running.until_seen(lambda: running.service.count("list_files") > 0)
        await running.pilot.press("enter")
        await running.until_seen(lambda: "still being prepared" in running.said())
        await running.pilot.press("escape")
        await running.until_seen(lambda: "no batch uses: nothing was deleted." in running.said())
        held.set()
        await running.settle()
        assert not running.app.dock.is_asking
