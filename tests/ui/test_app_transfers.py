from __future__ import annotations

from pathlib import Path

from batch_tui.domain.status import BatchStatus
from batch_tui.ui.session import SessionState
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import FakeService
from tests.support.screen import Stage, stage
from tests.ui.test_app_files import request, workspace

IN_FILES = SessionState(pane="files")


def account() -> FakeService:
    service = FakeService(a_batch("done", total=1), a_batch("more", BatchStatus.IN_PROGRESS, created=NOON - 60))
    service.finish("done", output=b'{"custom_id":"a"}\n')
    return service


async def begun(running: Stage, method: str, *keys: str) -> None:
    """Press keys until a transfer has begun that never ends by itself."""
    running.service.hold(method)
    await running.pilot.press(*keys)
    while not running.service.count(method):  # not ``settle``: it would wait for the transfer
        await running.pilot.pause()


async def stopped(running: Stage, sentence: str) -> None:
    """Press esc: the call is given up, and it is said."""
    await running.press("escape")
    assert sentence in running.said()
    assert running.service.running == 0
    assert not running.app.desk.stop_transfer(), "nothing is left to stop"


async def test_fault_33_download_esc_stops_a_save_of_several_where_it_is(tmp_path: Path) -> None:
    async with stage(tmp_path, account()) as running:
        running.app.deck.batches.table.set_marks(("done", "more"))
        await begun(running, "download_file", "D")
        await stopped(running, "Stopped saving done: D goes on from where it is.")
        assert running.app.deck.batches.table.marks == {"done", "more"}, "esc takes one step"
        assert running.service.count("download_file") == 1
        assert list((tmp_path / "workspace").iterdir()) == []


async def test_fault_33_upload_esc_stops_an_upload_without_a_batch(tmp_path: Path) -> None:
    workspace(tmp_path, "good.jsonl", request(1))
    async with stage(tmp_path, FakeService(), session=IN_FILES) as running:
        await running.press("u")
        await begun(running, "upload_file", "y")
        await stopped(running, "Stopped the upload of good.jsonl: nothing was kept.")
        assert running.service.files == {}


async def test_fault_33_download_esc_stops_the_download_of_a_remote_file(tmp_path: Path) -> None:
    async with stage(tmp_path, account(), session=IN_FILES) as running:
        await running.press("right_square_bracket", "right_square_bracket")
        await begun(running, "download_file", "D")
        await stopped(running, "D goes on from where it is.")
