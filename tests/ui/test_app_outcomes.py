from __future__ import annotations

import json
from pathlib import Path

from batch_tui.domain.status import BatchStatus
from batch_tui.ui.controllers.outcomes import why_not_yet
from batch_tui.ui.session import SessionState
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import FakeService
from tests.support.screen import Stage, stage


def answer(number: int) -> bytes:
    message = {"role": "assistant", "content": f"answer {number}"}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    line = {"id": f"x{number}", "custom_id": f"r{number}", "response": {"status_code": 200, "body": body}}
    return json.dumps(line | {"error": None}).encode() + b"\n"


def account() -> FakeService:
    service = FakeService(
        a_batch("done", total=2),
        a_batch("running", total=100, completed=40, created=NOON - 60),
        a_batch("refused", BatchStatus.FAILED, total=0, created=NOON - 120),
    )
    service.finish("done", output=answer(1) + answer(2))
    return service


def results_of(running: Stage) -> str:
    return running.line_of(running.app.deck.results.table, 1)


async def test_4_shows_the_results_of_the_batch_under_the_cursor_by_itself(tmp_path: Path) -> None:
    async with stage(tmp_path, account(), session=SessionState(cursor="done")) as running:
        await running.press("4")
        await running.until(lambda: running.app.deck.results.joined is not None)
        assert running.app.deck.panels.current == "results"
        assert "r1" in results_of(running)


async def test_results_that_are_on_the_disk_are_not_fetched_again(tmp_path: Path) -> None:
    service = account()
    async with stage(tmp_path, service, session=SessionState(cursor="done")) as running:
        await running.press("4")
        await running.until(lambda: running.app.deck.results.joined is not None)
        downloads = service.count("download_file")
        await running.press("2", "j", "k", "4")
        await running.until(lambda: running.app.deck.results.joined is not None)
        assert service.count("download_file") == downloads


async def test_of_a_running_batch_it_says_what_it_cannot_show_yet(tmp_path: Path) -> None:
    service = account()
    async with stage(tmp_path, service, session=SessionState(cursor="running")) as running:
        await running.press("4")
        assert "running is in_progress (40 of 100 done)" in results_of(running)
        assert service.count("download_file") == 0


async def test_esc_stops_a_fetch_and_4_begins_it_again(tmp_path: Path) -> None:
    service = account()
    async with stage(tmp_path, service, session=SessionState(cursor="done")) as running:
        gate = service.hold("download_file")
        await running.pilot.press("4")
        for _ in range(200):  # not ``settle``: it would wait for the download
            await running.pilot.pause()
            if service.count("download_file"):
                break
        assert "esc stops" in results_of(running)
        await running.press("escape")
        assert "Stopped: 4 or enter" in results_of(running)
        gate.set()
        await running.press("2", "4")
        await running.until(lambda: running.app.deck.results.joined is not None)


def test_a_refused_batch_sends_to_its_errors() -> None:
    assert "See Errors in 3 Inspect" in (why_not_yet(a_batch("r", BatchStatus.FAILED)) or "")
    assert why_not_yet(a_batch("r", BatchStatus.COMPLETED, output="file-o")) is None
