from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from batch_tui.domain.status import BatchStatus
from batch_tui.jsonl.results.joined import JoinedResults
from batch_tui.ui.controllers.outcomes import why_not_yet
from batch_tui.ui.panes.listing import answer_text
from batch_tui.ui.session import SessionState
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import FakeService, not_found
from tests.support.result_files import answer_line, request_line
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


async def test_the_answer_under_the_cursor_is_read_once_however_many_keys_ask_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    def counted(joined: JoinedResults, row: int) -> str:
        read.append(row)
        return answer_text(joined, row)

    monkeypatch.setattr("batch_tui.ui.panes.outcome_listing.answer_text", counted)
    async with stage(tmp_path, account(), session=SessionState(cursor="done")) as running:
        await running.press("4")
        await running.until(lambda: running.app.deck.results.joined is not None)
        await running.press("k", "k", "k")
        assert "answer 1" in running.app.deck.results.selection.text
        assert read.count(0) == 1
        await running.press("j")
        assert "answer 2" in running.app.deck.results.selection.text
        assert read.count(1) == 1


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


async def test_a_second_save_of_a_batch_is_told_that_the_first_is_under_way(tmp_path: Path) -> None:
    service = account()
    async with stage(tmp_path, service, session=SessionState(cursor="done")) as running:
        gate = service.hold("download_file")
        await running.pilot.press("D")
        while not service.count("download_file"):
            await running.pilot.pause()  # not ``settle``: it would wait for the download
        await running.pilot.press("D")
        while "is being saved already; esc stops it" not in running.said():
            await running.pilot.pause()
        gate.set()
        await running.until(lambda: "Saved done" in running.said())
        assert service.count("download_file") == 1


def test_a_refused_batch_sends_to_its_errors() -> None:
    assert "See Errors in ⟦inspect⟧ Inspect" in (why_not_yet(a_batch("r", BatchStatus.FAILED)) or "")
    assert why_not_yet(a_batch("r", BatchStatus.COMPLETED, output="file-o")) is None


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred requests are many."""
    monkeypatch.setattr("batch_tui.ui.controllers.outcomes.AT_ONCE", 100)


def a_long_one(count: int) -> FakeService:
    service = FakeService(a_batch("long", total=count))
    source = service.add_file(b"".join(request_line(f"r{n}") + b"\n" for n in range(count)), purpose="batch")
    ended = service.finish("long", output=b"".join(answer(n) for n in reversed(range(count))))
    service.put(replace(ended, input_file_id=source.id))
    return service


async def test_the_other_rows_of_results_elsewhere_follow_unasked(tmp_path: Path) -> None:
    async with stage(tmp_path, a_long_one(500)) as running:
        results = running.app.deck.results
        await running.press("4")
        await running.until(lambda: results.joined is not None and not results.is_partial)
        assert len(results.table.row_ids) == 500
        assert "500 ok" in running.line_of(results.title_bar)
        assert results.table.cursor_row == 0, "nobody moved it, though the first answer was the last request's"


@pytest.mark.usefixtures("large")
async def test_of_large_results_elsewhere_the_first_rows_are_shown_and_the_others_wait_to_be_asked_for(
    tmp_path: Path,
) -> None:
    service = a_long_one(500)
    async with stage(tmp_path, service) as running:
        results = running.app.deck.results
        await running.press("4")
        await running.until(lambda: results.joined is not None)
        assert service.count("download_file") == 0
        assert len(results.table.row_ids) == 200
        assert "first 200 of 500" in running.line_of(results.title_bar)
        assert "D fetches all" in running.line_of(results.title_bar)
        await running.press("j", "j")
        assert "r497" in running.line_of(results.table, 3)
        await running.press("D")
        await running.until(lambda: not results.is_partial)
        assert len(results.table.row_ids) == 500
        assert running.said().startswith("All results of long are here.")
        assert results.selection.custom_id == "r497"
        assert results.table.cursor_row == 497
        assert "500 ok" in running.line_of(results.title_bar)


async def test_the_errors_tab_fetches_everything(tmp_path: Path) -> None:
    service = a_long_one(300)
    async with stage(tmp_path, service) as running:
        await running.press("4")
        await running.until(lambda: running.app.deck.results.joined is not None)
        await running.press("3", "right_square_bracket", "right_square_bracket", "right_square_bracket")
        await running.until(lambda: "Every request has a good answer." in running.app.deck.inspect.facts.text)
        assert len(running.app.deck.results.table.row_ids) == 300


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("ending", ["elsewhere", "gone", "stopped"])
async def test_the_docked_line_tells_how_a_fetch_ended(tmp_path: Path, ending: str) -> None:
    """Never does "Fetching … 100 %" stay, wherever the user looks when the last byte has come."""
    service = a_long_one(300)
    service.put(a_batch("other", total=9, created=NOON - 600))
    async with stage(tmp_path, service, session=SessionState(cursor="long")) as running:
        await running.press("4")
        await running.until(lambda: running.app.deck.results.joined is not None)
        if ending == "gone":
            service.fail_next("download_file", not_found("file"))
        gate = service.hold("download_file")
        await running.pilot.press("D")
        await running.until_seen(lambda: running.said().startswith("Fetching the results of long"))
        if ending == "elsewhere":
            await running.pilot.press("2", "j")
            await running.until_seen(lambda: running.app.deck.inspect.subject == "other")
        elif ending == "stopped":
            await running.pilot.press("escape")
        gate.set()
        said = {"elsewhere": "All results of long are here.", "gone": "long: ", "stopped": "Stopped fetching"}
        await running.until(lambda: running.said().startswith(said[ending]))


async def test_a_service_that_gives_no_first_page_gives_the_whole(tmp_path: Path) -> None:
    service = a_long_one(300)
    service.fail_next("read_start", not_found("file"))
    async with stage(tmp_path, service) as running:
        await running.press("4")
        await running.until(lambda: len(running.app.deck.results.table.row_ids) == 300)


async def test_each_row_tells_its_cost_and_long_ids_keep_their_end(tmp_path: Path) -> None:
    service = FakeService(a_batch("b", total=1))
    name = "a-very-long-name-of-a-request-00017"
    service.finish("b", output=answer_line(name) + b"\n")
    for size in ((80, 24), (120, 36), (200, 50)):
        async with stage(tmp_path, service, size=size) as running:
            await running.app.cockpit.costs.warm()
            await running.press("4")
            await running.until(lambda: running.app.deck.results.joined is not None)
            row = running.line_of(running.app.deck.results.table, 1)
            assert "00017 ✓ ok" in row
            assert "<$0.0001 hi" in row


async def test_a_model_without_a_price_is_priced_as_the_batch_s(tmp_path: Path) -> None:
    service = FakeService(replace(a_batch("b", total=1), model="gpt-4o-mini"))
    service.finish("b", output=answer_line("r", model="our-own") + b"\n")
    async with stage(tmp_path, service) as running:
        await running.app.cockpit.costs.warm()
        await running.press("4")
        await running.until(lambda: running.app.deck.results.joined is not None)
        assert "<$0.0001 hi" in results_of(running)
