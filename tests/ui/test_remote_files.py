"""Files at the service: who uses them, and what is done with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from batch_tui.domain.files import RemoteFile
from batch_tui.domain.formatting import narrow_day
from batch_tui.domain.status import BatchStatus
from batch_tui.ui.controllers.remote_files import local_name
from batch_tui.ui.session import SessionState
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import FakeService, unreachable
from tests.support.screen import Stage, stage

IN_FILES = SessionState(pane="files")
DAY = 86_400


def account() -> FakeService:
    """A running batch on its input, an old orphan, and an upload that is minutes old."""
    service = FakeService()
    used = service.add_file(b"x" * 2_000, name="used.jsonl", purpose="batch")
    orphan = service.add_file(b"x" * 5_000, name="orphan.jsonl", purpose="batch")
    service.files[orphan.id] = replace(orphan, created_at=NOON - 3 * DAY, expires_at=NOON + DAY // 2)
    service.add_file(b"x", name="young.jsonl", purpose="batch")
    other = service.add_file(b"x", name="tuning.jsonl", purpose="fine-tune")
    service.files[other.id] = replace(other, created_at=NOON - 9 * DAY)
    service.put(replace(a_batch("runs", metadata={"batch_tui_name": "nightly"}), input_file_id=used.id))
    return service


def rows(running: Stage) -> list[str]:
    table = running.app.deck.files.table
    return [running.line_of(table, y).strip() for y in range(1, 1 + len(table.row_ids))]


async def test_each_remote_file_shows_the_batch_that_uses_it_its_age_and_its_end(tmp_path: Path) -> None:
    async with stage(tmp_path, account(), session=SessionState(pane="files", is_zoomed=True)) as running:
        await running.press("right_square_bracket")
        young, orphan, used = rows(running)
        assert used.split() == ["◔", "used.jsonl", "nightly", "2.0", "kB", "0s", "never"]
        assert orphan.split() == ["?", "orphan.jsonl", "no", "batch", "5.0", "kB", "3d00h", "12h00m"]
        assert young.startswith("?")


async def test_sign_and_name_stay_when_the_columns_are_moved(tmp_path: Path) -> None:
    async with stage(tmp_path, account(), session=SessionState(pane="files", is_zoomed=True)) as running:
        await running.press("right_square_bracket", "L")
        assert rows(running)[-1].split() == ["◔", "used.jsonl", "2.0", "kB", "0s", "never"]


async def test_clock_times_are_told_of_remote_files_too(tmp_path: Path) -> None:
    async with stage(tmp_path, account(), session=SessionState(pane="files", is_zoomed=True)) as running:
        await running.press("right_square_bracket")
        in_ages = rows(running)
        await running.press("t")
        _, orphan, used = rows(running)
        made, ends = narrow_day(NOON - 3 * DAY, NOON), narrow_day(NOON + DAY // 2, NOON)
        assert orphan.split()[6:] == [*made.split(), *ends.split()]
        assert used.split()[-2:] == [narrow_day(NOON, NOON), "never"]
        assert "made" in running.line_of(running.app.deck.files.table)
        await running.press("t")
        assert rows(running) == in_ages


async def test_a_file_that_a_batch_wrote_is_called_by_its_batch_and_by_what_it_is(tmp_path: Path) -> None:
    service = FakeService(a_batch("done", total=2, metadata={"batch_tui_name": "nightly"}))
    service.finish("done", output=b"{}\n", errors=b"{}\n")
    async with stage(tmp_path, service, session=IN_FILES) as running:
        await running.press("right_square_bracket", "right_square_bracket")
        assert {tuple(row.split()[1:3]) for row in rows(running)} == {("out", "nightly"), ("err", "nightly")}


async def test_clean_takes_old_orphans_only_and_asks_for_their_number(tmp_path: Path) -> None:
    service = account()
    async with stage(tmp_path, service, session=IN_FILES) as running:
        await running.press("C")
        assert "Delete 1 file that no batch uses?" in running.said()
        assert "5.0 kB" in running.said()
        await running.press("y")
        assert service.count("delete_file") == 0
        await running.press("C")
        await running.press("1", "enter")
        assert service.arguments("delete_file") == ["file-0002"]
        await running.press("C")
        assert "Nothing to clean" in running.said()


async def test_a_file_that_a_running_batch_reads_is_not_deleted_without_a_warning(tmp_path: Path) -> None:
    service = account()
    async with stage(tmp_path, service, session=IN_FILES) as running:
        await running.press("right_square_bracket", "G", "delete")
        assert "nightly still runs on it!" in running.said()


async def test_a_remote_file_is_downloaded_into_the_workspace_and_replaces_nothing_unasked(tmp_path: Path) -> None:
    service = account()
    async with stage(tmp_path, service, session=IN_FILES) as running:
        await running.press("right_square_bracket", "G", "D")
        target = running.workspace / "used.jsonl"
        assert target.read_bytes() == b"x" * 2_000
        target.write_text("mine")
        await running.press("D")
        assert "Replace it?" in running.said()
        await running.press("n")
        assert target.read_text() == "mine"


async def test_marked_files_are_deleted_after_their_number(tmp_path: Path) -> None:
    service = account()
    async with stage(tmp_path, service, session=IN_FILES) as running:
        await running.press("right_square_bracket", "space", "space", "delete")
        assert "2 files" in running.said()
        await running.press("2", "enter")
        assert service.count("delete_file") == 2
        assert len(rows(running)) == 1


async def test_an_unreachable_service_leaves_the_sentence_in_the_list(tmp_path: Path) -> None:
    service = account()
    async with stage(tmp_path, service, session=IN_FILES) as running:
        service.go_down(unreachable())
        await running.press("right_square_bracket")
        assert "Cannot reach" in running.line_of(running.app.deck.files.table, 1)


async def test_the_users_follow_the_batches(tmp_path: Path) -> None:
    service = account()
    async with stage(tmp_path, service, session=IN_FILES) as running:
        await running.press("right_square_bracket")
        service.finish("runs", BatchStatus.COMPLETED)
        await running.poll()
        await running.until(lambda: rows(running)[-1].startswith("✓"))


def test_no_name_leads_out_of_the_workspace() -> None:
    for name in ("../../etc/passwd", "/abs.jsonl", "..", ".bashrc", "a\x1b]0;x\x07\n.jsonl", ""):
        local = local_name(RemoteFile("file-1", name))
        assert Path(local).name == local
        assert local not in {"", ".", ".."}
        assert not local.startswith(".")
        assert local.isprintable()
