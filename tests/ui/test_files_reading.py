"""Files on the screen tells what lies in the folder now, and reads it only when it changed."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from batch_tui.domain.status import BatchStatus
from batch_tui.ui.panes.local_files import Entry, scan
from batch_tui.ui.session import SessionState
from tests.support.batches import a_batch
from tests.support.fake_service import FakeService
from tests.support.result_files import answer_line, failure_line, request_line
from tests.support.screen import Stage, stage

IN_FILES = SessionState(pane="files")
BARE = '{"model": "m", "messages": []}\n'


def ended_account() -> FakeService:
    """One batch with an answer and a failure that can pass."""
    service = FakeService(a_batch("done", total=2))
    good, bad = answer_line("r0") + b"\n", failure_line("r1") + b"\n"
    source = service.add_file(
        b"\n".join((request_line("r0"), request_line("r1"))), name="in.jsonl", purpose="batch"
    )
    batch = service.finish("done", BatchStatus.COMPLETED, output=good, errors=bad)
    service.put(replace(batch, input_file_id=source.id))
    return service


def names(running: Stage) -> set[str]:
    """What Files lists."""
    return {Path(row).name for row in running.app.deck.files.table.row_ids}


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every folder that was read."""
    found: list[Path] = []

    def noted(root: Path, opened: frozenset[Path], *, has_way_up: bool = False) -> tuple[Entry, ...]:
        found.append(root)
        return scan(root, opened, has_way_up=has_way_up)

    monkeypatch.setattr("batch_tui.ui.panes.workspace.scan", noted)
    return found


async def test_what_others_write_is_seen_when_one_comes_back_and_a_folder_as_it_was_is_not_read(
    tmp_path: Path, scans: list[Path]
) -> None:
    async with stage(tmp_path, FakeService()) as running:
        await running.settle()
        scans.clear()
        await running.press("1")
        await running.press("2")
        assert scans == []
        before = running.workspace.stat().st_mtime_ns
        (running.workspace / "new.jsonl").write_text(BARE)
        os.utime(running.workspace, ns=(before, before + 1_000_000))  # some file systems count in long steps
        await running.press("1")
        assert names(running) == {"new.jsonl"}
        assert scans == [running.workspace]


async def test_saved_wrapped_and_retried_files_are_listed_at_once(tmp_path: Path, scans: list[Path]) -> None:
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "bare.jsonl").write_text(BARE)
    async with stage(tmp_path, ended_account(), session=IN_FILES) as running:
        await running.press("n")
        await running.press("y")
        await running.until(lambda: "bare.wrapped.jsonl" in names(running))
        await running.press("escape", "2", "D")
        await running.until(lambda: {"done_output.jsonl", "done_errors.jsonl"} <= names(running))
        scans.clear()
        await running.press("F")
        assert scans  # where the input isn't known here, the new one lies in the cache
