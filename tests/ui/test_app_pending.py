from __future__ import annotations

from pathlib import Path

from batch_tui.domain.files import Progress
from batch_tui.domain.operation import SubmitOperation, SubmitStage
from batch_tui.engine.submitting.journal import Journal
from batch_tui.engine.submitting.submission import Phase
from batch_tui.ui.commands.pending_submit import PendingSubmit
from batch_tui.ui.panes.pending import pending_cells, pending_lines
from batch_tui.ui.session import SessionState
from batch_tui.ui.text.cells import cell_text
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import FakeService, unreachable
from tests.support.screen import Stage, settings_in, stage
from tests.ui.test_app_files import request, workspace

IN_FILES = SessionState(pane="files")


def an_operation(path: Path, stage: SubmitStage = SubmitStage.MAYBE) -> SubmitOperation:
    return SubmitOperation(
        intent="a" * 32,
        path=str(path),
        sha256="0" * 64,
        endpoint="/v1/chat/completions",
        created_at=NOON,
        stage=stage,
        requests=2,
        host=FakeService().host,
        name="nightly",
        file_id="file-1",
    )


async def remember(folder: Path, operation: SubmitOperation) -> None:
    """Leave a submit as an earlier run would have."""
    journal = Journal(settings_in(folder).paths.state / "operations")
    await journal.ensure_loaded()
    await journal.save(operation)


def top_row(running: Stage) -> str:
    return running.line_of(running.app.deck.batches.table, 1)


async def test_what_may_have_been_submitted_is_a_row_of_its_own_after_a_restart(tmp_path: Path) -> None:
    await remember(tmp_path, an_operation(tmp_path / "a.jsonl"))
    async with stage(tmp_path, FakeService(a_batch("b"))) as running:
        await running.press("g")
        assert "nightly  maybe submitted" in top_row(running)
        assert "not found: s submit again · d dismiss" in top_row(running)
        assert running.app.deck.batches.table.row_ids[-1] == "b"
        assert "s Send" in running.said()
        assert "looks for it once more" in running.app.deck.inspect.facts.text


async def test_d_lets_it_go_after_a_yes_and_the_row_goes_too(tmp_path: Path) -> None:
    await remember(tmp_path, an_operation(tmp_path / "a.jsonl"))
    async with stage(tmp_path, FakeService(a_batch("b"))) as running:
        await running.press("g", "d")
        assert "Let nightly go?  its batch may exist" in running.said()
        await running.press("n")
        assert "maybe submitted" in top_row(running)
        await running.press("d", "y")
        assert running.app.deck.batches.table.row_ids == ("b",)
        assert "let go" in running.said()
        assert running.service.count("create_batch") == 0


async def test_its_input_is_read_from_the_file_it_was_made_of(tmp_path: Path) -> None:
    path = workspace(tmp_path, "a.jsonl", request(1), request(2))
    await remember(tmp_path, an_operation(path))
    async with stage(tmp_path, FakeService(a_batch("b"))) as running:
        await running.press("g", "3", "right_square_bracket")
        inspect = running.app.deck.inspect
        assert inspect.tab == "input"
        await running.until(lambda: '"r1"' in inspect.viewer.cursor_text)


async def test_a_filter_moves_the_cursor_from_it_to_what_was_looked_for(tmp_path: Path) -> None:
    await remember(tmp_path, an_operation(tmp_path / "a.jsonl"))
    async with stage(tmp_path, FakeService(a_batch("other"), a_batch("s5"))) as running:
        await running.press("g", "slash", *"name:s5", "enter", "x")
        assert "Cancel s5?" in running.said()
        await running.press("n", "g", "slash", *"nothing", "enter")
        assert running.app.deck.batches.pending_under_cursor is not None


async def test_s_sends_it_again_only_after_a_yes_and_the_row_becomes_the_batch(tmp_path: Path) -> None:
    await remember(tmp_path, an_operation(tmp_path / "a.jsonl"))
    async with stage(tmp_path, FakeService(a_batch("b"))) as running:
        await running.press("g", "s", "n")
        assert running.service.count("create_batch") == 0
        await running.press("s")
        assert "Submit nightly again?" in running.said()
        assert "paid twice" in running.said()
        await running.press("y")
        await running.until(lambda: running.service.count("create_batch") == 1)
        await running.until(lambda: not running.app.submits.pending)
        assert not any(row.startswith("submit:") for row in running.app.deck.batches.table.row_ids)


async def test_s_sorts_on_every_other_row_and_d_says_what_it_is_for(tmp_path: Path) -> None:
    await remember(tmp_path, an_operation(tmp_path / "a.jsonl"))
    async with stage(tmp_path, FakeService(a_batch("b"))) as running:
        await running.press("G")
        before = running.app.deck.batches.order
        await running.press("s")
        assert running.app.deck.batches.order != before
        await running.press("d")
        assert "such rows stand on top of Batches" in running.said()


async def test_read_only_shows_the_row_and_sends_nothing(tmp_path: Path) -> None:
    await remember(tmp_path, an_operation(tmp_path / "a.jsonl"))
    async with stage(tmp_path, FakeService(a_batch("b")), is_read_only=True) as running:
        await running.press("g", "s")
        assert not running.app.dock.is_asking
        assert "maybe submitted" in top_row(running)


async def test_an_upload_is_a_row_that_esc_stops_and_s_sends_after_all(tmp_path: Path) -> None:
    workspace(tmp_path, "good.jsonl", request(1))
    async with stage(tmp_path, FakeService(), session=IN_FILES) as running:
        gate = running.service.hold("upload_file")
        await running.press("n")
        await running.pilot.press("y")
        await running.until_seen(lambda: "good  uploading" in top_row(running))  # settling would wait for its end
        await running.press("escape")
        assert "Stopped the upload of good" in running.said()
        assert "not sent: s send · d dismiss" in top_row(running)
        gate.set()
        await running.press("2", "g", "s", "y")
        await running.until(lambda: running.service.count("create_batch") == 1)
        await running.until(lambda: not running.app.submits.pending)


async def test_what_could_not_be_sent_says_why_and_waits(tmp_path: Path) -> None:
    workspace(tmp_path, "good.jsonl", request(1))
    async with stage(tmp_path, FakeService(), session=IN_FILES) as running:
        running.service.fail_next("upload_file", unreachable(is_permanent=True))
        await running.press("n")
        await running.press("y")
        assert "not sent: s send · d dismiss  Cannot reach" in top_row(running)


def test_an_upload_tells_bytes_rate_and_the_time_left() -> None:
    operation = an_operation(Path("/x/a.jsonl"), SubmitStage.UPLOADING)
    pending = PendingSubmit(operation, Phase.UPLOADING, Progress(25_000_000, 100_000_000), 5_000_000.0)
    text = cell_text(pending_cells(pending, NOON)[1])
    assert text == "nightly  uploading ██░░░░░░ 25%  25 MB/100 MB  5.0 MB/s  eta 15s  esc stops"
    assert pending_cells(pending, NOON, is_ascii=True)[1][2].text == "##------"


async def test_an_upload_that_waits_for_the_service_says_so_and_esc_stops_it(tmp_path: Path) -> None:
    workspace(tmp_path, "good.jsonl", request(1))
    async with stage(tmp_path, FakeService(), session=IN_FILES) as running:
        running.service.is_hidden = True
        running.service.fail_next("upload_file", unreachable())
        await running.press("n")
        await running.pilot.press("y")
        while "good  upload waits  esc stops  Cannot reach" not in top_row(running):
            await running.pilot.pause()  # not ``until``: it would wait for the upload
        await running.press("escape")
        assert "not sent: s send · d dismiss" in top_row(running)


def test_inspect_tells_what_can_be_done_and_the_command_line_twin() -> None:
    lines = [cell_text(line) for line in pending_lines(PendingSubmit(an_operation(Path("/x/a b.jsonl"))), NOON)]
    assert any("batch-tui submit '/x/a b.jsonl'" in line for line in lines)
    assert any("file-1 (uploaded)" in line for line in lines)
