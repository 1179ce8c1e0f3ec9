"""The filter of each pane: what can't be understood hides nothing, and is told while it is typed and after."""

from __future__ import annotations

from pathlib import Path

import pytest

from batch_tui.domain.status import BatchStatus
from batch_tui.ui.session import SessionState
from tests.support.batches import a_batch
from tests.support.fake_service import FakeService
from tests.support.result_files import answer_line
from tests.support.screen import Stage, stage


def answered() -> FakeService:
    """An ended batch with three answers, and one that runs."""
    service = FakeService(a_batch("done", total=3), a_batch("runs"))
    lines = b"".join(answer_line(f"r{n}") + b"\n" for n in range(3))
    service.finish("done", BatchStatus.COMPLETED, output=lines)
    return service


@pytest.mark.parametrize(
    ("key", "typed", "mistake"),
    [
        ("2", "status:in_progress coolness:9", "There is no field coolness:"),
        ("2", "fail >= 5", "compares nothing"),
        ("4", "status:failed", "failed is no number"),
        ("4", "r1 colour:red", "There is no field colour"),
    ],
)
async def test_a_filter_with_a_mistake_shows_everything_and_says_why(
    tmp_path: Path, key: str, typed: str, mistake: str
) -> None:
    async with stage(tmp_path, answered(), size=(240, 36)) as running:
        deck = running.app.deck
        deck.batches.table.move_to("done")
        await running.press("4")
        table = deck.batches.table if key == "2" else deck.results.table
        await running.until(lambda: len(deck.results.table.row_ids) == 3)
        before = tuple(table.row_ids)
        await running.press(key, "slash", *typed)
        assert tuple(table.row_ids) == before
        assert mistake in running.said()
        await running.press("enter")
        assert tuple(table.row_ids) == before
        assert running.said().startswith("Everything is shown: ")
        assert mistake in running.said()
        await running.press("escape")
        await running.press("slash", "enter")
        assert mistake not in running.said()


async def test_results_that_come_under_a_filter_with_a_mistake_are_all_shown(tmp_path: Path) -> None:
    async with stage(tmp_path, answered()) as running:
        results = running.app.deck.results
        running.app.deck.batches.table.move_to("done")
        await running.settle()
        results.set_filter("status:failed")  # nothing is there that could refuse it
        await running.press("4")
        await running.until(lambda: bool(results.table.row_ids))
        counts = [len(results.table.row_ids)]
        for _ in range(2):
            await running.press("exclamation_mark")
            counts.append(len(results.table.row_ids))
        assert counts == [3, 0, 3]
        assert results.selection.rows is None


def empty_text(running: Stage) -> str:
    """What stands in Files in place of rows."""
    table = running.app.deck.files.table
    return " ".join(running.line_of(table, y).strip() for y in range(1, 4)).strip()


async def test_files_that_a_filter_hides_are_not_said_not_to_be_there(tmp_path: Path) -> None:
    service = FakeService()
    service.add_file(b"x", name="in.jsonl", purpose="batch")
    async with stage(tmp_path, service, session=SessionState(pane="files", is_zoomed=True)) as running:
        (running.workspace / "notes.txt").write_text("x")
        await running.press("r", "slash", *"zzz", "enter")
        assert empty_text(running) == "No name matches: esc shows all."
        await running.press("right_square_bracket")
        assert empty_text(running) == "No name matches: esc shows all."
        await running.press("escape")
        assert len(running.app.deck.files.table.row_ids) == 1
        await running.press("right_square_bracket")
        assert empty_text(running) == "No files of this purpose."
