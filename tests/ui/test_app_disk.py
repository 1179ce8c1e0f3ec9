"""The screen on a disk that is full or closed: one sentence each, and everything else goes on."""

from __future__ import annotations

from pathlib import Path

from batch_tui.domain.errors import OutputFileError
from batch_tui.domain.files import RemoteFile
from batch_tui.engine.ports import OnProgress
from batch_tui.ui.session import SessionState
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import FakeService
from tests.support.screen import stage

REQUEST = '{"custom_id":"r","method":"POST","url":"/v1/responses","body":{"model":"m","input":"x"}}\n'
FULL = "The disk is full: 272 kB more are needed for done_output.jsonl."


class FullDisk(FakeService):
    """Its downloads meet a full disk, once."""

    is_full = True

    async def download_file(
        self,
        file: RemoteFile,
        destination: Path,
        *,
        overwrite: bool = False,
        on_progress: OnProgress | None = None,
    ) -> Path:
        if self.is_full:
            self.is_full = False
            raise OutputFileError(FULL)
        return await super().download_file(file, destination, overwrite=overwrite, on_progress=on_progress)


async def test_fault_54_view_state_a_full_disk_is_told_with_what_is_missing_and_the_screen_goes_on(
    tmp_path: Path,
) -> None:
    service = FullDisk(a_batch("done", total=1), a_batch("other", created=NOON - 60))
    service.finish("done", output=b'{"custom_id":"a"}\n')
    async with stage(tmp_path, service, session=SessionState(cursor="done")) as running:
        await running.press("D")
        await running.until(lambda: FULL in running.said())
        assert "Replace it?" not in running.said(), "that would make no room"
        await running.press("j")
        assert running.app.deck.batches.table.cursor_id == "other"
        await running.poll()
        assert running.app.header.facts.condition.startswith("live")
        await running.press("k", "D")
        saved = running.workspace / "done_output.jsonl"
        await running.until(saved.exists)
        assert saved.read_bytes() == b'{"custom_id":"a"}\n'


async def test_fault_58_view_create_state_without_a_state_directory_nothing_is_submitted_and_all_else_works(
    tmp_path: Path,
) -> None:
    (tmp_path / "state").write_text("in the way")
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "good.jsonl").write_text(REQUEST)
    service = FakeService(a_batch("runs"), a_batch("done", total=1, created=NOON - 60))
    service.finish("done", output=b'{"custom_id":"a"}\n')
    async with stage(tmp_path, service, session=SessionState(cursor="runs")) as running:
        await running.press("1")
        await running.until(lambda: running.app.deck.selection.file is not None)
        await running.press("n")
        await running.until(lambda: "Submit good.jsonl?" in running.said())
        await running.press("y")
        await running.until(lambda: "written down" in running.said() or "state" in running.said())
        assert service.count("create_batch") == service.count("upload_file") == 0
        await running.press("2", "x")
        await running.until(lambda: "Cancel" in running.said())
        await running.press("y")
        await running.until(lambda: "cancelling" in running.row("runs"))
        await running.press("j", "D")
        await running.until((running.workspace / "done_output.jsonl").exists)
